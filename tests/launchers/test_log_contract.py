"""What every launcher must tell of the logs of its jobs."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from headrace.errors import INVALID_INPUT, HeadraceError
from headrace.model import Run, RunState
from headrace.run_log import LogPage, LogQuery, Severity
from tests.launchers.conftest import Stage, run

AT = datetime(2026, 5, 5, 9, 0, 0, 120_000, tzinfo=UTC)


def line(severity: str, message: str, **fields: object) -> str:
    return json.dumps(
        {"time": AT.isoformat(), "severity": severity, "message": message, **fields}
    )  # as logs.py writes it


LINES = (
    line("INFO", "begun", logger="headrace"),
    line("WARNING", "slow", table="public.orders", chunk="000003"),
    "Fatal Python error: Segmentation fault",
    line("ERROR", "over", exception="Traceback\n  BOOM"),
)


class Job:
    """One that has printed the lines above, and what is read of them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.run = run()
        execution = stage.launch(self.run)
        self.run = self.run.model_copy(update={"execution": execution, "state": RunState.RUNNING})
        stage.say("".join(f"{one}\n" for one in LINES))

    def read(self, **wanted: object) -> LogPage:
        return self.stage.launcher.read_log(self.run, LogQuery.model_validate(wanted))

    def messages(self, **wanted: object) -> list[str]:
        return [line.message for line in self.read(**wanted).lines]

    def end(self) -> None:
        self.stage.end()
        self.run = self.run.model_copy(update={"state": RunState.SUCCEEDED})


@pytest.fixture
def job(stage: Stage) -> Job:
    return Job(stage)


def test_what_a_job_has_logged_is_read(job: Job) -> None:
    begun, slow, crash, over = job.read().lines

    assert (begun.time, begun.severity, begun.message) == (AT, Severity.INFO, "begun")
    assert (begun.table, begun.chunk, begun.fields) == (None, None, {"logger": "headrace"})
    assert (slow.table, slow.chunk, slow.fields) == ("public.orders", "000003", {})
    assert crash.model_dump(exclude_defaults=True) == {"message": LINES[2]}
    assert crash.severity is Severity.DEFAULT
    assert over.exception == "Traceback\n  BOOM"


def test_the_least_severity(job: Job) -> None:
    """What a crash printed has none, and is never left out."""
    assert job.messages(level=Severity.WARNING) == ["slow", LINES[2], "over"]
    assert job.messages(level="error") == [LINES[2], "over"]
    assert job.messages(level=Severity.EMERGENCY) == [LINES[2]]


@pytest.mark.parametrize(
    ("sought", "messages"),
    [
        ("SLOW", ["slow"]),
        ("Orders", ["slow"]),
        ("boom", ["over"]),
        ("segmentation", [LINES[2]]),
        ("HEADRACE", ["begun"]),
        ("severity", []),
        ("nothing", []),
    ],
)
def test_what_is_searched_for(job: Job, sought: str, messages: list[str]) -> None:
    assert job.messages(search=sought) == messages
    assert job.messages(search=sought, level="error") == [
        m for m in messages if m in job.messages(level="error")
    ]


def test_a_log_is_read_in_pages(job: Job) -> None:
    job.end()
    pages = [job.read(limit=1)]
    while pages[-1].next_after is not None:
        pages.append(job.read(limit=1, after=pages[-1].next_after))

    assert tuple(line for page in pages for line in page.lines) == job.read().lines
    assert all(len(page.lines) <= 1 for page in pages)
    assert all(page.more for page in pages[:-1])


def test_a_log_that_grows_is_followed(job: Job) -> None:
    """A line comes when it is whole."""
    so_far = job.read()
    assert so_far.next_after is not None
    assert not so_far.more

    job.stage.say(line("INFO", "whole") + "\nbegun and not")
    grown = job.read(after=so_far.next_after)
    assert [line.message for line in grown.lines] == ["whole"]
    assert grown.next_after is not None

    job.stage.say(" ended\nnever ended")
    rest = job.read(after=grown.next_after)
    assert [line.message for line in rest.lines] == ["begun and not ended"]

    job.end()
    last = job.read(after=rest.next_after)
    assert [line.message for line in last.lines] == ["never ended"]
    assert (last.next_after, last.more) == (None, False)


def test_a_job_goes_on_logging_when_its_run_is_recorded_as_ended(job: Job) -> None:
    job.run = job.run.model_copy(update={"state": RunState.SUCCEEDED})

    assert job.read().next_after is not None
    job.stage.end()
    assert job.read().next_after is None


def test_without_a_log_it_is_told_why(stage: Stage) -> None:
    queued = run()
    launched = queued.model_copy(update={"execution": "1:0"})
    ended = launched.model_copy(update={"state": RunState.FAILED})

    page = stage.launcher.read_log(queued, LogQuery())
    assert page.absent == f"The job of run '{queued.run_id}' has not been started yet."
    assert page.next_after is not None
    for one in (launched, ended):
        page = stage.launcher.read_log(one, LogQuery())
        assert page.lines == ()
        assert f"no log of run '{queued.run_id}'" in (page.absent or "")
        assert (page.next_after is None) == (one is ended)


def test_a_log_may_begin_later(stage: Stage) -> None:
    """Where one was told to go on while there was none, all of it follows."""
    queued = run()
    empty = stage.launcher.read_log(queued, LogQuery())
    stage.launch(queued)
    stage.say("here\n")

    page = stage.launcher.read_log(queued, LogQuery(after=empty.next_after))
    assert [line.message for line in page.lines] == ["here"]


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "²", "9" * 30])
def test_a_place_that_is_none_is_refused(job: Job, after: str) -> None:
    with pytest.raises(HeadraceError) as caught:
        job.read(after=after)

    assert caught.value.kind is INVALID_INPUT
    assert [field.path for field in caught.value.fields] == ["after"]


def test_what_is_forgotten_is_gone(stage: Stage) -> None:
    forgotten, kept = run(), run()
    for one in (forgotten, kept):
        stage.launch(one)
    stage.end()

    def absent(one: Run) -> bool:
        return stage.launcher.read_log(one, LogQuery()).absent is not None

    assert not absent(forgotten)
    stage.launcher.forget(forgotten)
    stage.launcher.forget(forgotten)
    assert absent(forgotten)
    assert not absent(kept)


def test_forgetting_what_never_was_is_no_error(stage: Stage) -> None:
    stage.launcher.forget(run())
