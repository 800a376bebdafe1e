"""The heartbeat of a machine of one's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from headrace.errors import DOCUMENTS_UNAVAILABLE, HeadraceError
from headrace.extraction import dispatch_loop
from headrace.extraction.dispatch import outcomes
from headrace.extraction.dispatch_loop import DispatchLoop
from headrace.records import Runs, Sources
from headrace.services import Services
from tests.extraction.scheduled import Recorder, at, create


@contextmanager
def looping(services: Services, seconds: float) -> Iterator[DispatchLoop]:
    loop = DispatchLoop(services, seconds=seconds)
    loop.start()
    try:
        yield loop
    finally:
        loop.end()


class Watched(Recorder):
    """Says when something was launched."""

    def __init__(self) -> None:
        super().__init__()
        self.was_launched = threading.Event()

    def launch(self, run: object) -> str:
        self.was_launched.set()
        return super().launch(run)  # type: ignore[arg-type]


@pytest.fixture
def launcher(services: Services, monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched = Watched()
    monkeypatch.setattr(services, "launcher", watched)
    return watched


def test_it_begins_at_once_and_ends_when_told(services: Services, launcher: Watched) -> None:
    """After months in which nobody dispatched, too."""
    create(services)

    with looping(services, 3600) as loop:
        assert launcher.was_launched.wait(60)
        loop.end()
        loop.end()

    (run,) = Runs(services.documents).list("m1", "s1", limit=9)
    assert run.slot == at("09:00")
    next_run_at = Sources(services.documents).get("m1", "s1").next_run_at
    assert next_run_at is not None
    assert next_run_at > run.requested_at


@pytest.mark.parametrize(
    "error", [HeadraceError(DOCUMENTS_UNAVAILABLE, "The disk is away."), ZeroDivisionError()]
)
def test_a_pass_that_fails_is_logged_and_not_the_last(
    services: Services,
    launcher: Watched,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    create(services)
    errors = [error]

    def failing_once(services: Services, now: datetime) -> object:
        if errors:
            raise errors.pop()
        return outcomes(services, now)

    monkeypatch.setattr(dispatch_loop, "outcomes", failing_once)
    with looping(services, 0.01):
        assert launcher.was_launched.wait(60)

    logged = [record for record in caplog.records if record.name == dispatch_loop.__name__]
    assert [record.levelname for record in logged] == ["ERROR"]


def test_it_ends_between_two_sources(
    services: Services, launcher: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        create(services, f"s{number}")
    held = threading.Event()
    launch = launcher.launch

    def slowly(run: object) -> str:
        name = launch(run)
        held.wait(60)
        return name

    monkeypatch.setattr(launcher, "launch", slowly)
    loop = DispatchLoop(services, seconds=3600)
    loop.start()
    assert launcher.was_launched.wait(60)
    threading.Timer(0.2, held.set).start()
    loop.end()

    assert len(launcher.launched) == 1
