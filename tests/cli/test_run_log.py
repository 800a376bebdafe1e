"""`headrace runs log`: what a run's job has logged."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from headrace.cli.log_lines import show_line
from headrace.model import Run, RunState, now
from headrace.records import Runs
from headrace.run_log import LogLine, Severity
from headrace.services import Services
from headrace.settings import Settings
from tests.cli.conftest import HEADRACE, Headrace

AT = datetime(2026, 5, 5, 9, 0, 0, tzinfo=UTC)
WHEN = f"{AT.astimezone():%Y-%m-%d %H:%M:%S}"
RUN = ("m1", "s1", "r1")
LINES = (
    {"time": AT.isoformat(), "severity": "INFO", "message": "begun"},
    {
        "time": AT.isoformat(),
        "severity": "WARNING",
        "message": "slow\x1b[2J",
        "table": "public.orders",
        "chunk": "000003",
    },
    {"severity": "ERROR", "message": "over", "exception": "Traceback\n  boom"},
)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    opened = Services(Settings.read(data=tmp_path / "data"))
    yield opened
    opened.close()


@pytest.fixture
def run(services: Services) -> Run:
    """One that has ended, without a log so far."""
    moment = now()
    return Runs(services.documents).create(
        Run(
            model_id="m1",
            source_id="s1",
            run_id="r1",
            state=RunState.FAILED,
            requested_at=moment,
            finished_at=moment,
        )
    )


@pytest.fixture
def log(services: Services, run: Run) -> Path:
    path = services.settings.data / "logs" / f"{run.run_id}.log"
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in LINES) + "Killed\n")
    return path


def test_a_program_gets_fields_with_tabs_between(headrace: Headrace, log: Path) -> None:
    done = headrace("runs", "log", *RUN)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{WHEN}\tINFO\t\t\tbegun",
        f"{WHEN}\tWARNING\tpublic.orders\t000003\tslow\\x1b[2J",
        "\tERROR\t\t\tover",
        "    Traceback",
        "      boom",
        "\tDEFAULT\t\t\tKilled",
    ]


def test_json_is_an_object_a_line(headrace: Headrace, log: Path) -> None:
    lines = [json.loads(one) for one in headrace("runs", "log", *RUN, "--json").stdout.splitlines()]

    assert [line["message"] for line in lines] == ["begun", "slow\x1b[2J", "over", "Killed"]
    assert (lines[1]["table"], lines[1]["chunk"]) == ("public.orders", "000003")


def test_some_lines_alone(headrace: Headrace, log: Path) -> None:
    def messages(*options: str) -> list[str]:
        done = headrace("runs", "log", *RUN, "--json", *options)
        return [json.loads(one)["message"] for one in done.stdout.splitlines()]

    assert messages("--level", "error") == ["over", "Killed"]
    assert messages("--level", "WARNING", "--search", "ORDERS") == ["slow\x1b[2J"]
    assert messages("--search", "nothing") == []
    assert headrace("runs", "log", *RUN, "--level", "loud").returncode == 2


def test_a_long_log_is_shown_whole(headrace: Headrace, log: Path) -> None:
    log.write_text("".join(f"line {number}\n" for number in range(2500)))

    shown = headrace("runs", "log", *RUN).stdout.splitlines()
    assert shown == [f"\tDEFAULT\t\t\tline {number}" for number in range(2500)]


def test_a_log_that_is_not_there_says_why(headrace: Headrace, run: Run) -> None:
    done = headrace("runs", "log", *RUN)

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("There is no log of run 'r1' in ")


def test_a_log_is_followed_until_the_job_has_ended(
    services: Services, run: Run, environment: dict[str, str]
) -> None:
    """The job, here a process that waits, and its log begin later."""
    runs = Runs(services.documents)
    runs.update(run, lambda stored: stored.model_copy(update={"state": RunState.QUEUED}))
    follow = [str(HEADRACE), "runs", "log", *RUN, "--follow"]
    with (
        subprocess.Popen(["sleep", "600"]) as job,
        subprocess.Popen(
            follow, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as shown,
    ):
        assert shown.stdout is not None
        assert shown.stderr is not None
        assert shown.stderr.readline() == "The job of run 'r1' has not been started yet.\n"

        services.launcher.launch(run.model_copy(update={"run_id": "other"}))  # makes the directory
        log = services.settings.data / "logs" / "r1.log"
        log.write_text("first\n")
        execution = f"{job.pid}:{psutil.Process(job.pid).create_time()}"
        update = {"state": RunState.RUNNING, "execution": execution}
        runs.update(run, lambda stored: stored.model_copy(update=update))
        assert shown.stdout.readline() == "\tDEFAULT\t\t\tfirst\n"

        with log.open("a") as file:
            file.write("second\nthi")
        assert shown.stdout.readline() == "\tDEFAULT\t\t\tsecond\n"

        runs.update(run, lambda stored: stored.model_copy(update={"state": RunState.SUCCEEDED}))
        with log.open("a") as file:
            file.write("rd\n")
        assert shown.stdout.readline() == "\tDEFAULT\t\t\tthird\n"
        assert shown.poll() is None
        job.kill()
        assert shown.communicate() == ("", "")
        assert shown.returncode == 0


def shown(line: LogLine, *, colours: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        file=file,
        force_terminal=True,
        color_system="standard" if colours else None,
        width=40,
    )
    show_line(console, line)
    return file.getvalue()


def test_a_terminal_shows_table_and_chunk_and_wraps_nothing() -> None:
    line = LogLine(
        time=AT,
        severity=Severity.WARNING,
        message="this [bold]is[/] long, longer than the terminal is wide",
        table="public.orders",
        chunk="000003",
        exception="Traceback\n  boom\x1b",
    )

    assert shown(line).splitlines() == [
        f"{WHEN} WARNING   public.orders chunk 000003: {line.message}",
        "    Traceback",
        "      boom\\x1b",
    ]
    assert "public.orders: this" in shown(line.model_copy(update={"chunk": None}))


@pytest.mark.parametrize(
    ("severity", "colour"),
    [
        (Severity.DEBUG, "\x1b[2m"),
        (Severity.INFO, ""),
        (Severity.WARNING, "\x1b[33m"),
        (Severity.ERROR, "\x1b[31m"),
        (Severity.CRITICAL, "\x1b[1;31m"),
    ],
)
def test_a_terminal_shows_the_severity_by_colour(severity: Severity, colour: str) -> None:
    text = shown(LogLine(time=AT, severity=severity, message="said"), colours=True)

    end = "\x1b[0m" if colour else ""
    coloured = f"{colour}{severity:<10}{end}{colour}said{end}"
    assert text == f"\x1b[2m{WHEN} \x1b[0m{coloured}\n"
