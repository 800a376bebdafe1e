"""What goes wrong around an increment leaves the destination and the checkpoint as they were."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psutil
import pytest

from headrace.destinations import Checkpoint, Publication, PublishTime
from headrace.destinations.duckdb import DuckDB
from headrace.documents import Document
from headrace.errors import (
    CHECKPOINT_MOVED,
    DESTINATION_FULL,
    DESTINATION_LOCKED,
    RUN_LOST,
    STAGING_CORRUPTED,
    HeadraceError,
    Kind,
)
from headrace.extraction import lease
from headrace.extraction.resume import resume
from headrace.extraction.settle import settle
from headrace.model import Run, RunState, now
from headrace.settings import Settings
from headrace.tables import Mode
from tests.conftest import Database
from tests.destinations.staging import LOCAL_SCHEMES
from tests.extraction.kill_matrix.cases import Case
from tests.extraction.kill_matrix.matrix import KILLED, Matrix
from tests.extraction.shop import TARGET, Shop, shop_of
from tests.limits import file_size_limit

APPEND: dict[str, Any] = {"mode": "append", "cursor": ["n"]}
FULL: dict[str, Any] = {"mode": "full"}
# Random, so that it can't be packed.
NOISE = """
INSERT INTO t
SELECT n, string_agg(md5(random()::text), ''), n
FROM generate_series(2, 21) n, generate_series(1, 2000) GROUP BY n
"""


@pytest.fixture(params=LOCAL_SCHEMES)
def shop(request: pytest.FixtureRequest, settings: Settings, database: Database) -> Shop:
    """A table of which one row is brought, and others are new."""
    database.execute("CREATE TABLE t (id int PRIMARY KEY, label text, n bigint)")
    database.execute("INSERT INTO t VALUES (1, 'old', 1)")
    url = f"{request.param}://{settings.data}/warehouse"
    shop = shop_of(database, settings.model_copy(update={"destination": url}))
    shop.run(**APPEND)
    database.execute(NOISE)
    return shop


class Meddled:
    """A destination into whose publishing somebody meddles."""

    def __init__(self, inner: Any, publish: Callable[[Any, Publication], None]) -> None:
        self._inner, self._publish = inner, publish

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def publish(self, publication: Publication) -> PublishTime:
        self._publish(self._inner, publication)
        return PublishTime()


def checkpoint(shop: Shop) -> Checkpoint:
    (found,) = shop.destination.checkpoints("m1", "s1")
    return found


@contextmanager
def refused(shop: Shop, kind: Kind) -> Iterator[None]:
    """What is done inside is refused and changes nothing; the next run is complete."""
    before = checkpoint(shop)
    with pytest.raises(HeadraceError) as raised:
        yield
    assert raised.value.kind is kind, raised.value
    assert shop.destination.count(TARGET) == 1
    assert checkpoint(shop) == before
    assert not list(shop.settings.data.rglob("*/staging/*/*"))
    assert shop.run(**APPEND).rows == 20
    assert shop.destination.count(TARGET) == 21
    assert checkpoint(shop).position == "21"


def test_the_disk_is_full_while_staging(shop: Shop) -> None:
    with refused(shop, DESTINATION_FULL), file_size_limit(2000):
        shop.run(**APPEND)


def test_the_disk_is_full_while_publishing(shop: Shop) -> None:
    def publish(inner: Any, publication: Publication) -> None:
        with file_size_limit(200):
            inner.publish(publication)

    with refused(shop, DESTINATION_FULL):
        shop.extract(Meddled(shop.destination, publish), **APPEND)


@pytest.mark.parametrize("cut", [0, 100, -1])
def test_a_staged_file_is_cut(shop: Shop, cut: int) -> None:
    def publish(inner: Any, publication: Publication) -> None:
        (file,) = publication.tables[0].files
        os.truncate(file.path, cut if cut >= 0 else file.bytes + cut)
        inner.publish(publication)

    with refused(shop, STAGING_CORRUPTED):
        shop.extract(Meddled(shop.destination, publish), **APPEND)


HOLDER = """
import duckdb, sys
with duckdb.connect(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("shop", ["duckdb"], indirect=True)
def test_the_duckdb_file_is_locked_while_publishing(shop: Shop) -> None:
    file = shop.settings.data / "warehouse"

    def publish(inner: Any, publication: Publication) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            try:
                inner.publish(publication)
            finally:
                holder.communicate()

    with refused(shop, DESTINATION_LOCKED):
        shop.extract(Meddled(DuckDB(file, 0.3), publish), **APPEND)


@pytest.mark.parametrize(
    ("first", "late"), [(APPEND, APPEND), (None, APPEND), (FULL, FULL), (APPEND, FULL)]
)
def test_a_late_run_does_not_undo_a_newer_one(
    shop: Shop, first: dict[str, Any] | None, late: dict[str, Any]
) -> None:
    """Its lease expired while it was about to publish, and another run has come and gone."""
    if first is None:  # neither run finds anything
        for path in shop.settings.data.glob("warehouse*"):
            moved = path.with_name(f"old-{path.name}")
            path.rename(moved)
    else:
        shop.run(**first)
    shop.execute("INSERT INTO t VALUES (98, 'seen by both', 98)")

    def publish(inner: Any, publication: Publication) -> None:
        shop.execute("INSERT INTO t VALUES (99, 'seen by the newer', 99)")
        shop.run(**late)
        inner.publish(publication)

    with pytest.raises(HeadraceError) as raised:
        shop.extract(Meddled(shop.destination, publish), **late)

    assert raised.value.kind is CHECKPOINT_MOVED
    assert shop.destination.count(TARGET) == 23
    assert checkpoint(shop).position == (None if late is FULL else "99")
    assert shop.run(**late).rows == (23 if late is FULL else 0)


@pytest.fixture(params=[Case(Mode.MERGE, "duckdb"), Case(Mode.APPEND, "parquet")], ids=str)
def matrix(request: pytest.FixtureRequest, settings: Settings, database: Database) -> Matrix:
    matrix = Matrix(request.param, settings, database)
    matrix.first()
    return matrix


def test_a_job_that_sleeps_through_its_lease_publishes_nothing(matrix: Matrix) -> None:
    matrix.tables.change()
    late = held_at(matrix, "before destination.publish (1)", signal.SIGSTOP)
    process = stopped(matrix)
    expire(matrix)
    matrix.tables.change()

    newer = matrix.finish(matrix.scene.start())
    os.kill(process, signal.SIGCONT)

    assert matrix.jobs.end() == [1]
    assert CHECKPOINT_MOVED.code in matrix.jobs.log
    lost = matrix.scene.stored(late)
    assert lost.error is not None
    assert (lost.state, lost.error.code) == (RunState.FAILED, RUN_LOST.code)
    matrix.check(newer)


def test_a_job_whose_run_another_goes_on_with_leaves_it_alone(matrix: Matrix) -> None:
    """A task that hung was begun again by whoever launches tasks, and then wakes up."""
    matrix.tables.change()
    run = held_at(matrix, "worker: before documents.replace chunks (2)", signal.SIGSTOP)
    late = stopped(matrix)
    matrix.jobs.point = "before destination.publish (1)"
    matrix.jobs.launch(run)
    newer = stopped(matrix)

    os.kill(late, signal.SIGCONT)

    newer_jobs = matrix.jobs.jobs.pop()
    assert matrix.jobs.end() == [1]
    assert matrix.scene.stored(run).state.live
    held = lease.read(matrix.services.documents, "m1", "s1")
    assert held is not None
    assert not held.expired
    os.kill(newer, signal.SIGCONT)
    matrix.jobs.jobs.append(newer_jobs)
    matrix.check(matrix.finish(run))


def test_who_looked_long_ago_does_not_end_a_run_that_goes_on(matrix: Matrix) -> None:
    matrix.tables.change()
    run = held_at(matrix, "worker: before documents.replace chunks (2)", signal.SIGKILL)
    assert matrix.jobs.end() == [KILLED]
    long_ago = matrix.scene.stored(run)
    matrix.jobs.point, matrix.jobs.fate = "before destination.publish (1)", signal.SIGSTOP
    resume(matrix.services, "m1", "s1", run.run_id)
    process = stopped(matrix)

    assert settle(matrix.services, long_ago).state.live

    os.kill(process, signal.SIGCONT)
    matrix.check(matrix.finish(run))


def stopped(matrix: Matrix) -> int:
    """The process that was launched last, when it has stopped."""
    pid = matrix.jobs.jobs[-1][0].pid or 0
    while psutil.Process(pid).status() != psutil.STATUS_STOPPED:
        time.sleep(0.01)
    return pid


def held_at(matrix: Matrix, point: str, fate: signal.Signals | None) -> Run:
    """A run that meets its fate at the point."""
    matrix.jobs.point, matrix.jobs.fate = point, fate
    return matrix.scene.start()


def expire(matrix: Matrix) -> None:
    """A minute passes."""
    documents = matrix.services.documents
    document: Document | None = documents.get("models/m1/sources/s1/locks/live")
    assert document is not None
    past = (now() - timedelta(seconds=1)).isoformat()
    documents.replace(document.path, {**document.value, "expires_at": past}, document.etag)
    held = lease.read(documents, "m1", "s1")
    assert held is not None
    assert held.expired


@pytest.mark.parametrize("point", ["after destination.staging (1)", "before destination.check (1)"])
def test_the_documents_vanish_between_plan_and_publish(matrix: Matrix, point: str) -> None:
    before = matrix.warehouse.rows()
    checkpoints = matrix.services.destination.checkpoints("m1", "s1")
    matrix.tables.change()

    run = held_at(matrix, point, None)

    assert matrix.jobs.end() == [1]
    assert matrix.warehouse.rows() == before
    assert matrix.services.destination.checkpoints("m1", "s1") == checkpoints
    lost = settle(matrix.services, matrix.scene.stored(run))
    assert lost.error is not None
    assert lost.error.code == RUN_LOST.code
    newer = matrix.finish(matrix.scene.start())
    matrix.check(newer)
