"""What is recorded of a run whose process has ended without a word, or only seems to have."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from headrace.errors import DESTINATION_UNREADABLE, HeadraceError
from headrace.extraction import lease
from headrace.extraction.plan import tables_of
from headrace.extraction.settle import settle
from headrace.ids import new_id
from headrace.model import Run, RunState, TableState, now
from headrace.records import Runs
from headrace.services import Services
from headrace.settings import Settings
from tests.destinations.staging import LOCAL_SCHEMES
from tests.extraction.scene import Scene, job_environment
from tests.extraction.test_ends import SLOW

# Where each destination keeps what it knows, below the path of its URL.
TRUTH = {"duckdb": "", "parquet": "_headrace/manifest.json"}

KILLED_AFTER_PUBLISHING = """
import os, signal
from headrace.extraction.heartbeat import Heartbeat
from headrace.extraction.job import main

Heartbeat.end = lambda self: os.kill(os.getpid(), signal.SIGKILL)
main()
"""


DELETED_WHILE_PUBLISHING = """
from headrace.extraction.heartbeat import Heartbeat
from headrace.extraction.job import main
from headrace.records import Sources

def end_late(heartbeat, end=Heartbeat.end):
    Sources(heartbeat._documents).erase("m1", "s1")
    return end(heartbeat)

Heartbeat.end = end_late
main()
"""


@pytest.fixture(params=LOCAL_SCHEMES)
def services(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Services]:
    url = f"{request.param}://{settings.data}/warehouse"
    opened = Services(settings.model_copy(update={"destination": url}))
    yield opened
    opened.close()


def queued(scene: Scene, **changes: object) -> Run:
    """A run as it is recorded before its job begins."""
    run = Run(
        model_id="m1",
        source_id="s1",
        run_id=new_id(),
        requested_at=now(),
        tables=tables_of(scene.source),
    )
    return Runs(scene.services.documents).create(run.model_copy(update=changes))


def published_and_killed(scene: Scene) -> Run:
    """A run whose process was killed when the destination had its tables."""
    run = scene.start()
    while scene.services.launcher.alive(run.execution or ""):
        pass
    again = queued(scene)
    assert job_process(scene, again, KILLED_AFTER_PUBLISHING).returncode == -9
    assert scene.stored(again).state is RunState.RUNNING
    return again


def job_process(scene: Scene, run: Run, script: str) -> subprocess.CompletedProcess[bytes]:
    lease.acquire(scene.services.documents, run)
    return subprocess.run(
        [sys.executable, "-c", script, "m1", "s1", run.run_id],
        env=job_environment(scene),
        check=False,
    )


def test_a_run_that_has_published_has_succeeded(scene: Scene) -> None:
    run = published_and_killed(scene)

    settled = settle(scene.services, scene.stored(run))

    assert (settled.state, settled.error) == (RunState.SUCCEEDED, None)
    assert [(table.state, table.rows) for table in settled.tables] == [(TableState.PUBLISHED, 1000)]
    assert scene.stored(run) == settled
    (checkpoint,) = scene.services.destination.checkpoints("m1", "s1")
    assert checkpoint.run_id == run.run_id
    assert scene.wait(scene.start()).state is RunState.SUCCEEDED


def test_nothing_is_said_while_the_destination_can_not_be_asked(scene: Scene) -> None:
    run = published_and_killed(scene)
    path = Path(scene.services.settings.destination.partition("://")[2])
    truth = path / TRUTH[scene.services.settings.destination.partition("://")[0]]
    kept = truth.rename(truth.with_name("kept"))
    truth.write_text("garbage")

    settled = settle(scene.services, scene.stored(run))

    assert settled.state is RunState.RUNNING
    assert settled.error is not None
    assert settled.error.code == DESTINATION_UNREADABLE.code
    assert scene.stored(run).error is None
    with pytest.raises(HeadraceError) as raised:
        scene.start()
    assert raised.value.kind is DESTINATION_UNREADABLE

    kept.rename(truth)
    assert settle(scene.services, scene.stored(run)).state is RunState.SUCCEEDED


def test_what_is_published_after_its_source_was_deleted_is_nobody_s(scene: Scene) -> None:
    job_process(scene, queued(scene), DELETED_WHILE_PUBLISHING)

    assert scene.count() == 1000
    assert scene.services.destination.checkpoints("m1", "s1") == []


def test_a_live_job_of_a_launch_that_was_never_recorded_is_left_alone(scene: Scene) -> None:
    """Whoever launched it died before that; minutes have passed."""
    scene.database.execute(SLOW)
    run = queued(scene, requested_at=now() - timedelta(minutes=5))
    lease.acquire(scene.services.documents, run)
    arguments = [sys.executable, "jobs/extract/main.py", "m1", "s1", run.run_id]
    with subprocess.Popen(arguments, env=job_environment(scene)) as job:
        try:
            reading = scene.wait_until_reading(run)
            assert reading.execution is not None
            assert reading.execution.startswith(f"{job.pid}:")

            assert settle(scene.services, reading).state is RunState.RUNNING

            without = reading.model_copy(update={"execution": None})
            assert settle(scene.services, without).state is RunState.RUNNING
        finally:
            scene.cancel(run)
    assert scene.stored(run).state is RunState.CANCELLED


def test_a_launch_that_never_came_to_be_is_lost(scene: Scene) -> None:
    run = queued(scene, requested_at=now() - timedelta(minutes=5))
    fresh = queued(scene)

    assert settle(scene.services, fresh).state is RunState.QUEUED
    settled = settle(scene.services, run)

    assert settled.state is RunState.FAILED
    assert settled.error is not None
    assert settled.error.code == "run_lost"
