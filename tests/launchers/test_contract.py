"""What every launcher must do."""

from __future__ import annotations

import pytest

from headrace.errors import HeadraceError
from tests.launchers.conftest import Stage, run, wait_until


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

    assert caught.value.kind is stage.refusal
