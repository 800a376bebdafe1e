"""What a session is set to, and that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from headrace.errors import PROTOCOL_UNEXPECTED, HeadraceError
from headrace.sources import connect
from headrace.sources.mysql.database import MysqlDatabase
from headrace.sources.mysql.session import SETTINGS, Session
from headrace.values import Value
from tests.conftest import LOCAL, MariadbDatabase
from tests.sources.mysql.reading import opened, read_all, started, user_without_rights

# What MySQL alone knows.
ABSENT = {"max_execution_time", "information_schema_stats_expiry"}


@pytest.fixture
def session(mariadb_database: MariadbDatabase) -> Iterator[Session]:
    with opened(mariadb_database) as connected:
        assert isinstance(connected, MysqlDatabase)
        yield connected._session


def value(session: Session, name: str) -> str:
    ((_, found),) = session.query("Asking", f"SHOW SESSION VARIABLES LIKE '{name}'")
    return str(found)


def test_every_setting_is_made_that_the_server_knows(session: Session) -> None:
    known = {name for name, _ in session.query("Asking", "SHOW SESSION VARIABLES")}
    assert SETTINGS.keys() - known == ABSENT
    assert value(session, "time_zone") == "+00:00"
    assert value(session, "sql_mode") == ""
    assert value(session, "max_statement_time") == "0.000000"
    assert value(session, "lock_wait_timeout") == "20"  # the server's own is shorter than ours
    for name in ("client", "connection", "results"):
        assert value(session, f"character_set_{name}") == "utf8mb4"


def test_a_local_file_is_never_sent(session: Session) -> None:
    assert session.driver._local_infile is False
    assert session.driver.client_flag & 128 == 0  # CLIENT_LOCAL_FILES


def test_it_is_mariadb(session: Session) -> None:
    assert session.product.startswith("MariaDB 1")


def test_a_limit_on_the_length_of_statements_holds_for_others(
    mariadb_database: MariadbDatabase,
) -> None:
    """A table may take hours; whoever ends the statement by hand is told in test_lost.py."""
    mariadb_database.execute(
        "CREATE VIEW slow AS SELECT sleep(0.6) AS interrupted; SET GLOBAL max_statement_time = 0.2"
    )
    try:
        with pytest.raises(RuntimeError, match="max_statement_time"):
            mariadb_database.execute("SELECT * FROM slow")
        assert read_all(mariadb_database, "slow").to_pylist() == [{"interrupted": 0}]
    finally:
        mariadb_database.server.execute("SET GLOBAL max_statement_time = 0")


def test_rows_are_read_as_they_are_now(mariadb_database: MariadbDatabase) -> None:
    """A server may be told to show system-versioned tables as they were at some moment."""
    mariadb_database.execute(
        "CREATE TABLE t (a int) WITH SYSTEM VERSIONING; INSERT INTO t VALUES (1);"
        "SET GLOBAL system_versioning_asof = '2001-01-01'"
    )
    try:
        assert mariadb_database.execute("SELECT * FROM t") == ""
        assert read_all(mariadb_database, "t").to_pylist() == [{"a": 1}]
    finally:
        mariadb_database.server.execute("SET GLOBAL system_versioning_asof = DEFAULT")


def test_an_answer_of_another_shape(session: Session) -> None:
    class Number(Value):
        number: int

    for sql in ("SELECT 1 AS other", "SELECT 'x' AS number", "SELECT 1 AS number LIMIT 0"):
        with pytest.raises(HeadraceError) as caught:
            session.answer("Asking", sql, Number)
        assert caught.value.kind is PROTOCOL_UNEXPECTED
    with pytest.raises(HeadraceError) as caught:
        session.named("Asking", "SELECT 1, 2, 3")
    assert caught.value.kind is PROTOCOL_UNEXPECTED


def test_what_a_server_does_to_every_session_is_undone(mariadb_database: MariadbDatabase) -> None:
    """`init_connect` runs before anything that a client says."""
    mariadb_database.execute(
        "CREATE TABLE t (a varchar(9), b timestamp); "
        "INSERT INTO t VALUES ('Ünï☃', FROM_UNIXTIME(1))"
    )
    mariadb_database.server.execute(
        "SET GLOBAL init_connect = \"SET NAMES latin1, time_zone = '+05:00', sql_mode = 'ANSI'\""
    )
    try:
        with user_without_rights(mariadb_database) as (connection, credentials):
            mariadb_database.execute(f"GRANT SELECT ON t TO {connection.user}")
            connected = connect(connection, credentials, LOCAL)
            with started(connected, mariadb_database, "t") as reader:
                (row,) = [row for batch in reader for row in batch.to_pylist()]
            connected.close()
    finally:
        mariadb_database.server.execute("SET GLOBAL init_connect = ''")
    assert row == {"a": "Ünï☃", "b": datetime.fromtimestamp(1, UTC)}
