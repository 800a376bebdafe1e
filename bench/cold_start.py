"""How long each function takes to start: `python -m bench.cold_start`, into bench/COLD_START.md.

From starting the process to its first answer, in the environment of the image (`make image`) and
with the settings of the cloud; what stands for Google's services is on the same machine. Beside
them a function of functions-framework's that does nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from devservers.ports import free_port
from headrace.api.functions import FUNCTIONS
from tests.functions.cloud import Cloud, Request, running
from tests.functions.loading import Loaded, load
from tests.image.environment import ENVIRONMENT, PYTHON

HEAD = """# How long a function takes to start
Written by `make bench-cold-start`, not by hand. From starting the process to its first answer on {cores} cores, in the image's environment with all bytecode; medians of {rounds} rounds, in which all take turns. The first answer to a stranger is a refusal, for which nothing of Google's is loaded; the first answer to somebody who has signed in needs what the function is there for. Google's services are servers on the same machine, so what they take is missing here, as is what Cloud Run takes to start a container. "Bare" is a function of functions-framework's that answers "ok".

| function | to refuse, ms | × bare | to answer, ms | × bare | modules | of Google's libraries |
|---|---:|---:|---:|---:|---:|---|
"""  # noqa: E501 - a paragraph of Markdown is one line

BARE = "bare"
_BARE_SOURCE = "def bare(request):\n    return 'ok'\n"
_PATIENCE = 60
# A source's address is refused after all that comes before dialling.
_DONE = (200, 201, 202, 403)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.cold_start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--into", type=Path, default=Path("bench"))
    chosen = parser.parse_args()
    refusals: dict[str, list[float]] = {name: [] for name in (BARE, *FUNCTIONS)}
    answers: dict[str, list[float]] = {name: [] for name in (BARE, *FUNCTIONS)}
    loaded: dict[str, Loaded] = {}
    with tempfile.TemporaryDirectory() as directory:
        bare = Path(directory) / "main.py"
        bare.write_text(_BARE_SOURCE)
        for _ in range(chosen.rounds):
            with running() as cloud:  # anew: a run can be started once
                for name in (BARE, *FUNCTIONS):
                    source = bare if name == BARE else ENVIRONMENT / "functions" / name / "main.py"
                    request = None if name == BARE else cloud.request(name)
                    refusals[name].append(_first(name, source, cloud, None))
                    answers[name].append(_first(name, source, cloud, request))
                    print(f"{name:16} {refusals[name][-1]:6.0f} {answers[name][-1]:6.0f}")
        with running() as cloud:
            for name in FUNCTIONS:
                _, loaded[name] = load(cloud.variables, {name: cloud.request(name)}, PYTHON)
    usual = {name: (median(refusals[name]), median(answers[name])) for name in refusals}
    lines = [f"| {BARE} | | | {usual[BARE][1]:.0f} | 1.0 | | |"]
    for name, found in loaded.items():
        refusal, answer = usual[name]
        libraries = ", ".join(sorted(found.libraries)) or "none"
        lines.append(
            f"| `{name}` | {refusal:.0f} | {refusal / usual[BARE][1]:.1f} | {answer:.0f} |"
            f" {answer / usual[BARE][1]:.1f} | {len(found.modules):,} | {libraries} |"
        )
    head = HEAD.format(cores=os.cpu_count(), rounds=chosen.rounds)
    page = head + "\n".join(lines) + "\n"
    chosen.into.mkdir(parents=True, exist_ok=True)
    (chosen.into / "COLD_START.md").write_text(page)
    print(page)


def _first(name: str, source: Path, cloud: Cloud, request: Request | None) -> float:
    """Milliseconds until the request, or a stranger's, has its whole answer."""
    port = free_port()
    environment = {**cloud.variables, "FUNCTION_TARGET": name, "FUNCTION_SOURCE": str(source),
                   "HOST": "127.0.0.1", "PORT": str(port), "THREADS": "200",
                   "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    began = time.perf_counter()
    command = [ENVIRONMENT / "bin/functions-framework"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        status = _answered(port, request, lambda: process.poll() is None)
        took = (time.perf_counter() - began) * 1000
    finally:
        process.terminate()
        process.wait()
    expected = (200,) if name == BARE else (401,) if request is None else _DONE
    if status not in expected:
        raise SystemExit(f"{name} answered {status}")
    return took


def _answered(port: int, request: Request | None, alive: Callable[[], bool]) -> int:
    deadline = time.monotonic() + _PATIENCE
    method, path = (request.method, request.path) if request else ("POST", "/")
    headers: Mapping[str, str] = request.headers if request else {}
    while time.monotonic() < deadline and alive():
        connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
        try:
            connection.connect()
        except ConnectionError:
            time.sleep(0.002)
            continue
        connection.request(method, path, request.content if request else "{}", dict(headers))
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status
    raise SystemExit("the function did not start")


if __name__ == "__main__":
    main()
