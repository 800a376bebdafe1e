"""The heartbeat never stops without a word."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from headrace.documents import Document
from headrace.errors import INTERNAL_ERROR
from headrace.extraction import heartbeat, lease
from headrace.extraction.heartbeat import Heartbeat, Stop
from headrace.ids import new_id
from headrace.model import Run, now
from headrace.records import Runs
from headrace.services import Services


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_what_nobody_foresaw_ends_the_run(
    services: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(heartbeat, "_SECONDS", 0.02)
    run = Run(model_id="m1", source_id="s1", run_id=new_id(), requested_at=now())
    run = Runs(services.documents).create(run)
    lease.acquire(services.documents, run)
    beating = Heartbeat(services.documents, run)
    beating.check()

    def fail(path: str) -> Document:
        raise ZeroDivisionError

    try:
        with pytest.raises(Stop) as stopped, monkeypatch.context() as broken:
            broken.setattr(services.documents, "get", fail)
            beating.start()
            time.sleep(60)
    finally:
        beating.end()

    assert stopped.value.error.kind is INTERNAL_ERROR
    assert "ZeroDivisionError" in caplog.text
