"""Runs that end early: cancelled, killed, cut off. Each leaves the destination as it was."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from devservers.postgres import temporary_server
from headrace.errors import RUN_CANCELLED, RUN_INTERRUPTED, RUN_LOST
from headrace.ids import new_id
from headrace.model import Run, RunState, now
from headrace.records import Runs, Sources
from headrace.services import Services
from tests.conftest import Database
from tests.extraction.scene import ORDERS, Scene, run_job

# 100 kB a row and 20 ms: minutes of work, of which the first batch comes soon.
SLOW = """
ALTER TABLE orders RENAME TO quick;
CREATE VIEW orders AS
    SELECT n, repeat('x', 100000) AS text, pg_sleep(0.02)::text FROM generate_series(1, 9999) n
"""
# Nothing comes for minutes.
STUCK = """
ALTER TABLE orders RENAME TO quick;
CREATE VIEW orders AS SELECT pg_sleep(600)::text
"""
QUICK = "DROP VIEW orders; ALTER TABLE quick RENAME TO orders"


@pytest.fixture
def filled(scene: Scene) -> Scene:
    """The scene after a first, complete run."""
    assert scene.wait(scene.start()).state is RunState.SUCCEEDED
    return scene


def ended(scene: Scene, run: Run, code: str) -> Run:
    """The run has ended with this error, nothing is left of it, and the next one works."""
    run = scene.wait(run)
    assert run.error is not None, run
    assert run.error.code == code
    assert run.finished_at is not None
    assert scene.count() == 1000
    (checkpoint,) = scene.services.destination.checkpoints("m1", "s1")
    assert checkpoint.run_id != run.run_id
    assert not list(scene.services.settings.data.rglob(f"{run.run_id}/*.parquet"))
    return run


def process(run: Run) -> int:
    assert run.execution is not None
    return int(run.execution.partition(":")[0])


@pytest.mark.parametrize("view", [SLOW, STUCK])
def test_a_running_run_is_cancelled(filled: Scene, view: str) -> None:
    filled.database.execute(view)
    run = filled.start()
    if view is SLOW:
        filled.wait_until_reading(run)

    assert filled.cancel(run).cancel_requested

    assert ended(filled, run, RUN_CANCELLED.code).state is RunState.CANCELLED
    filled.database.execute(QUICK)
    assert filled.wait(filled.start()).state is RunState.SUCCEEDED


def test_a_run_is_ended_by_sigterm(filled: Scene) -> None:
    """Nobody has cancelled it: the machine is shut down."""
    filled.database.execute(SLOW)
    run = filled.wait_until_reading(filled.start())

    os.kill(process(run), signal.SIGTERM)

    run = ended(filled, run, RUN_INTERRUPTED.code)
    assert run.state is RunState.FAILED
    assert run.error is not None
    assert run.error.retryable


def test_a_cancelled_run_is_ended_by_sigterm(filled: Scene) -> None:
    filled.database.execute(SLOW)
    run = filled.wait_until_reading(filled.start())

    filled.cancel(run)
    os.kill(process(run), signal.SIGTERM)

    assert ended(filled, run, RUN_CANCELLED.code).state is RunState.CANCELLED


def test_a_killed_run_is_lost(filled: Scene) -> None:
    filled.database.execute(SLOW)
    run = filled.wait_until_reading(filled.start())

    os.kill(process(run), signal.SIGKILL)

    assert ended(filled, run, RUN_LOST.code).state is RunState.FAILED
    filled.database.execute(QUICK)
    assert filled.wait(filled.start()).state is RunState.SUCCEEDED


def test_a_killed_run_makes_way_for_the_next(filled: Scene) -> None:
    """Nobody looked at it in between."""
    filled.database.execute(SLOW)
    run = filled.wait_until_reading(filled.start())
    os.kill(process(run), signal.SIGKILL)
    while filled.services.launcher.alive(run.execution or ""):
        time.sleep(0.01)
    filled.database.execute(QUICK)

    assert filled.wait(filled.start()).state is RunState.SUCCEEDED
    assert ended_code(filled, run) == RUN_LOST.code


def ended_code(scene: Scene, run: Run) -> str | None:
    error = scene.stored(run).error
    return error.code if error else None


def test_cancelling_an_ended_run_changes_nothing(filled: Scene) -> None:
    (run,) = Runs(filled.services.documents).list("m1", "s1", limit=9)

    assert filled.cancel(run) == run


def test_a_run_that_was_cancelled_before_it_began(filled: Scene) -> None:
    queued = Run(
        model_id="m1", source_id="s1", run_id=new_id(), requested_at=now(), cancel_requested=True
    )
    Runs(filled.services.documents).create(queued)

    assert run_job(filled, queued).returncode == 1

    assert ended(filled, queued, RUN_CANCELLED.code).state is RunState.CANCELLED


@pytest.fixture
def fragile(services: Services) -> Iterator[Scene]:
    """A source over a server of its own, to be killed."""
    server = temporary_server()
    try:
        database = Database(server.start(), "postgres")
        database.execute("CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id")
        yield Scene.of(services, database, "orders")
    finally:
        server.remove()


def test_the_source_vanishes(fragile: Scene) -> None:
    assert fragile.wait(fragile.start()).state is RunState.SUCCEEDED
    fragile.database.execute(SLOW)
    run = fragile.wait_until_reading(fragile.start())

    fragile.database.server.kill()

    run = ended(fragile, run, "connection_refused")  # by the last try
    assert run.state is RunState.FAILED
    assert run.error is not None
    assert "public.orders" in run.error.detail
    assert run.error.retryable


def test_the_source_is_deleted_before_the_job_begins(filled: Scene) -> None:
    queued = Run(model_id="m1", source_id="s1", run_id=new_id(), requested_at=now())
    Runs(filled.services.documents).create(queued)
    Sources(filled.services.documents).erase("m1", "s1")

    job = run_job(filled, queued)

    assert job.returncode == 1
    assert "run_not_found" in job.stderr
    assert filled.services.destination.count(ORDERS) == 1000


def test_the_password_is_nowhere(filled: Scene) -> None:
    filled.database.execute("DROP TABLE orders")
    failed = filled.wait(filled.start())
    assert failed.state is RunState.FAILED

    password = filled.database.server.password.encode()
    for file in filled.services.settings.data.rglob("*"):
        assert not file.is_file() or password not in file.read_bytes(), file
    assert password.decode() not in failed.model_dump_json()
