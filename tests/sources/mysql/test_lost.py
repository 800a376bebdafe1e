"""Connections that end while rows are coming, from either side."""

from __future__ import annotations

import threading

import pytest

from devservers.mariadb import temporary_server
from headrace.errors import CONNECTION_LOST, DATABASE_ERROR, STATEMENT_TIMED_OUT, HeadraceError
from headrace.sources import Database as SourceDatabase
from tests.conftest import MariadbDatabase
from tests.sources.mysql.reading import opened, started

# More than what two batches, the kernel and the server can hold between them.
ENDLESS = "CREATE VIEW endless AS SELECT repeat('x', 10000) AS a FROM seq_1_to_100000"


def end(database: MariadbDatabase, how: str = "KILL") -> None:
    """End the sessions over the database, but for the one that does it."""
    database.server.execute(
        database.server.execute(
            f"SELECT group_concat(concat('{how} ', id) SEPARATOR ';') "
            "FROM information_schema.processlist "
            f"WHERE db = '{database.name}' AND id <> connection_id()"
        )
    )


def working() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "rows"]


def drained(connected: SourceDatabase, database: MariadbDatabase, name: str) -> int:
    with started(connected, database, name) as reader:
        return sum(batch.num_rows for batch in reader)


def test_a_session_that_the_server_ends(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(ENDLESS)
    with opened(mariadb_database) as connected:
        with (
            pytest.raises(HeadraceError) as caught,
            started(connected, mariadb_database, "endless") as reader,
        ):
            next(batches := iter(reader))
            end(mariadb_database)
            list(batches)
        assert caught.value.kind is CONNECTION_LOST
        assert "endless" in caught.value.detail
    assert working() == []


def test_a_statement_that_the_server_cancels(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(ENDLESS)
    with opened(mariadb_database) as connected:
        with (
            pytest.raises(HeadraceError) as caught,
            started(connected, mariadb_database, "endless") as reader,
        ):
            next(batches := iter(reader))
            end(mariadb_database, "KILL QUERY")
            list(batches)
        assert caught.value.kind is STATEMENT_TIMED_OUT
    assert working() == []


def test_a_server_that_dies() -> None:
    server = temporary_server()
    try:
        server.start()
        server.execute("CREATE DATABASE d")
        database = MariadbDatabase(server, "d")
        database.execute(ENDLESS)
        with opened(database) as connected:
            with (
                pytest.raises(HeadraceError) as caught,
                started(connected, database, "endless") as reader,
            ):
                next(batches := iter(reader))
                server.kill()
                list(batches)
            assert caught.value.kind is CONNECTION_LOST
    finally:
        server.remove()
    assert working() == []


def test_a_server_that_is_gone_between_two_tables(mariadb_database: MariadbDatabase) -> None:
    with opened(mariadb_database) as connected:
        end(mariadb_database)
        with pytest.raises(HeadraceError) as caught:
            drained(connected, mariadb_database, "t")
    assert caught.value.kind is CONNECTION_LOST


def test_a_view_that_raises_in_the_middle(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (n int); INSERT INTO t SELECT seq FROM seq_1_to_50000;\n"
        "DELIMITER //\n"
        "CREATE FUNCTION check_it(n int) RETURNS int BEGIN\n"
        "IF n = 49000 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'forged text'; END IF;\n"
        "RETURN n; END//\n"
        "DELIMITER ;\n"
        "CREATE VIEW v AS SELECT check_it(n) AS n, repeat('x', 500) AS x FROM t"
    )
    with (
        opened(mariadb_database) as connected,
        pytest.raises(HeadraceError) as caught,
        started(connected, mariadb_database, "v") as reader,
    ):
        rows = 0
        for batch in reader:
            rows += batch.num_rows
    assert 0 < rows < 49_000
    assert caught.value.kind is DATABASE_ERROR
    assert "error 1644" in caught.value.detail
    assert "forged" not in caught.value.detail


def test_leaving_early_leaves_no_thread(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(ENDLESS)
    with opened(mariadb_database) as connected:
        with started(connected, mariadb_database, "endless") as reader:
            next(iter(reader))
        assert working() == []
        # The connection has been given up, and says so.
        with pytest.raises(HeadraceError) as caught:
            drained(connected, mariadb_database, "endless")
    assert caught.value.kind is CONNECTION_LOST


def test_an_error_of_the_callers_own_passes_through(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(ENDLESS)
    with opened(mariadb_database) as connected:
        with (
            pytest.raises(ZeroDivisionError),
            started(connected, mariadb_database, "endless"),
        ):
            raise ZeroDivisionError
        assert working() == []


def test_closing_twice(mariadb_database: MariadbDatabase) -> None:
    with opened(mariadb_database) as connected:
        connected.close()
