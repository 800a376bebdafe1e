"""Serves each function as the image does and starts the job: `python image/try.py`, in the image.

It needs no cloud: a function that is up refuses a stranger, and a job without documents says so.
Fails if anything else happens. The tests run it in the environment that image/build.sh makes, and
cloudbuild.yaml in the image.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from socket import create_server

ENVIRONMENT = Path(sys.prefix)
SETTINGS = {
    "HEADRACE_SIGN_IN": "google://1-nobody.apps.googleusercontent.com",
    "HEADRACE_DOCUMENTS": "nowhere://",
}
PATIENCE = 60


def main() -> int:
    environment = {**os.environ, **SETTINGS, "PATH": f"{ENVIRONMENT / 'bin'}:{os.environ['PATH']}"}
    names = sorted(path.parent.name for path in (ENVIRONMENT / "functions").glob("*/main.py"))
    failures = [*_functions(names, environment), *_job(environment)]
    print("\n".join(failures) or f"{len(names)} functions answer, and the job starts.")
    return 1 if failures else 0


def _functions(names: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """What is wrong with the functions, which all run at once."""
    served = {}
    for name in names:
        with create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        own = {"FUNCTION_TARGET": name, "HOST": "127.0.0.1", "PORT": str(port)}
        served[name] = port, subprocess.Popen(["serve"], env={**environment, **own})
    try:
        answers = {name: _answer(port, process) for name, (port, process) in served.items()}
    finally:
        for _, process in served.values():
            process.terminate()
        for _, process in served.values():
            process.wait(PATIENCE)
    wrong = {name: answer for name, answer in answers.items() if answer != "401 not_signed_in"}
    return [f"{name} answers a stranger with {answer}" for name, answer in wrong.items()]


def _answer(port: int, process: subprocess.Popen[bytes]) -> str:
    """Status and code of the first answer to a stranger."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("POST", "/", "{}", {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return f"{answer.status} {json.load(answer)['code']}"
        except ConnectionError:
            time.sleep(0.05)
        finally:
            connection.close()
    return f"nothing, and ended with {process.poll()}"


def _job(environment: Mapping[str, str]) -> list[str]:
    """What is wrong with the job."""
    command = ["python", "-m", "headrace.extraction.job", "model", "source", "run"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    if done.returncode == 1 and '"settings_invalid: ' in done.stderr:
        return []
    return [f"the job ended with {done.returncode}: {done.stdout}{done.stderr}"]


if __name__ == "__main__":
    sys.exit(main())
