"""Every command that the documents show is run, with names of a real server put in."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import HEADRACE
from tests.conftest import Database

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
EXAMPLE = "postgresql://reader@db.example.com/shop"


def shown_commands() -> list[str]:
    blocks = [block for path in DOCUMENTS for block in CONSOLE.findall(path.read_text())]
    lines = [line for block in blocks for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


COMMANDS = shown_commands()
MAKE = [command for command in COMMANDS if command.startswith("make ")]
HEADRACE_COMMANDS = [command for command in COMMANDS if command.startswith("headrace ")]


def test_nothing_is_left_out() -> None:
    assert "make demo" in MAKE
    assert "make test" in MAKE
    assert len(HEADRACE_COMMANDS) >= 5
    others = set(COMMANDS) - set(MAKE) - set(HEADRACE_COMMANDS)
    assert others == {"export PGPASSWORD=…"}


@pytest.mark.parametrize("command", MAKE)
def test_target_exists_and_is_in_help(command: str) -> None:
    # The tests and the checks can't run themselves; the demonstration has a test of its own.
    target = command.split()[1]
    subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)
    listed = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert f"make {target} " in listed.stdout


@pytest.mark.parametrize("command", HEADRACE_COMMANDS)
def test_command_works(
    command: str, environment: dict[str, str], database: Database, tmp_path: Path
) -> None:
    database.execute(
        "CREATE TABLE orders (id int PRIMARY KEY, updated_at timestamptz DEFAULT '2026-01-01');"
        "INSERT INTO orders VALUES (1), (2)"
    )
    url = database.url.replace(f":{database.server.password}@", "@")
    command = command.replace(EXAMPLE, url).replace("/tmp/", f"{tmp_path}/")
    command = command.replace("--port 8080", "--port 0")
    process = subprocess.Popen(
        [HEADRACE, *shlex.split(command)[1:]],
        env={**environment, "PGPASSWORD": database.server.password},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if " serve " in command:
        assert process.stdout is not None
        assert "http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output


def test_settings_that_the_documents_name_exist() -> None:
    from headrace.settings import Settings

    variable = re.compile(r"\b(?:HEADRACE|CLOUD_RUN)_[A-Z_]+")
    named = {n for path in DOCUMENTS for n in variable.findall(path.read_text())}
    known = {
        field.validation_alias or f"HEADRACE_{name.upper()}"
        for name, field in Settings.model_fields.items()
    }
    assert named == known
    assert not known & os.environ.keys()


def test_links_lead_somewhere() -> None:
    for path in DOCUMENTS:
        for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert (path.parent / link).exists(), f"{path.name} links to {link}"
