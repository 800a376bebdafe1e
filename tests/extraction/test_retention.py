"""Runs that ended long ago go, with all that is kept of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from headrace import records
from headrace.documents import Document, Documents
from headrace.errors import HeadraceError
from headrace.extraction import lease, retention
from headrace.extraction.retention import MOST_RUNS, expired, prune
from headrace.extraction.start import start
from headrace.model import Run, RunState, now
from headrace.records import Runs, run_path
from headrace.services import Services
from headrace.settings import Settings
from tests.extraction.scheduled import Recorder, create

SOURCE = "models/m1/sources/s1"
S, F, C, R = RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.RUNNING
OLD, NEW = timedelta(days=91), timedelta(days=89)


def run(number: int, state: RunState, age: timedelta) -> Run:
    """One that ended so long ago, an hour after it was requested."""
    ended = now() - age
    return Run(
        model_id="m1",
        source_id="s1",
        run_id=f"00{number:04}",  # older than any id that is made
        state=state,
        requested_at=ended - timedelta(hours=1),
        finished_at=None if state.live else ended,
    )


def store(services: Services, *history: tuple[RunState, timedelta]) -> list[Run]:
    """Runs with a log and two chunks each, the oldest first."""
    return [add(services, run(number, state, age)) for number, (state, age) in enumerate(history)]


def add(services: Services, wanted: Run) -> Run:
    log(services, wanted.run_id).parent.mkdir(parents=True, exist_ok=True)
    log(services, wanted.run_id).write_text("a line\n")
    for number in range(2):
        path = f"{run_path('m1', 's1', wanted.run_id)}/chunks/{number:06}"
        services.documents.create(path, {"rows": 1})
    return Runs(services.documents).create(wanted)


def log(services: Services, run_id: str) -> Path:
    return services.settings.data / "logs" / f"{run_id}.log"


def left(services: Services) -> list[str]:
    """The runs of which anything is left, and all of it is."""
    documents = services.documents
    kept = [document.id for document in documents.list(f"{SOURCE}/runs", limit=99)]
    for number in range(99):
        run_id = f"00{number:04}"
        chunks = documents.list(f"{SOURCE}/runs/{run_id}/chunks", limit=9)
        whole = (run_id in kept, len(chunks) == 2, log(services, run_id).exists())
        assert set(whole) in ({True}, {False}), (run_id, whole)
    return kept


def kept_of(*history: tuple[RunState, timedelta]) -> list[int]:
    """The places of the runs that stay."""
    runs = [run(number, state, age) for number, (state, age) in enumerate(history)]
    gone = list(expired(runs, now() - timedelta(days=90)))
    return [place for place, one in enumerate(runs) if one not in gone]


@pytest.mark.parametrize(
    ("history", "kept"),
    [
        ([], []),
        ([(S, OLD)], [0]),
        ([(F, OLD)], [0]),
        ([(F, OLD), (F, OLD)], [1]),
        ([(S, OLD), (S, OLD)], [1]),
        ([(S, OLD), (S, OLD), (F, OLD)], [1, 2]),
        ([(S, OLD), (F, OLD), (C, OLD), (F, NEW)], [0, 3]),
        ([(S, OLD), (F, OLD), (S, NEW)], [2]),
        ([(S, OLD), (F, NEW), (S, NEW)], [1, 2]),
        ([(S, NEW), (S, NEW)], [0, 1]),
        ([(R, OLD), (F, OLD), (S, OLD), (R, NEW)], [0, 2, 3]),
        ([(F, NEW), (F, OLD), (F, NEW)], [0, 2]),  # it took days
    ],
)
def test_which_runs_stay(history: list[tuple[RunState, timedelta]], kept: list[int]) -> None:
    """The newest, the newest that succeeded, the live ones, and those that ended lately."""
    assert kept_of(*history) == kept


def test_a_run_goes_with_all_that_lies_under_it(services: Services) -> None:
    store(services, (S, OLD), (F, OLD), (S, OLD), (F, NEW))
    for name, run_id in (("a-key", "000000"), ("slot-1", "000001"), ("slot-2", "000002")):
        services.documents.create(f"{SOURCE}/starts/{name}", {"run_id": run_id})
    services.documents.create(f"{SOURCE}/runs/000000/chunks/1/deeper/1", {})

    prune(services, "m1", "s1")

    assert left(services) == ["000002", "000003"]
    assert [one.id for one in services.documents.list(f"{SOURCE}/starts", limit=9)] == ["slot-2"]
    assert services.documents.get(f"{SOURCE}/runs/000000/chunks/1/deeper/1") is None


def test_other_sources_are_left_alone(services: Services) -> None:
    store(services, (F, OLD), (F, OLD))

    for model_id, source_id in (("m1", "s"), ("m1", "s10"), ("m", "s1")):
        prune(services, model_id, source_id)

    assert left(services) == ["000000", "000001"]


def test_whoever_starts_a_run_removes_old_ones(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[str] = []
    launcher = Recorder()
    monkeypatch.setattr(launcher, "forget", lambda run: forgotten.append(run.run_id))
    monkeypatch.setattr(services, "launcher", launcher)
    create(services)
    store(services, (S, OLD), (S, NEW))

    started = start(services, "m1", "s1")

    runs = Runs(services.documents).list("m1", "s1", limit=9)
    assert [one.run_id for one in runs] == [started.run_id, "000001"]
    assert forgotten == ["000000"]


def test_a_key_starts_anew_when_its_run_is_gone(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "launcher", Recorder())
    create(services)
    first = start(services, "m1", "s1", "key")
    aged = {"state": F, "requested_at": now() - OLD, "finished_at": now() - OLD}
    Runs(services.documents).update(first, lambda stored: stored.model_copy(update=aged))
    lease.release(services.documents, first)
    Runs(services.documents).create(run(0, F, NEW).model_copy(update={"run_id": "z"}))
    assert start(services, "m1", "s1", "key").run_id == first.run_id

    prune(services, "m1", "s1")

    assert start(services, "m1", "s1", "key").run_id != first.run_id


def test_a_pass_is_bounded_and_the_next_goes_on(services: Services) -> None:
    store(services, *[(F, OLD)] * (MOST_RUNS + 10))

    prune(services, "m1", "s1")
    assert len(left(services)) == 11  # the last that it looked at stays, for it may be the last
    prune(services, "m1", "s1")
    assert left(services) == [f"00{MOST_RUNS + 9:04}"]


def test_runs_that_stay_hold_nothing_up(services: Services) -> None:
    """The last success, and what was recorded as live and never looked at again."""
    store(services, (R, OLD), (S, OLD), *[(F, OLD)] * MOST_RUNS, (F, NEW))

    for _ in range(3):
        prune(services, "m1", "s1")

    assert left(services) == ["000000", "000001", f"00{MOST_RUNS + 2:04}"]


def test_a_run_of_very_many_chunks_goes_in_steps(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MOST_DELETED", 2)
    store(services, (F, OLD), (F, OLD), (F, NEW))

    kept = []
    for _ in range(4):
        prune(services, "m1", "s1")
        kept.append(len(services.documents.list(f"{SOURCE}/runs", limit=9)))

    assert kept == [3, 2, 1, 1]
    assert left(services) == ["000002"]


class Read(list[str]):
    """A store of documents that notes what is read of another."""

    def __init__(self, documents: Documents) -> None:
        super().__init__()
        self._documents = documents

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)

    def list(self, collection: str, **options: Any) -> Sequence[Document]:
        found = self._documents.list(collection, **options)
        self.extend(document.path for document in found)
        return found


def test_where_nothing_is_old_one_document_is_read(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(services, *[(S, NEW)] * 50)
    read = Read(services.documents)
    monkeypatch.setattr(services, "documents", read)

    prune(services, "m1", "s1")

    assert list(read) == [f"{SOURCE}/runs/000000"]


@pytest.mark.parametrize(("days", "kept"), [(1, 1), (89, 1), (91, 2), (36_500, 2)])
def test_for_how_long_is_a_setting(settings: Settings, days: int, kept: int) -> None:
    services = Services(settings.model_copy(update={"runs_kept_days": days}))
    store(services, (F, timedelta(days=90)), (F, timedelta()))

    prune(services, "m1", "s1")

    assert len(left(services)) == kept
    services.close()


@pytest.mark.parametrize("days", ["0", "-1", "36501", "soon", "1.5"])
def test_a_setting_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, days: str) -> None:
    monkeypatch.setenv("HEADRACE_RUNS_KEPT_DAYS", days)

    with pytest.raises(HeadraceError) as caught:
        Settings.read()

    assert [field.path for field in caught.value.fields] == ["HEADRACE_RUNS_KEPT_DAYS"]


def test_two_at_once_do_no_harm(
    services: Services, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    store(services, *[(F, OLD)] * (MOST_RUNS - 1), (S, OLD), (F, NEW))
    others = [Services(settings) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(prune, others * 2, ["m1"] * 8, ["s1"] * 8))

    assert left(services) == [f"00{MOST_RUNS - 1:04}", f"00{MOST_RUNS:04}"]
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == []
    for opened in others:
        opened.close()


def test_what_is_broken_off_is_found_again(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it was killed: each of its writes is the last one, in turn."""
    store(services, (F, OLD), (F, NEW))
    services.documents.create(f"{SOURCE}/starts/key", {"run_id": "000000"})

    class KilledError(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise KilledError

    for port, step in (
        (services.launcher, "forget"),
        (services.documents, "delete"),
        (services.documents, "delete_under"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(port, step, killed)
            with pytest.raises(KilledError):
                prune(services, "m1", "s1")
        assert services.documents.get(f"{SOURCE}/runs/000000")

    prune(services, "m1", "s1")
    assert left(services) == ["000001"]
    assert services.documents.list(f"{SOURCE}/starts", limit=9) == []


@pytest.mark.parametrize("foreseen", [True, False])
def test_a_failure_is_logged_and_fails_no_run(
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    foreseen: bool,
) -> None:
    create(services)
    store(services, (F, OLD), (F, NEW))
    log(services, "000000").unlink()
    log(services, "000000").mkdir()  # can't be removed like a file
    forget = services.launcher.forget if foreseen else None
    recorder = Recorder()
    monkeypatch.setattr(recorder, "forget", forget)
    monkeypatch.setattr(services, "launcher", recorder)

    started = start(services, "m1", "s1")

    assert started.state is RunState.QUEUED
    assert Runs(services.documents).get("m1", "s1", "000000")
    (warned,) = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert ("log_unavailable" in warned.getMessage()) == foreseen
    assert (warned.levelno == logging.ERROR) == (not foreseen)


def test_a_source_is_erased_with_all_that_is_kept(services: Services) -> None:
    create(services)
    create(services, "s2")
    store(services, (S, OLD), (R, NEW))
    services.documents.create(f"{SOURCE}/starts/key", {"run_id": "000000"})
    resumable = add(services, run(2, F, NEW).model_copy(update={"resumable": True}))
    staging = services.destination.staging(resumable.run_id)
    services.destination.keep(resumable.run_id)

    retention.erase(services, "m1", "s1")

    assert left(services) == []
    assert not Path(staging.path).exists()
    assert services.documents.delete_under(SOURCE, limit=9) == 0
    assert services.documents.get(SOURCE) is None
    assert services.documents.get("models/m1/sources/s2")


def test_a_log_that_can_not_be_removed_leaves_the_documents(services: Services) -> None:
    create(services)
    store(services, (S, OLD))
    log(services, "000000").unlink()
    log(services, "000000").mkdir()

    with pytest.raises(HeadraceError) as caught:
        retention.erase(services, "m1", "s1")

    assert caught.value.code == "log_unavailable"
    log(services, "000000").rmdir()
    retention.erase(services, "m1", "s1")
    assert services.documents.get(SOURCE) is None


def test_the_moment_is_that_of_the_end(services: Services) -> None:
    before = datetime.fromisoformat("2026-05-05T09:00:00+00:00")
    one = run(0, F, OLD).model_copy(update={"requested_at": before - OLD, "finished_at": before})
    last = run(1, F, NEW)

    assert list(expired([one, last], before)) == []
    assert list(expired([one, last], before + timedelta(seconds=1))) == [one]
