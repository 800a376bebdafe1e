"""Every connection to a source is made in one place, which judges the address first."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import headrace
from headrace.launchers.process import ProcessLauncher
from headrace.model import RunState
from headrace.services import Services
from headrace.settings import Settings
from tests.conftest import Database, MariadbDatabase
from tests.extraction.scene import Scene

SOURCE = Path(headrace.__file__).parent

AUDITED = (sys.executable, "-m", "tests.diagnosis.audited")

DIAL = "headrace.diagnosis.dial"
RESOLVE = "headrace.diagnosis.resolve"

# What makes a connection or looks a name up, and the modules that may. Others import no more of
# these libraries than what works upon a socket that is there already.
_CALLS = {
    "socket.socket": {"diagnosis/dial.py", "diagnosis/deadline.py"},  # the latter: a copy
    "socket.create_connection": set[str](),
    "socket.getaddrinfo": {"diagnosis/resolve.py"},
    "socket.gethostbyname": set[str](),
}
_LIBRARIES = {"http", "urllib.request", "requests", "httpx", "aiohttp", "asyncio", "telnetlib"}
# BigQuery is at an address of Google's that nobody can choose.
_ASKS_GOOGLE = "sources/bigquery/"


def test_no_other_module_makes_a_socket_or_looks_a_name_up() -> None:
    made: dict[str, set[str]] = {call: set() for call in _CALLS}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in made:
                made[called].add(str(path.relative_to(SOURCE)))
            # By another name they would not be found above.
            if isinstance(node, ast.ImportFrom):
                assert node.module != "socket", path
    assert made == _CALLS


def test_the_sources_import_nothing_that_connects_by_itself() -> None:
    for part in ("sources", "diagnosis", "extraction"):
        for path in (SOURCE / part).rglob("*.py"):
            imported = {
                name
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Import | ast.ImportFrom)
                for name in (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                )
            }
            if not str(path.relative_to(SOURCE)).startswith(_ASKS_GOOGLE):
                assert not imported & _LIBRARIES, path


def dials(tmp_path: Path, *arguments: str) -> Counter[tuple[str, str]]:
    """Who in the process of a command connected or looked up, and how often."""
    done = subprocess.run(
        [*AUDITED, "headrace.cli", *arguments],
        env={**os.environ, "HEADRACE_DATA": str(tmp_path)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return audited(done.stderr)


def audited(text: str) -> Counter[tuple[str, str]]:
    lines = [line.split() for line in text.splitlines() if line.startswith("audited ")]
    return Counter((event, asker) for _, event, asker in lines)


def test_what_a_command_connects_to_was_judged(
    database: Database, mariadb_database: MariadbDatabase, tmp_path: Path
) -> None:
    database.execute("CREATE TABLE a (x int); INSERT INTO a VALUES (1)")
    mariadb_database.execute("CREATE TABLE a (x int); INSERT INTO a VALUES (1)")
    for url, table in (
        (database.url, "public.a"),
        (mariadb_database.url, f"{mariadb_database.name}.a"),
    ):
        by_name = url.replace("@127.0.0.1:", "@localhost:")
        assert by_name != url
        to = f"duckdb://{tmp_path / 'warehouse.duckdb'}"
        for command in (
            ["test", by_name],
            ["tables", by_name],
            ["extract", by_name, table, "--to", to],
        ):
            made = dials(tmp_path, *command)
            assert made[("socket.connect", DIAL)] >= 1
            assert {asker for _, asker in made} <= {DIAL, RESOLVE}, command
            assert made[("socket.getaddrinfo", RESOLVE)] == 1  # looked up once


def test_what_the_job_connects_to_was_judged(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    database.execute("CREATE TABLE a (x int); INSERT INTO a VALUES (1)")
    services = Services(settings)
    command = [*AUDITED, "headrace.extraction.job"]
    services.launcher = ProcessLauncher(tmp_path, command, settings.environment())
    scene = Scene.of(services, database, "a")
    try:
        run = scene.wait(scene.start())
    finally:
        services.close()
    assert run.state is RunState.SUCCEEDED, run
    made = audited((tmp_path / f"{run.run_id}.log").read_text(encoding="utf-8"))
    assert {asker for _, asker in made} == {DIAL}
    assert made[("socket.connect", DIAL)] >= 1
