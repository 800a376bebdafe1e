"""What every launcher must do, with a job that waits until a file tells it what to do."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from headrace import ids
from headrace.errors import LAUNCH_FAILED, HeadraceError
from headrace.launchers import Launcher
from headrace.launchers.process import ProcessLauncher
from headrace.model import Run, now

JOB = """
import pathlib, signal, sys, time
directory, *ids = sys.argv[1:]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
(pathlib.Path(directory) / "started").write_text(" ".join(ids))
while not (pathlib.Path(directory) / "end").exists():
    time.sleep(0.01)
"""


@dataclass
class Stage:
    """A launcher over the job above, and one that has nothing to start."""

    directory: Path
    launcher: Launcher
    broken: Launcher
    executions: list[str] = field(default_factory=list)

    def launch(self) -> str:
        self.executions.append(self.launcher.launch(run()))
        wait_until((self.directory / "started").exists)
        return self.executions[-1]


def process(directory: Path) -> Stage:
    job = (sys.executable, "-c", JOB, str(directory))
    return Stage(
        directory,
        ProcessLauncher(directory / "logs", job, {}),
        ProcessLauncher(directory / "logs", (str(directory / "absent"),), {}),
    )


def run() -> Run:
    return Run(model_id="m", source_id="s", run_id=ids.new_id(), requested_at=now())


def wait_until(condition: Callable[[], bool]) -> None:
    """The suite's time-out ends this if it never comes true."""
    while not condition():
        time.sleep(0.01)


@pytest.fixture(params=[process])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    stage: Stage = request.param(tmp_path)
    yield stage
    (tmp_path / "end").touch()
    for execution in stage.executions:
        while stage.launcher.alive(execution):
            time.sleep(0.01)


def test_a_job_gets_the_ids_and_lives_until_it_ends(stage: Stage) -> None:
    wanted = run()
    stage.executions.append(execution := stage.launcher.launch(wanted))
    started = stage.directory / "started"
    wait_until(lambda: started.exists() and started.stat().st_size > 0)

    assert started.read_text() == f"m s {wanted.run_id}"
    assert stage.launcher.alive(execution)

    (stage.directory / "end").touch()
    wait_until(lambda: not stage.launcher.alive(execution))


def test_a_process_knows_its_own_execution(stage: Stage) -> None:
    """As the job does, which records it."""
    current = stage.launcher.current()

    assert current is None or stage.launcher.alive(current)
    assert current != stage.launch()


def test_a_job_that_is_stopped_ends(stage: Stage) -> None:
    execution = stage.launch()
    stage.launcher.stop(execution)

    wait_until(lambda: not stage.launcher.alive(execution))


def test_stopping_an_ended_job_is_no_error(stage: Stage) -> None:
    execution = stage.launch()
    (stage.directory / "end").touch()
    wait_until(lambda: not stage.launcher.alive(execution))

    stage.launcher.stop(execution)


def test_two_jobs_are_told_apart(stage: Stage) -> None:
    first, second = stage.launch(), stage.launch()
    stage.launcher.stop(first)
    wait_until(lambda: not stage.launcher.alive(first))

    assert stage.launcher.alive(second)


def test_a_job_that_can_not_be_started_is_an_error(stage: Stage) -> None:
    with pytest.raises(HeadraceError) as caught:
        stage.broken.launch(run())

    assert caught.value.kind is LAUNCH_FAILED
