"""What is due is started, once; what can't be is skipped or tried again, and says so."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from headrace.api import sources as api
from headrace.api.sources import SourceRef
from headrace.errors import DOCUMENTS_UNREADABLE, RUN_ALREADY_LIVE, HeadraceError
from headrace.extraction import dispatch as dispatching
from headrace.extraction import lease
from headrace.extraction.dispatch import TAKEN_FOR, Dispatched, dispatch
from headrace.extraction.settle import ended
from headrace.extraction.start import start
from headrace.model import Run, RunState, Source, SourceState, Trigger
from headrace.records import Runs, Sources
from headrace.schedules import Interval, Manual
from headrace.services import Services
from tests.api.drafts import change
from tests.extraction.scheduled import HOURLY, MORNING, Recorder, at, create

REF = SourceRef(model_id="m1", source_id="s1")


@pytest.fixture
def launcher(services: Services, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(services, "launcher", recorder)
    return recorder


def stored(services: Services, source_id: str = "s1") -> Source:
    return Sources(services.documents).get("m1", source_id)


def runs(services: Services, source_id: str = "s1") -> list[Run]:
    """The oldest first."""
    return list(reversed(Runs(services.documents).list("m1", source_id, limit=99)))


def finish(services: Services, run: Run) -> None:
    Runs(services.documents).update(run, lambda run: ended(run, RunState.SUCCEEDED, None))
    lease.release(services.documents, run)


def nothing(done: Dispatched) -> bool:
    return not (done.started or done.skipped or done.failed)


def test_what_is_due_is_started(services: Services, launcher: Recorder) -> None:
    create(services)
    assert stored(services).next_run_at == at("09:00")

    assert nothing(dispatch(services, at("08:59:59.9")))
    done = dispatch(services, at("09:00"))

    (run,) = runs(services)
    assert (run.trigger, run.slot) == (Trigger.SCHEDULE, at("09:00"))
    (slot,) = done.started
    assert (slot.source_id, slot.run_id, slot.slot) == ("s1", run.run_id, at("09:00"))
    assert (done.skipped, done.failed, done.complete) == ((), (), True)
    assert [launched.run_id for launched in launcher.launched] == [run.run_id]
    source = stored(services)
    assert (source.next_run_at, source.slot_taken_at) == (at("10:00"), None)
    assert nothing(dispatch(services, at("09:00:01")))


def test_a_run_by_hand_says_so(services: Services, launcher: Recorder) -> None:
    create(services)
    run = start(services, "m1", "s1")

    assert (run.trigger, run.slot) == (Trigger.MANUAL, None)


def test_missed_slots_are_one_run(services: Services, launcher: Recorder) -> None:
    create(services)
    late = at("12:34:56") + timedelta(days=30)

    done = dispatch(services, late)

    (slot,) = done.started
    assert (slot.slot, done.skipped) == (at("09:00"), ())
    assert stored(services).next_run_at == at("13:00") + timedelta(days=30)
    assert len(launcher.launched) == 1
    assert nothing(dispatch(services, late))


def test_a_late_pass_does_not_move_an_interval(services: Services, launcher: Recorder) -> None:
    create(services, schedule=Interval(every=20, unit="minutes", anchor=at("08:07")))
    assert stored(services).next_run_at == at("08:47")

    for now, after in (("08:47:14", "09:07"), ("10:00:00", "10:07"), ("10:07:59", "10:27")):
        (slot,) = dispatch(services, at(now)).started
        finish(services, Runs(services.documents).get("m1", "s1", slot.run_id or ""))
        assert stored(services).next_run_at == at(after)


def test_a_source_that_is_still_live_is_skipped(services: Services, launcher: Recorder) -> None:
    create(services)
    dispatch(services, at("09:00"))
    (live,) = runs(services)

    done = dispatch(services, at("10:00:05"))

    (slot,) = done.skipped
    assert (slot.slot, done.started, done.failed) == (at("10:00"), (), ())
    skipped = stored(services).last_skipped
    assert skipped is not None
    assert skipped == slot.skipped
    assert (skipped.slot, skipped.at) == (at("10:00"), at("10:00:05"))
    assert skipped.code == RUN_ALREADY_LIVE.code
    assert live.run_id in skipped.reason
    assert stored(services).next_run_at == at("11:00")

    finish(services, live)
    assert [slot.slot for slot in dispatch(services, at("11:00")).started] == [at("11:00")]
    assert [run.slot for run in runs(services)] == [at("09:00"), at("11:00")]
    assert stored(services).last_skipped == skipped


def test_a_run_by_hand_is_live_too(services: Services, launcher: Recorder) -> None:
    create(services)
    start(services, "m1", "s1")

    assert len(dispatch(services, at("09:00")).skipped) == 1


# --- states -----------------------------------------------------------------------------------


def test_a_paused_source_has_no_next_run(services: Services, launcher: Recorder) -> None:
    create(services)
    assert api.pause(services, REF).next_run_at is None

    assert nothing(dispatch(services, at("09:00")))

    resumed = api.resume(services, REF)
    assert resumed.next_run_at == HOURLY.next_slot(resumed.updated_at)


def test_a_deleted_source_is_not_due(services: Services, launcher: Recorder) -> None:
    source = create(services)
    deleted = source.model_copy(update={"state": SourceState.DELETED})  # and no further
    Sources(services.documents).replace(deleted)

    assert nothing(dispatch(services, at("09:00")))
    api.delete_source(services, REF)
    assert nothing(dispatch(services, at("09:00")))


def test_another_schedule_moves_the_next_run(services: Services) -> None:
    source = create(services)

    source = change(services, source, schedule=Interval(every=7, unit="minutes"))
    assert source.next_run_at is not None
    assert source.next_run_at == source.schedule.next_slot(source.updated_at)
    assert source.next_run_at - source.updated_at > timedelta(minutes=6)

    earlier = Interval(every=7, unit="minutes", anchor=at("00:03"))
    source = change(services, source, schedule=earlier)
    again = change(services, source, schedule=Interval(every=7, unit="minutes"))
    assert (again.schedule, again.next_run_at) == (earlier, source.next_run_at)

    assert change(services, again, schedule=Manual()).next_run_at is None


def test_a_draft_has_a_schedule_and_no_next_run(services: Services) -> None:
    source = create(services)
    draft = Sources(services.documents).replace(
        source.model_copy(update={"state": SourceState.DRAFT}).rescheduled(MORNING)
    )

    assert change(services, draft, schedule=Interval(every=1, unit="days")).next_run_at is None


def test_a_form_that_was_open_meanwhile_can_be_saved(
    services: Services, launcher: Recorder
) -> None:
    opened = create(services)
    dispatch(services, at("09:00"))
    dispatch(services, at("10:00"))  # skipped

    saved = change(services, opened, name="Shop 2")

    assert (saved.name, saved.next_run_at) == ("Shop 2", at("11:00"))
    assert saved.last_skipped is not None
    assert saved.etag != opened.etag
    with pytest.raises(HeadraceError) as raised:
        change(services, opened, name="Shop 3")
    assert raised.value.code == "source_stale"


def test_a_change_that_was_made_of_an_older_source_keeps_what_was_dispatched(
    services: Services, launcher: Recorder
) -> None:
    loaded = create(services)
    dispatch(services, at("09:00"))

    saved = Sources(services.documents).replace(loaded.model_copy(update={"name": "Shop 2"}))

    assert saved.next_run_at == at("10:00")


@pytest.mark.parametrize("after", [False, True])
def test_a_source_that_is_paused_meanwhile(
    services: Services, launcher: Recorder, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """Just before or just after its run is started."""
    create(services)

    def slowly(*args: Any, **options: Any) -> Run:
        run = start(*args, **options) if after else None
        api.pause(services, REF)
        return run or start(*args, **options)

    monkeypatch.setattr(dispatching, "start", slowly)
    done = dispatch(services, at("09:00"))

    assert len(done.started) == after
    assert [slot.skipped.code for slot in done.skipped if slot.skipped] == (
        [] if after else ["source_state_wrong"]
    )
    assert len(launcher.launched) == after
    source = stored(services)
    assert (source.state, source.next_run_at, source.slot_taken_at) == ("paused", None, None)


def test_a_schedule_that_is_changed_meanwhile_counts(
    services: Services, launcher: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(services)
    changed: list[Source] = []

    def slowly(*args: Any, **options: Any) -> Run:
        wish = Interval(every=40, unit="minutes")
        changed.append(change(services, stored(services), schedule=wish))
        return start(*args, **options)

    monkeypatch.setattr(dispatching, "start", slowly)
    assert len(dispatch(services, at("09:00")).started) == 1

    assert [stored(services)] == changed


# --- failures ---------------------------------------------------------------------------------


def spoil(services: Services, source_id: str) -> Callable[[], None]:
    """Damage the source's lease; returns what mends it."""
    path = f"models/m1/sources/{source_id}/locks/live"
    services.documents.create(path, {"damaged": True})
    return lambda: services.documents.delete(path)


