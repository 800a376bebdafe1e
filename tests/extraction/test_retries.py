"""What passes is tried again, while a run is planned and by the chunk; what stays is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

import pytest

from headrace import sources
from headrace.connections import PostgresConnection
from headrace.errors import TABLE_NOT_FOUND, HeadraceError
from headrace.extraction.chunk_runs import ChunkRun, ChunkRuns
from headrace.model import Run, RunState, Verification
from headrace.records import Sources
from headrace.run_log import LogQuery
from headrace.services import Services
from headrace.tables import Mode
from tests.conftest import LOCAL, Database
from tests.extraction.scene import ORDERS, Scene
from tests.extraction.test_going_on import Attempts, die
from tests.faults.proxy import Way, as_it_is, between, cut_after

ROWS = 3000
# 400 bytes a row, in three chunks: the first connection ends in the midst of the second.
CUT_AFTER = 600_000
TRIED_AGAIN = "trying again in"

TABLE = f"""
CREATE TABLE orders (id int PRIMARY KEY, text text) WITH (autovacuum_enabled = false);
INSERT INTO orders SELECT {{id}}, repeat('x', 400) FROM generate_series(1, {ROWS}) n ORDER BY n;
ANALYZE orders
"""
IN_ORDER = TABLE.format(id="n")
SCATTERED = TABLE.format(id="n * 7919 % 100003")


@dataclass(frozen=True)
class Behind(Database):
    """A database that is reached through a proxy at the port."""

    at: int

    @property
    def connection(self) -> PostgresConnection:
        return super().connection.model_copy(update={"port": self.at})


def failing_over() -> Way:
    """The first connection is cut in the midst of the rows, and the next two at once."""
    numbers = count()

    def way(pieces: Iterator[bytes]) -> Iterator[bytes]:
        number = next(numbers)
        passed = cut_after(CUT_AFTER) if number == 0 else cut_after(0) if number < 3 else as_it_is
        return passed(pieces)

    return way


def bring(services: Services, database: Database) -> tuple[Run, Sequence[ChunkRun], str]:
    """A run of the table `orders` when it has ended, its chunks and its log."""
    scene = Scene.of(services, database, "orders")
    changes = {"chunk_rows": ROWS // 3, "verify": Verification.DIGEST}
    source = scene.source.model_copy(update=changes)
    Sources(services.documents).replace(source)
    run = scene.wait(scene.start())
    while services.launcher.alive(run.execution or ""):
        pass
    log = services.launcher.read_log(run, LogQuery()).model_dump_json()
    return run, ChunkRuns(services.documents, run).all(), log


@pytest.mark.parametrize("table", [IN_ORDER, SCATTERED], ids=["by key", "by pages"])
def test_the_source_fails_over_in_the_midst_of_a_chunk(
    services: Services, database: Database, table: str
) -> None:
    database.execute(table)
    with between(database.server.port, answered=failing_over()) as port:
        run, chunks, log = bring(services, Behind(database.server, database.name, port))

    assert run.state is RunState.SUCCEEDED, run.error
    assert run.tables[0].rows == ROWS
    assert services.destination.count(ORDERS) == ROWS
    assert sum(chunk.rows for chunk in chunks) == ROWS
    assert len(chunks) == 3
    assert chunks[1].attempts == 4
    assert log.count(TRIED_AGAIN) == 3
    snapshots = {chunk.snapshot for chunk in chunks}
    if table is IN_ORDER:
        assert [chunk.attempts for chunk in chunks] == [1, 4, 1]
        assert len(snapshots) == 2
        assert "2 snapshots" in " ".join(run.warnings)
    else:  # places are of one snapshot alone
        assert {chunk.chunk.physical for chunk in chunks} == {True}
        assert chunks[0].attempts == 2
        assert len(snapshots) == 1
        assert run.warnings == ()


def test_what_stays_wrong_is_not_tried_again(services: Services, database: Database) -> None:
    database.execute(
        f"CREATE VIEW orders AS SELECT 1 / (n - {ROWS}) AS id FROM generate_series(1, {ROWS}) n"
    )

    run, chunks, log = bring(services, database)

    assert run.state is RunState.FAILED
    assert run.error is not None
    assert not run.error.retryable
    assert not run.resumable
    assert TRIED_AGAIN not in log
    assert [chunk.attempts for chunk in chunks] == [1]
    assert chunks[0].error is not None
    assert chunks[0].error.code == run.error.code


# What is asked of the database in the order of planning: windows, columns, and where to cut.
PLANNING = {
    "windows": b"pg_stat_activity",
    "columns": b"has_column_privilege",
    "chunks": b"indisunique",
}


def cut_when_asked(marker: bytes, times: int) -> Way:
    """So many of the connections end when that is asked over them."""
    left = count(times, -1)

    def way(pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            if marker in piece and next(left) > 0:
                return
            yield piece

    return way


@pytest.mark.parametrize("marker", PLANNING.values(), ids=PLANNING)
def test_the_source_fails_over_while_it_is_planned(
    services: Services, database: Database, marker: bytes
) -> None:
    database.execute(IN_ORDER)
    with between(database.server.port, asked=cut_when_asked(marker, 2)) as port:
        scene = Scene.of(services, Behind(database.server, database.name, port), "orders")
        (selection,) = scene.source.selection
        merged = selection.model_copy(update={"mode": Mode.MERGE, "cursor": ("id",)})
        changes = {"chunk_rows": ROWS // 3, "selection": (merged,)}
        Sources(services.documents).replace(scene.source.model_copy(update=changes))
        run = scene.wait(scene.start())
    log = services.launcher.read_log(run, LogQuery()).model_dump_json()

    assert run.state is RunState.SUCCEEDED, run.error
    assert services.destination.count(ORDERS) == ROWS
    assert log.count(TRIED_AGAIN) == 2
    assert len(run.attempts) == 1
    assert len(ChunkRuns(services.documents, run).all()) == 3


def test_a_later_attempt_is_planned_again_too(services: Services, database: Database) -> None:
    attempts = Attempts(services, database, IN_ORDER)
    with pytest.raises(HeadraceError):
        attempts.go(publishing=die)
    with between(database.server.port, asked=cut_when_asked(b"has_column_privilege", 1)) as port:
        connection = database.connection.model_copy(update={"port": port})
        behind = partial(sources.connect, connection, database.credentials, LOCAL)
        attempts.ports = replace(attempts.ports, connect=behind)
        attempts.go()

    assert services.destination.count(ORDERS) == ROWS
    assert {record.attempts for record in attempts.chunks.all()} == {1}


def test_what_stays_wrong_while_it_is_planned_is_not_tried_again(
    services: Services, database: Database
) -> None:
    scene = Scene.of(services, database, "orders")
    run = scene.wait(scene.start())

    assert run.error is not None
    assert run.error.code == TABLE_NOT_FOUND.code
    log = services.launcher.read_log(run, LogQuery()).model_dump_json()
    assert TRIED_AGAIN not in log


def test_what_is_new_is_read_from_one_snapshot_though_the_source_fails_over(
    services: Services, database: Database
) -> None:
    """A row that was changed in between would be in two chunks, or in none."""
    database.execute(IN_ORDER)
    numbers = count()

    def way(pieces: Iterator[bytes]) -> Iterator[bytes]:
        number = next(numbers)
        return cut_after(CUT_AFTER)(pieces) if number == cut else pieces

    cut = -1
    with between(database.server.port, answered=way) as port:
        scene = Scene.of(services, Behind(database.server, database.name, port), "orders")
        (selection,) = scene.source.selection
        appended = selection.model_copy(update={"mode": Mode.APPEND, "cursor": ("id",)})
        changes = {"chunk_rows": ROWS // 3, "selection": (appended,)}
        Sources(services.documents).replace(scene.source.model_copy(update=changes))
        assert scene.wait(scene.start()).state is RunState.SUCCEEDED
        database.execute(f"INSERT INTO orders SELECT {ROWS} + id, text FROM orders")
        cut = next(numbers) + 1
        run = scene.wait(scene.start())
    chunks = ChunkRuns(services.documents, run).all()

    assert run.state is RunState.SUCCEEDED, run.error
    assert services.destination.count(ORDERS) == 2 * ROWS
    assert [chunk.rows for chunk in chunks] == [ROWS // 3] * 3
    assert all(chunk.chunk.by_cursor for chunk in chunks)
    assert [chunk.attempts for chunk in chunks] == [2, 2, 1]
    assert len({chunk.snapshot for chunk in chunks}) == 1
