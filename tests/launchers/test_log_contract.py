"""What every launcher must tell of the logs of its jobs."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from headrace.errors import INVALID_INPUT, HeadraceError
from headrace.model import Run, RunState, now
from headrace.run_log import LogPage, LogQuery, Severity
from tests.launchers.conftest import Stage, run, wait_until


def line(severity: str, message: str, at: datetime | None = None, **fields: object) -> str:
    time = (at or now()).isoformat(timespec="milliseconds")
    return json.dumps(
        {"time": time, "severity": severity, "message": message, **fields}
    )  # as logs.py writes it


CRASH = "Fatal Python error: Segmentation fault"


def lines(at: datetime) -> tuple[str, ...]:
    return (
        line("INFO", "begun", at, logger="headrace"),
        line("WARNING", "slow", at, table="public.orders", chunk="000003"),
        line("ERROR", "over", at, exception="Traceback\n  BOOM", logger="headrace"),
        CRASH,
    )


class Job:
    """One that has printed the lines above, and what is read of them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.run = run()
        execution = stage.launch(self.run)
        self.run = self.run.model_copy(update={"execution": execution, "state": RunState.RUNNING})
        at = now()
        self.at = at.replace(microsecond=at.microsecond // 1000 * 1000)  # as fine as logs.py's
        stage.say("".join(f"{one}\n" for one in lines(self.at)))

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
    begun, slow, over, crash = job.read().lines

    assert (begun.time, begun.severity, begun.message) == (job.at, Severity.INFO, "begun")
    assert (begun.table, begun.chunk, begun.fields) == (None, None, {"logger": "headrace"})
    assert (slow.table, slow.chunk, slow.fields) == ("public.orders", "000003", {})
    assert crash.model_dump(exclude_defaults=True) == {"message": CRASH}
    assert crash.severity is Severity.DEFAULT
    assert over.exception == "Traceback\n  BOOM"


def test_the_least_severity(job: Job) -> None:
    """What a crash printed has none, and is never left out."""
    assert job.messages(level=Severity.WARNING) == ["slow", "over", CRASH]
    assert job.messages(level="error") == ["over", CRASH]
    assert job.messages(level=Severity.EMERGENCY) == [CRASH]


@pytest.mark.parametrize(
    ("sought", "messages"),
    [
        ("SLOW", ["slow"]),
        ("Orders", ["slow"]),
        ("boom", ["over"]),
        ("segmentation", [CRASH]),
        ("HEADRACE", ["begun", "over"]),
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
    launched = queued.model_copy(update={"execution": stage.launch(queued)})
    stage.say("here\n")

    page = stage.launcher.read_log(launched, LogQuery(after=empty.next_after))
    assert [line.message for line in page.lines] == ["here"]


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "²", "9" * 30])
def test_a_place_that_is_none_is_refused(job: Job, after: str) -> None:
    with pytest.raises(HeadraceError) as caught:
        job.read(after=after)

    assert caught.value.kind is INVALID_INPUT
    assert [field.path for field in caught.value.fields] == ["after"]


def _launched_and_stopped(stage: Stage) -> Run:
    """A run whose job has printed a line."""
    launched = run()
    execution = stage.launch(launched)
    stage.say("here\n")
    stage.launcher.stop(execution)
    wait_until(lambda: not stage.launcher.alive(execution))
    return launched.model_copy(update={"execution": execution, "state": RunState.FAILED})


def test_what_is_forgotten_is_gone(stage: Stage) -> None:
    """Or as it was, where logs are kept for a time of their own."""
    forgotten, kept = (_launched_and_stopped(stage) for _ in range(2))

    def absent(one: Run) -> bool:
        return stage.launcher.read_log(one, LogQuery()).absent is not None

    assert not absent(forgotten)
    stage.launcher.forget(forgotten)
    stage.launcher.forget(forgotten)
    assert absent(forgotten) is stage.forgets
    assert not absent(kept)


def test_forgetting_what_never_was_is_no_error(stage: Stage) -> None:
    stage.launcher.forget(run())