def test_what_fails_holds_up_no_other_and_is_tried_again(
    services: Services, launcher: Recorder
) -> None:
    for source_id in ("s1", "s2", "s3"):
        create(services, source_id)
    mend = spoil(services, "s2")

    done = dispatch(services, at("09:00"))

    assert [slot.source_id for slot in done.started] == ["s1", "s3"]
    (failed,) = done.failed
    assert failed.problem is not None
    assert failed.problem.code == DOCUMENTS_UNREADABLE.code
    assert (failed.source_id, failed.slot) == ("s2", at("09:00"))

    assert nothing(dispatch(services, at("09:00") + TAKEN_FOR - timedelta(seconds=1)))
    assert len(dispatch(services, at("09:00") + TAKEN_FOR).failed) == 1
    mend()
    (slot,) = dispatch(services, at("09:00") + 2 * TAKEN_FOR).started
    assert (slot.source_id, slot.slot) == ("s2", at("09:00"))


def test_what_nobody_foresaw_holds_up_no_other(
    services: Services, launcher: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(services, "s1")
    create(services, "s2")
    launch = launcher.launch

    def broken(run: Run) -> str:
        if run.source_id == "s1":
            raise ZeroDivisionError
        return launch(run)

    monkeypatch.setattr(launcher, "launch", broken)
    done = dispatch(services, at("09:00"))

    assert [slot.source_id for slot in done.started] == ["s2"]
    assert [slot.problem.code for slot in done.failed if slot.problem] == ["internal_error"]


def test_a_launch_that_fails_is_the_slots_run(services: Services, launcher: Recorder) -> None:
    create(services)
    launcher.failing = True

    (failed,) = dispatch(services, at("09:00")).failed

    assert failed.problem is not None
    assert failed.problem.code == "launch_failed"
    (run,) = runs(services)
    assert (run.state, run.slot) == (RunState.FAILED, at("09:00"))
    assert stored(services).next_run_at == at("10:00")


def test_a_run_that_was_never_launched_is_replaced(
    services: Services, launcher: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(services)

    def die(run: Run) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(launcher, "launch", die)
        with pytest.raises(KeyboardInterrupt):
            dispatch(services, at("09:00"))
    again = at("09:00") + TAKEN_FOR
    assert nothing(dispatch(services, again))  # the run was recorded a moment ago

    monkeypatch.setattr(lease, "DURATION", timedelta())
    (slot,) = dispatch(services, again + TAKEN_FOR).started

    lost, run = runs(services)
    assert lost.error is not None
    assert (lost.error.code, lost.started_at) == ("run_lost", None)
    assert (run.run_id, run.slot) == (slot.run_id, at("09:00"))
    assert [launched.run_id for launched in launcher.launched] == [run.run_id]


def test_a_clock_that_is_set_back_blocks_nothing(services: Services, launcher: Recorder) -> None:
    create(services)
    mend = spoil(services, "s1")
    assert len(dispatch(services, at("23:00")).failed) == 1
    mend()

    (slot,) = dispatch(services, at("09:30")).started

    assert slot.slot == at("09:00")
    assert stored(services).next_run_at == at("10:00")


# --- many -------------------------------------------------------------------------------------


def test_many_dispatchers_at_once(services: Services, launcher: Recorder) -> None:
    ids = [f"s{number}" for number in range(6)]
    for source_id in ids:
        create(services, source_id)

    with ThreadPoolExecutor(4) as pool:
        passes = list(pool.map(lambda _: dispatch(services, at("09:00")), range(4)))

    assert sorted(slot.source_id for done in passes for slot in done.started) == ids
    assert all(not done.skipped and not done.failed for done in passes)
    assert sorted(run.source_id for run in launcher.launched) == ids


def test_two_thousand_sources(services: Services, launcher: Recorder) -> None:
    """More than a page of them is due."""
    daily = Interval(every=1, unit="days", anchor=at("08:00"))
    due = [f"a{number:04}" for number in range(250)]
    for number in range(1750):
        create(services, f"b{number:04}", daily)
    for source_id in due:
        create(services, source_id)

    done = dispatch(services, at("09:00"))

    assert (sorted(slot.source_id for slot in done.started), done.failed) == (due, ())
    assert nothing(dispatch(services, at("09:00:15")))


def test_what_a_pass_does_not_get_to_is_left_to_the_next(
    services: Services, launcher: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for source_id in ("s1", "s2"):
        create(services, source_id)
    monkeypatch.setattr(dispatching, "PASS_SECONDS", -1)

    first = dispatch(services, at("09:00"))
    second = dispatch(services, at("09:00"))

    assert not first.complete
    assert [slot.source_id for done in (first, second) for slot in done.started] == ["s1", "s2"]


def test_the_longest_overdue_comes_first(services: Services, launcher: Recorder) -> None:
    schedules = {"a": ("09:20", 50), "b": ("09:10", 40), "c": ("09:15", 45)}
    for source_id, (first, every) in schedules.items():
        create(services, source_id, Interval(every=every, unit="minutes", anchor=at(first)))

    slots: list[datetime | None] = [s.slot for s in dispatch(services, at("09:30")).started]

    assert slots == sorted(slot for slot in slots if slot)
    assert len(slots) == 3
