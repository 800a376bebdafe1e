"""When two connections to a MariaDB server see the same rows, and whether they say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import uuid4

import pytest

from devservers import mariadb as devmariadb
from devservers.mariadb import MariadbServer
from headrace import sources
from headrace.model import UnfitPolicy
from tests.conftest import LOCAL, MariadbDatabase
from tests.sources.mysql.reading import opened, selected, started, user_without_rights


@pytest.fixture(scope="module")
def logging() -> Iterator[MariadbServer]:
    """A server with a binary log."""
    server = devmariadb.temporary_server(log_bin="log")
    try:
        yield server.start()
    finally:
        server.remove()


def made(server: MariadbServer) -> MariadbDatabase:
    name = f"test_{uuid4().hex}"
    server.execute(f"CREATE DATABASE {name}")
    database = MariadbDatabase(server, name)
    database.execute("CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
    return database


@pytest.fixture
def one_row(logging: MariadbServer) -> MariadbDatabase:
    return made(logging)


def seen(connected: sources.Database, database: MariadbDatabase) -> list[int]:
    with started(connected, database, "t") as reader:
        return sorted(n for batch in reader for n in batch.column("n").to_pylist())


def asking_for(database: MariadbDatabase, name: str) -> sources.Database:
    return sources.connect(database.connection, database.credentials, LOCAL, name)


def test_the_same_rows_have_one_name(one_row: MariadbDatabase) -> None:
    with opened(one_row) as first, closing(asking_for(one_row, first.snapshot())) as second:
        assert first.snapshot() == second.snapshot()
        assert first.snapshot().startswith("binlog-")
        assert seen(first, one_row) == seen(second, one_row) == [1]
        assert first.snapshot() == second.snapshot()


def logged(database: MariadbDatabase) -> None:
    database.execute("INSERT INTO t VALUES (2)")


def unlogged(database: MariadbDatabase) -> None:
    """As replicas do by default with what they receive."""
    database.execute("SET sql_log_bin = 0; INSERT INTO t VALUES (2)")


@pytest.mark.parametrize("changed", [logged, unlogged])
def test_other_rows_have_another(
    one_row: MariadbDatabase, changed: Callable[[MariadbDatabase], None]
) -> None:
    with opened(one_row) as first:
        changed(one_row)
        with closing(asking_for(one_row, first.snapshot())) as second:
            assert seen(first, one_row) == [1]
            assert seen(second, one_row) == [1, 2]
            assert first.snapshot() != second.snapshot()


def test_a_commit_that_was_begun_before_counts(one_row: MariadbDatabase) -> None:
    """A transaction has its number from when it first wrote."""
    with opened(one_row) as writer, opened(one_row) as other:
        query = writer._session.query  # type: ignore[attr-defined]
        for sql in ("COMMIT", "SET SESSION TRANSACTION READ WRITE", "BEGIN"):
            query("Writing", sql)
        query("Writing", f"INSERT INTO {one_row.name}.t VALUES (2)")
        with opened(one_row) as first:
            query("Writing", "COMMIT")
            with closing(asking_for(one_row, first.snapshot())) as second:
                assert seen(first, one_row) == [1]
                assert seen(second, one_row) == [1, 2]
                assert len({each.snapshot() for each in (first, second, other)}) == 3


def test_a_snapshot_taken_anew_has_a_new_name(one_row: MariadbDatabase) -> None:
    with opened(one_row) as first:
        before = first.snapshot()
        one_row.execute("INSERT INTO t VALUES (2)")
        cursor = selected(one_row, "t").model_copy(update={"mode": "append", "cursor": ("n",)})
        assert first.window(cursor, None).upto == "2"
        assert first.snapshot() != before
        with closing(asking_for(one_row, first.snapshot())) as second:
            assert second.snapshot() == first.snapshot()
            assert seen(first, one_row) == seen(second, one_row) == [1, 2]


def test_no_right_is_needed(one_row: MariadbDatabase) -> None:
    with user_without_rights(one_row) as (connection, credentials), opened(one_row) as first:
        name = first.snapshot()
        with closing(sources.connect(connection, credentials, LOCAL, name)) as second:
            assert second.snapshot() == name


def test_another_server_has_other_names(one_row: MariadbDatabase) -> None:
    """Its log may be as long, and its counter stand where the other's does."""

    def name() -> str:
        with opened(one_row) as connected:
            return connected.snapshot()

    before = name()
    one_row.server.execute("SET GLOBAL server_id = 2")
    other = name()
    one_row.server.execute("SET GLOBAL server_id = 1")
    assert before == name() != other


def test_without_a_binary_log_each_has_its_own(mariadb: MariadbServer) -> None:
    database = made(mariadb)
    with opened(database) as first, closing(asking_for(database, first.snapshot())) as second:
        assert first.snapshot() == first.snapshot()
        assert first.snapshot() != second.snapshot()
        assert first.snapshot().startswith("own-")
        with second.read(selected(database, "t"), UnfitPolicy.FAIL) as reader:
            assert sum(batch.num_rows for batch in reader) == 1
    database.execute(f"DROP DATABASE {database.name}")


@pytest.mark.parametrize("name", ["", "own-0123456789abcdef", "binlog-0", "'; DROP TABLE t; --"])
def test_a_name_of_something_else_is_not_claimed(one_row: MariadbDatabase, name: str) -> None:
    with closing(asking_for(one_row, name)) as connected:
        assert connected.snapshot() != name
        assert seen(connected, one_row) == [1]
