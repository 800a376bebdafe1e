"""Dispatchers in processes of their own: two at once, and one that is killed."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from headrace.extraction import lease
from headrace.extraction.dispatch import TAKEN_FOR, dispatch
from headrace.extraction.settle import settle
from headrace.model import Run, RunState
from headrace.records import Runs, Sources
from headrace.services import Services
from tests.extraction.dispatcher import KILLED, points, processes, started, work
from tests.extraction.scene import Scene
from tests.extraction.scheduled import HOURLY, MORNING, at, create


@pytest.fixture
def hourly(scene: Scene) -> Scene:
    """The scene's source with a schedule."""
    source = scene.source.model_copy(update={"schedule": HOURLY})
    Sources(scene.services.documents).replace(source.rescheduled(MORNING))
    return scene


def slot(scene: Scene) -> datetime:
    found = Sources(scene.services.documents).get("m1", "s1").next_run_at
    assert found is not None
    return found


def killed(scene: Scene, now: datetime, trail: Path, point: str | None) -> int | None:
    """Let a dispatcher work and die at the point; its exit code."""
    environment = scene.services.settings.environment()
    process = processes.Process(target=work, args=(environment, now, trail, point))
    process.start()
    process.join(60)
    return process.exitcode


def runs_of(scene: Scene, slot: datetime) -> list[Run]:
    """Those of a slot, when all have ended whose process was launched."""
    while True:
        runs = [
            run
            for run in Runs(scene.services.documents).list("m1", "s1", limit=100)
            if run.slot == slot
        ]
        logs = scene.services.settings.data / "logs"
        working = [run for run in runs if run.state.live and (logs / f"{run.run_id}.log").exists()]
        if not working:
            return runs
        time.sleep(0.05)


def test_a_dispatcher_that_is_killed_loses_no_slot_and_starts_none_twice(
    hourly: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = tmp_path / "trail"
    for _ in range(2):  # the first pass of all makes what later ones find
        assert killed(hourly, slot(hourly), trail, None) == 0
        runs_of(hourly, slot(hourly) - timedelta(hours=1))
    known = points(trail)
    assert len(known) >= 14, known
    assert "after launch (1)" in known

    wrong = {
        point: found for point in known if (found := _after(hourly, point, trail, monkeypatch))
    }

    assert wrong == {}


def _after(scene: Scene, point: str, trail: Path, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """What is wrong after a dispatcher was killed at the point, and others came after it."""
    due = slot(scene)
    runs_of(scene, due - timedelta(hours=1))
    if (code := killed(scene, due, trail, point)) != KILLED:
        return f"it ended with {code}"
    runs_of(scene, due)
    dispatch(scene.services, due + timedelta(seconds=10))
    with monkeypatch.context() as patched:
        # A run that was recorded a moment ago, but not launched, is taken for lost.
        patched.setattr(lease, "DURATION", timedelta())
        dispatch(scene.services, due + 2 * TAKEN_FOR)
    dispatch(scene.services, due + 4 * TAKEN_FOR)
    runs = runs_of(scene, due)
    began = [run.state for run in runs if run.started_at]
    if began != [RunState.SUCCEEDED]:
        return f"its runs are {runs}"
    return None if slot(scene) == due + timedelta(hours=1) else f"its next slot is {slot(scene)}"


def test_two_processes_at_once(services: Services, tmp_path: Path) -> None:
    ids = [f"s{number}" for number in range(4)]
    for source_id in ids:
        create(services, source_id)
    together = processes.Barrier(2)
    trails = [tmp_path / "one", tmp_path / "two"]
    environment = services.settings.environment()
    both = [
        processes.Process(target=work, args=(environment, at("09:00"), trail, None, together))
        for trail in trails
    ]
    for process in both:
        process.start()
    for process in both:
        process.join(60)

    assert [process.exitcode for process in both] == [0, 0]
    assert sorted(source_id for trail in trails for source_id in started(trail)) == ids
    for source_id in ids:
        (run,) = Runs(services.documents).list("m1", source_id, limit=9)
        while settle(services, run).state.live:  # its job finds no password
            run = Runs(services.documents).get("m1", source_id, run.run_id)
