"""Logging in: each refusal by its own name, and no password in any of them."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from pydantic import SecretStr

from devservers.ports import free_port
from headrace.connections import Credentials
from headrace.errors import (
    ADDRESS_INVALID,
    CONNECTION_REFUSED,
    DATABASE_NOT_FOUND,
    DATABASE_NOT_PERMITTED,
    PASSWORD_REJECTED,
    PROTOCOL_UNEXPECTED,
    TOO_MANY_CONNECTIONS,
    HeadraceError,
    Kind,
)
from headrace.sources import connect
from tests.conftest import LOCAL, Database
from tests.diagnosis import impostors
from tests.sources.reading import opened, reading, user_without_rights

PASSWORD = "Pässwörd-'\"\\%:@/ 9"


def refused(database: Database, **changed: Any) -> HeadraceError:
    connection = database.connection.model_copy(update=changed)
    with pytest.raises(HeadraceError) as caught:
        connect(connection, Credentials(password=SecretStr(PASSWORD)), LOCAL)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert PASSWORD not in shown
    return caught.value


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({}, PASSWORD_REJECTED),
        ({"user": "nobody_here"}, PASSWORD_REJECTED),
        ({"host": "no..host"}, ADDRESS_INVALID),
    ],
)
def test_refusals(database: Database, changed: dict[str, Any], kind: Kind) -> None:
    assert refused(database, **changed).kind is kind


def test_nothing_listens(database: Database) -> None:
    assert refused(database, port=free_port()).kind is CONNECTION_REFUSED


def test_something_else_listens(database: Database) -> None:
    with impostors.listening(impostors.http) as port:
        assert refused(database, port=port).kind is PROTOCOL_UNEXPECTED


@pytest.mark.parametrize("encoding", [b"nonsense", b"hex", b"LATIN1"])
def test_another_encoding_than_was_asked_for(database: Database, encoding: bytes) -> None:
    """The driver would take the name for that of any codec of Python's."""
    with impostors.listening(impostors.encoding(encoding)) as port:
        assert refused(database, port=port).kind is PROTOCOL_UNEXPECTED


def test_a_password_of_every_kind_of_character(database: Database) -> None:
    role = f"role_of_{database.name}"
    literal = PASSWORD.replace("'", "''")
    database.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{literal}'")
    try:
        connection = database.connection.model_copy(update={"user": role})
        connect(connection, Credentials(password=SecretStr(PASSWORD)), LOCAL).close()
    finally:
        database.execute(f"DROP ROLE {role}")


def test_an_absent_database(database: Database) -> None:
    connection = database.connection.model_copy(update={"database": "nowhere"})
    with pytest.raises(HeadraceError) as caught:
        connect(connection, database.credentials, LOCAL)
    assert caught.value.kind is DATABASE_NOT_FOUND
    assert "'nowhere'" in caught.value.detail


def test_a_database_that_may_not_be_entered(database: Database) -> None:
    database.execute(f"REVOKE CONNECT ON DATABASE {database.name} FROM PUBLIC")
    with (
        user_without_rights(database) as (connection, credentials),
        pytest.raises(HeadraceError) as caught,
    ):
        connect(connection, credentials, LOCAL)
    assert caught.value.kind is DATABASE_NOT_PERMITTED
    assert "GRANT CONNECT" in caught.value.hint


def test_a_user_with_no_connection_left(database: Database) -> None:
    with user_without_rights(database) as (connection, credentials):
        database.execute(f"ALTER ROLE {connection.user} CONNECTION LIMIT 0")
        with pytest.raises(HeadraceError) as caught:
            connect(connection, credentials, LOCAL)
    assert caught.value.kind is TOO_MANY_CONNECTIONS


def test_nothing_can_be_written(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (a int);"
        "CREATE FUNCTION write() RETURNS int LANGUAGE sql "
        "AS 'INSERT INTO public.t VALUES (1) RETURNING a';"
        "CREATE VIEW v AS SELECT write() AS a"
    )
    with (
        opened(database) as connected,
        pytest.raises(HeadraceError) as caught,
        reading(connected, "v") as reader,
    ):
        list(reader)
    assert "25006" in caught.value.detail  # read_only_sql_transaction
    assert database.execute("SELECT count(*) FROM t") == "0"
