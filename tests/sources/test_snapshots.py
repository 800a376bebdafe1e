"""Snapshots that several connections share, and when they can't."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from devservers.pgbouncer import pgbouncer
from devservers.postgres import PostgresServer
from headrace import sources
from headrace.connections import PostgresConnection
from headrace.errors import TABLE_NOT_FOUND, HeadraceError
from tests.conftest import LOCAL, Database, both_ends
from tests.sources.reading import opened, reading, selected, user_without_rights
from tests.sources.test_probe_fitness import replica

__all__ = ["replica"]


@contextmanager
def opened_at(
    database: Database, snapshot: str, connection: PostgresConnection | None = None
) -> Iterator[sources.Database]:
    chosen = connection or database.connection
    with closing(sources.connect(chosen, database.credentials, LOCAL, snapshot)) as connected:
        yield connected


def seen(connected: sources.Database) -> list[int]:
    with reading(connected, "t") as reader:
        return sorted(n for batch in reader for n in batch.column("n").to_pylist())


@pytest.fixture
def one_row(database: Database) -> Database:
    database.execute("CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
    return database


@both_ends
def test_those_who_share_a_snapshot_see_the_same_rows(one_row: Database) -> None:
    with opened(one_row) as first:
        name = first.snapshot()
        one_row.execute("INSERT INTO t VALUES (2)")
        with opened_at(one_row, name) as second, opened(one_row) as stranger:
            assert seen(first) == seen(second) == [1]
            assert first.snapshot() == second.snapshot() == name
            assert seen(stranger) == [1, 2]
            assert stranger.snapshot() != name


@both_ends
def test_a_snapshot_whose_giver_has_gone_is_not_claimed(one_row: Database) -> None:
    with opened(one_row) as first:
        name = first.snapshot()
    one_row.execute("INSERT INTO t VALUES (2)")
    with opened_at(one_row, name) as second:
        assert seen(second) == [1, 2]
        assert second.snapshot() != name


def test_a_snapshot_taken_from_another_outlives_its_giver(one_row: Database) -> None:
    with opened(one_row) as first:
        second = sources.connect(
            one_row.connection, one_row.credentials, LOCAL, name := first.snapshot()
        )
    one_row.execute("INSERT INTO t VALUES (2)")
    with closing(second):
        assert seen(second) == [1]
        assert second.snapshot() == name


@both_ends
@pytest.mark.parametrize(
    "name", ["", "own-0123456789abcdef", "'; DROP TABLE t; --", "\\", "0-1", "\N{SNOWMAN}"]
)
def test_a_name_of_something_else_is_not_wanted(one_row: Database, name: str) -> None:
    with opened_at(one_row, name) as connected:
        assert seen(connected) == [1]
        assert connected.snapshot() != name


@both_ends
def test_a_number_alone_does_not_make_it_the_same_snapshot(one_row: Database) -> None:
    """As after a restart, when snapshots are numbered anew."""
    with opened(one_row) as first:
        number, _, mark = first.snapshot().rpartition("-")
        one_row.execute("INSERT INTO t VALUES (2)")
        for name in (f"{number}-{mark[::-1]}", f"{number}9-{mark}"):
            with opened_at(one_row, name) as second:
                assert seen(second) == [1, 2]
                assert second.snapshot() != name


@both_ends
def test_a_snapshot_of_another_database(one_row: Database) -> None:
    with opened(one_row) as first:
        name = first.snapshot()
        elsewhere = one_row.connection.model_copy(update={"database": "postgres"})
        with opened_at(one_row, name, elsewhere) as second:
            assert second.snapshot() != name
            with pytest.raises(HeadraceError) as caught:
                seen(second)
            assert caught.value.kind is TABLE_NOT_FOUND


def test_a_snapshot_taken_anew_has_a_new_name(one_row: Database) -> None:
    with opened(one_row) as first:
        before = first.snapshot()
        one_row.execute("INSERT INTO t VALUES (2)")
        cursor = selected("t").model_copy(update={"mode": "append", "cursor": ("n",)})
        assert first.window(cursor, None).upto == "2"
        after = first.snapshot()
        assert after != before
        with opened_at(one_row, before) as second, opened_at(one_row, after) as third:
            assert second.snapshot() != before
            assert third.snapshot() == after
            assert seen(first) == seen(second) == seen(third) == [1, 2]


@both_ends
def test_who_may_not_give_a_snapshot_has_its_own(one_row: Database) -> None:
    one_row.execute("REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM PUBLIC")
    with user_without_rights(one_row) as (connection, credentials):
        one_row.execute(f"GRANT SELECT ON t TO {connection.user}")
        with closing(sources.connect(connection, credentials, LOCAL)) as connected:
            name = connected.snapshot()
            assert name == connected.snapshot()
            assert seen(connected) == [1]
        with closing(sources.connect(connection, credentials, LOCAL, name)) as other:
            assert other.snapshot() != name


def test_a_replica_gives_its_snapshot(replica: PostgresServer) -> None:
    database = Database(replica, "postgres")
    with opened(database) as first, opened_at(database, first.snapshot()) as second:
        assert first.snapshot() == second.snapshot()
        assert not first.snapshot().startswith("own-")


def test_a_pooler_in_between(one_row: Database) -> None:
    with pgbouncer(one_row.server, "transaction") as port:
        pooled = one_row.connection.model_copy(update={"port": port})
        with closing(sources.connect(pooled, one_row.credentials, LOCAL)) as first:
            name = first.snapshot()
            one_row.execute("INSERT INTO t VALUES (2)")
            with opened_at(one_row, name, pooled) as second:
                assert seen(first) == seen(second) == [1]
                assert second.snapshot() == name
        with opened_at(one_row, name, pooled) as third:
            assert seen(third) == [1, 2]
            assert third.snapshot() != name
