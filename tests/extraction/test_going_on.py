"""A later attempt at a run, and what it finds of the one before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from headrace.errors import (
    DOCUMENTS_UNREADABLE,
    RUN_INTERRUPTED,
    RUN_LOST,
    RUN_NOT_RESUMABLE,
    HeadraceError,
)
from headrace.extraction.assist import assist
from headrace.extraction.board import Board
from headrace.extraction.chunk_runs import ChunkRuns
from headrace.extraction.extract import Moments, Ports, extract
from headrace.extraction.plan import tables_of, tell_snapshot
from headrace.extraction.progress import silent
from headrace.ids import new_id
from headrace.model import Run, RunState, Source, now
from headrace.records import Runs, run_path
from headrace.services import Services
from headrace.sources import Database as Opened
from tests.conftest import Database, MariadbDatabase
from tests.extraction.scene import ORDERS, Scene

ROWS = 10_000
SCATTERED = f"""
CREATE TABLE orders (id int PRIMARY KEY, text text) WITH (autovacuum_enabled = false);
INSERT INTO orders SELECT n * 7919 % 100003, repeat('x', 90) FROM generate_series(1, {ROWS}) n;
ANALYZE orders
"""
IN_ORDER = SCATTERED.replace("n * 7919 % 100003", "n")


def die() -> None:
    raise HeadraceError(RUN_LOST, "It was killed here.")


class Attempts:
    """A run over a table in five chunks, and attempts at it in this process."""

    def __init__(
        self, services: Services, database: Database | MariadbDatabase, table: str
    ) -> None:
        database.execute(table)
        self.scene = Scene.of(services, database, "orders")
        self.source: Source = self.scene.source.model_copy(update={"chunk_rows": ROWS // 5})
        self.ports = Ports(self.scene.connect, services.destination, services.documents)
        run = Run(
            model_id="m1",
            source_id="s1",
            run_id=new_id(),
            requested_at=now(),
            tables=tables_of(self.source),
        )
        self.run = Runs(services.documents).create(run)
        self.chunks = ChunkRuns(services.documents, self.run)

    def go(self, **moments: Callable[[], None]) -> None:
        run = self.scene.stored(self.run)
        extract(self.source, run, self.ports, Board(silent), Moments(**moments))

    def count(self) -> int | None:
        return self.ports.destination.count(ORDERS)


@pytest.mark.parametrize("which", [0, 2, -1], ids=["the first", "one in the middle", "the last"])
def test_a_chunk_whose_document_is_gone_is_missed(
    services: Services, database: Database, which: int
) -> None:
    attempts = Attempts(services, database, IN_ORDER)

    def forget() -> None:
        name = attempts.chunks.all()[which].name
        path = run_path("m1", "s1", attempts.run.run_id)
        services.documents.delete(f"{path}/chunks/{name}")

    with pytest.raises(HeadraceError) as raised:
        attempts.go(resumable=forget)

    assert raised.value.kind is DOCUMENTS_UNREADABLE
    assert attempts.count() is None


def test_chunks_that_are_all_gone_are_no_empty_table(
    services: Services, database: Database
) -> None:
    attempts = Attempts(services, database, IN_ORDER)

    with pytest.raises(HeadraceError) as raised:
        attempts.go(resumable=lambda: attempts.chunks.write([]))

    assert raised.value.kind is DOCUMENTS_UNREADABLE
    assert attempts.count() is None


def test_a_run_does_not_go_on_with_another_database(services: Services, database: Database) -> None:
    attempts = Attempts(services, database, IN_ORDER)
    with pytest.raises(HeadraceError):
        attempts.go(publishing=die)
    other = database.connection.model_copy(update={"database": "postgres"})
    attempts.source = attempts.source.model_copy(update={"connection": other})

    with pytest.raises(HeadraceError) as raised:
        attempts.go()

    assert raised.value.kind is RUN_NOT_RESUMABLE
    assert "connection" in raised.value.detail


def test_a_run_does_not_go_on_with_a_database_that_was_made_anew(
    services: Services, database: Database
) -> None:
    attempts = Attempts(services, database, IN_ORDER)
    with pytest.raises(HeadraceError):
        attempts.go(publishing=die)
    others = replace(database, name="postgres")
    others.execute(f"DROP DATABASE {database.name} WITH (FORCE)")
    others.execute(f"CREATE DATABASE {database.name}")
    database.execute(IN_ORDER)

    with pytest.raises(HeadraceError) as raised:
        attempts.go()

    assert raised.value.kind is RUN_NOT_RESUMABLE
    assert "the database is another" in raised.value.detail


@pytest.mark.parametrize("table", [IN_ORDER, SCATTERED], ids=["by key", "by pages"])
def test_a_later_attempt_tells_others_what_it_sees(
    services: Services, database: Database, table: str
) -> None:
    """Else who comes to its help would read ranges of pages of a snapshot that is gone."""
    attempts = Attempts(services, database, table)
    with pytest.raises(HeadraceError):
        attempts.go(resumable=die)
    told: list[str] = []

    def look() -> None:
        plan = attempts.scene.stored(attempts.run).plan
        assert plan is not None
        told.append(plan.snapshot)

    look()
    attempts.go(resumable=look)

    before, after = told
    assert before != after
    assert {record.snapshot for record in attempts.chunks.all()} == {after}
    assert attempts.count() == ROWS


def test_who_helps_reads_what_the_later_attempt_sees(
    services: Services, database: Database
) -> None:
    """It had come too early, and asked for what the attempt before saw."""
    attempts = Attempts(services, database, SCATTERED)
    with pytest.raises(HeadraceError):
        attempts.go(resumable=die)
    too_early = attempts.scene.stored(attempts.run)
    later = attempts.scene.connect()

    def connect(snapshot: str | None = None) -> Opened:
        opened = attempts.scene.connect(snapshot)
        tell_snapshot(services.documents, attempts.run, later.snapshot())
        return opened

    assist(attempts.source, too_early, replace(attempts.ports, connect=connect))

    records = attempts.chunks.all()
    assert all(record.chunk.physical for record in records)
    assert {record.snapshot for record in records} == {later.snapshot()}
    later.close()


def test_who_helps_too_late_leaves_nothing(services: Services, database: Database) -> None:
    attempts = Attempts(services, database, IN_ORDER)
    with pytest.raises(HeadraceError):
        attempts.go(resumable=die)
    services.destination.discard(attempts.run.run_id)
    planned = attempts.scene.stored(attempts.run)
    over = {"state": RunState.CANCELLED}
    Runs(services.documents).update(attempts.run, lambda stored: stored.model_copy(update=over))

    with pytest.raises(HeadraceError) as raised:
        assist(attempts.source, planned, attempts.ports)

    assert raised.value.kind is RUN_INTERRUPTED
    assert not list(services.settings.data.rglob(attempts.run.run_id))


def test_a_key_that_has_got_another_type_ends_the_run(
    services: Services, database: Database
) -> None:
    """Texts are ordered otherwise than numbers: rows would be in no chunk."""
    texts = IN_ORDER.replace("id int", 'id text COLLATE "C"').replace(
        "SELECT n,", "SELECT n::text,"
    )
    ordered = texts.replace("; ANALYZE", "").replace(f"{ROWS}) n", f"{ROWS}) n ORDER BY 1")
    attempts = Attempts(services, database, ordered)
    (chosen,) = attempts.source.selection
    alone = chosen.model_copy(update={"columns": ("text",)})
    attempts.source = attempts.source.model_copy(update={"selection": (alone,)})
    with pytest.raises(HeadraceError):
        attempts.go(publishing=die)
    assert len(attempts.chunks.all()) > 1
    database.execute("ALTER TABLE orders ALTER COLUMN id TYPE int USING id::int")

    with pytest.raises(HeadraceError) as raised:
        attempts.go()
    assert raised.value.kind is RUN_NOT_RESUMABLE
    assert "key" in raised.value.detail


BY_LETTERS = """
CREATE TABLE orders (id varchar(20) COLLATE {collation} PRIMARY KEY, text varchar(99));
INSERT INTO orders VALUES {rows};
"""
# By code points they lie in this order, and by letters in another.
LETTERED = ", ".join(
    f"('{letter}{n:04}', '{'x' * 90}')" for letter in "ACEbdf" for n in range(ROWS // 20)
)


@pytest.mark.parametrize(
    ("kind", "analyse", "first", "change"),
    [
        ("database", "ANALYZE orders", '"C"', 'ALTER id TYPE varchar(20) COLLATE "POSIX"'),
        (
            "mariadb_database",
            "ANALYZE TABLE orders",
            "utf8mb4_bin",
            "MODIFY id varchar(20) COLLATE utf8mb4_general_ci",
        ),
    ],
)
def test_a_key_that_has_got_another_collation_ends_the_run(
    services: Services,
    request: pytest.FixtureRequest,
    kind: str,
    first: str,
    analyse: str,
    change: str,
) -> None:
    database = request.getfixturevalue(kind)
    table = BY_LETTERS.format(collation=first, rows=LETTERED)
    attempts = Attempts(services, database, table + analyse)
    attempts.source = attempts.source.model_copy(update={"chunk_rows": ROWS // 20})
    with pytest.raises(HeadraceError):
        attempts.go(publishing=die)
    assert len(attempts.chunks.all()) > 1
    database.execute(f"ALTER TABLE orders {change}")

    with pytest.raises(HeadraceError) as raised:
        attempts.go()
    assert raised.value.kind is RUN_NOT_RESUMABLE
    assert "key" in raised.value.detail
