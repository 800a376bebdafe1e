"""Starting runs: one at a time, and once a key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from headrace.api.sources import SourceRef, delete_source
from headrace.documents import Documents
from headrace.errors import (
    LAUNCH_FAILED,
    LEASE_LOST,
    RUN_ALREADY_LIVE,
    SOURCE_NOT_FOUND,
    SOURCE_STATE_WRONG,
    HeadraceError,
)
from headrace.extraction import lease
from headrace.extraction.start import start
from headrace.ids import new_id
from headrace.model import Run, RunState, SourceState
from headrace.records import Runs, Sources
from headrace.services import Services
from tests.extraction.scene import Scene


@pytest.fixture
def launches(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Nothing is started: the launches that were asked for."""
    asked: list[Run] = []

    class Recorder:
        def launch(self, run: Run) -> str:
            asked.append(run)
            return run.run_id

        def current(self) -> str | None:
            return None

        def alive(self, execution: str) -> bool:
            return True

        def stop(self, execution: str) -> None:
            pass

        def forget(self, run: Run) -> None:
            pass

    monkeypatch.setattr(scene.services, "launcher", Recorder())
    return asked


def at_once(scene: Scene, key: str | None) -> list[Run | HeadraceError]:
    def attempt(_: int) -> Run | HeadraceError:
        try:
            return scene.start(key)
        except HeadraceError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(attempt, range(8)))


def test_two_starts_at_once(scene: Scene, launches: list[Run]) -> None:
    outcomes = at_once(scene, None)

    (started,) = [outcome for outcome in outcomes if isinstance(outcome, Run)]
    refusals = [outcome for outcome in outcomes if isinstance(outcome, HeadraceError)]
    assert {refusal.kind for refusal in refusals} == {RUN_ALREADY_LIVE}
    assert all(started.run_id in refusal.detail for refusal in refusals)
    assert [run.run_id for run in launches] == [started.run_id]


def test_one_key_at_once(scene: Scene, launches: list[Run]) -> None:
    outcomes = at_once(scene, "key")

    assert {outcome.run_id for outcome in outcomes if isinstance(outcome, Run)} == {
        launches[0].run_id
    }
    assert len(outcomes) == 8
    assert len(launches) == 1


def test_a_key_gives_the_same_run_for_ever(scene: Scene) -> None:
    run = scene.wait(scene.start("key"))
    assert run.state is RunState.SUCCEEDED

    assert scene.start("key") == run
    assert scene.wait(scene.start("other key")).run_id != run.run_id


def test_a_draft_is_not_run(scene: Scene) -> None:
    Sources(scene.services.documents).replace(
        scene.source.model_copy(update={"state": SourceState.DRAFT})
    )
    with pytest.raises(HeadraceError) as raised:
        scene.start()
    assert raised.value.kind is SOURCE_STATE_WRONG
    assert raised.value.hint == "Activate the draft."


def test_a_paused_source_is_run_by_hand(scene: Scene) -> None:
    Sources(scene.services.documents).replace(
        scene.source.model_copy(update={"state": SourceState.PAUSED})
    )
    assert scene.wait(scene.start()).state is RunState.SUCCEEDED


@pytest.mark.parametrize("half", [False, True])
def test_a_source_that_is_deleted_meanwhile(
    scene: Scene, launches: list[Run], monkeypatch: pytest.MonkeyPatch, half: bool
) -> None:
    """After it was read and before the run could be found; perhaps not all of it is gone yet."""
    documents, acquire = scene.services.documents, lease.acquire

    def slowly(documents: Documents, run: Run) -> None:
        if half:
            deleted = scene.source.model_copy(update={"state": SourceState.DELETED})
            Sources(documents).replace(deleted)
        else:
            delete_source(scene.services, SourceRef(model_id="m1", source_id="s1"))
        acquire(documents, run)

    monkeypatch.setattr(lease, "acquire", slowly)
    with pytest.raises(HeadraceError) as raised:
        scene.start("key")

    assert raised.value.kind is SOURCE_NOT_FOUND
    assert launches == []
    for collection in ("runs", "locks", "starts"):
        assert documents.list(f"models/m1/sources/s1/{collection}", limit=1) == []


def test_an_unknown_source_is_not_run(services: Services) -> None:
    with pytest.raises(HeadraceError) as raised:
        start(services, "m1", "nothing")
    assert raised.value.kind is SOURCE_NOT_FOUND


def test_a_failed_launch_is_recorded(
    scene: Scene, launches: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(run: Run) -> str:
        raise HeadraceError(LAUNCH_FAILED, "No process.")

    with monkeypatch.context() as patched:
        patched.setattr(scene.services.launcher, "launch", fail)
        with pytest.raises(HeadraceError) as raised:
            scene.start("key")
    assert raised.value.kind is LAUNCH_FAILED

    (run,) = Runs(scene.services.documents).list("m1", "s1", limit=9)
    assert run.state is RunState.FAILED
    assert run.error is not None
    assert run.error.code == "launch_failed"
    assert scene.start().state is RunState.QUEUED


def test_an_expired_lease_is_taken_over(
    scene: Scene, launches: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process still lives, but has not been heard of."""
    with monkeypatch.context() as patched:
        patched.setattr(lease, "DURATION", lease.DURATION * 0)
        first = scene.start()

    second = scene.start()

    error = scene.stored(first).error
    assert error is not None
    assert error.code == "run_lost"
    with pytest.raises(HeadraceError) as raised:
        lease.renew(scene.services.documents, first)
    assert raised.value.kind is LEASE_LOST
    lease.release(scene.services.documents, first)
    held = lease.read(scene.services.documents, "m1", "s1")
    assert held is not None
    assert (held.run_id, held.expired) == (second.run_id, False)


def test_a_lease_of_a_run_in_the_making_is_respected(scene: Scene, launches: list[Run]) -> None:
    making = Run(
        model_id="m1", source_id="s1", run_id=new_id(), requested_at=scene.source.created_at
    )
    lease.acquire(scene.services.documents, making)

    with pytest.raises(HeadraceError) as raised:
        scene.start()
    assert raised.value.kind is RUN_ALREADY_LIVE
