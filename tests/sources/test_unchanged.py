"""Tables that are changed between the snapshot and their reading, or while they are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pg8000.native import Connection

from devservers.postgres import USER
from headrace.errors import COLUMN_NOT_FOUND, TABLE_CHANGED, TABLE_LOCKED, HeadraceError
from headrace.sources.postgres import session
from tests.conftest import Database
from tests.sources.reading import opened, reading

TABLE = "CREATE TABLE t (id int8 PRIMARY KEY, n int4); INSERT INTO t VALUES (1, 2)"


def read_after(database: Database, change: str, name: str = "t") -> list[object]:
    """The rows that are read by a session that began before the change."""
    with opened(database) as connected:
        database.execute(change)
        with reading(connected, name) as reader:
            return [row for batch in reader for row in batch.to_pylist()]


@pytest.mark.parametrize(
    "change",
    [
        "TRUNCATE t",
        "ALTER TABLE t ALTER id TYPE float8",
        # No row is written anew here; negative numbers would become large ones.
        "ALTER TABLE t ALTER n TYPE oid",
        "ALTER TABLE t DROP n; ALTER TABLE t ADD n float4 DEFAULT 1",
        "VACUUM FULL t",
    ],
)
def test_what_a_snapshot_does_not_keep(database: Database, change: str) -> None:
    database.execute(TABLE)
    with pytest.raises(HeadraceError) as caught:
        read_after(database, change)
    assert caught.value.kind is TABLE_CHANGED
    assert caught.value.transient
    assert "public.t" in caught.value.detail


@pytest.mark.parametrize("name", ["parted", "seen", "seen_again", "kept"])
def test_what_lies_beneath_is_looked_at(database: Database, name: str) -> None:
    database.execute(
        """
        CREATE TABLE parted (n int) PARTITION BY LIST (n);
        CREATE TABLE part PARTITION OF parted DEFAULT;
        INSERT INTO parted VALUES (1);
        CREATE VIEW seen AS SELECT n FROM parted;
        CREATE VIEW seen_again AS SELECT n + 1 AS n FROM seen;
        CREATE MATERIALIZED VIEW kept AS SELECT n FROM parted
        """
    )
    assert len(read_after(database, "INSERT INTO parted VALUES (2)", name)) == 1
    with pytest.raises(HeadraceError) as caught:
        read_after(database, "TRUNCATE part; REFRESH MATERIALIZED VIEW kept", name)
    assert caught.value.kind is TABLE_CHANGED


def test_what_changes_no_row_disturbs_nothing(database: Database) -> None:
    database.execute(TABLE)
    change = """
        ALTER TABLE t ADD extra text DEFAULT 'x'; CREATE INDEX ON t (n); DELETE FROM t;
        INSERT INTO t VALUES (2, 3, ''); VACUUM t; ANALYZE t
    """
    assert read_after(database, change) == [{"id": 1, "n": 2}]


def test_a_column_that_is_dropped(database: Database) -> None:
    database.execute(TABLE)
    with pytest.raises(HeadraceError) as caught:
        read_after(database, "ALTER TABLE t DROP n")
    assert caught.value.kind is COLUMN_NOT_FOUND


@pytest.mark.parametrize(
    "change", ["TRUNCATE t", "ALTER TABLE t ALTER n TYPE int8", "DROP TABLE t"]
)
def test_nothing_is_changed_while_it_is_read(database: Database, change: str) -> None:
    database.execute("CREATE TABLE t AS SELECT n FROM generate_series(1, 1000000) n")
    with opened(database) as connected, reading(connected, "t") as reader:
        batches = iter(reader)
        rows = next(batches).num_rows
        with pytest.raises(RuntimeError, match="lock timeout"):
            database.execute(f"SET lock_timeout = '100ms'; {change}")
        assert rows + sum(batch.num_rows for batch in batches) == 1_000_000


def test_a_locked_table(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.execute(TABLE)
    monkeypatch.setattr(session, "LOCK_SECONDS", 1)
    with (
        opened(database) as connected,
        locked(database),
        pytest.raises(HeadraceError) as caught,
        reading(connected, "t"),
    ):
        pass
    assert caught.value.kind is TABLE_LOCKED
    assert "public.t" in caught.value.detail


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Inside, another session holds the table as an ALTER TABLE does."""
    server = database.server
    other = Connection(
        USER, server.host, database.name, server.port, server.password, ssl_context=False
    )
    other.run("BEGIN; LOCK TABLE t")
    try:
        yield
    finally:
        other.close()
