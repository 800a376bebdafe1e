"""Logging in: each refusal by its own name, and no password in any of them."""

from __future__ import annotations

import resource
import traceback
from typing import Any

import pytest
from pydantic import SecretStr

from devservers.ports import free_port
from headrace.connections import Credentials
from headrace.errors import (
    ACCOUNT_LOCKED,
    CONNECTION_REFUSED,
    DATABASE_NOT_FOUND,
    DATABASE_NOT_PERMITTED,
    HOST_BLOCKED,
    HOST_NOT_PERMITTED,
    PASSWORD_EXPIRED,
    PASSWORD_REJECTED,
    PROTOCOL_UNEXPECTED,
    TOO_MANY_CONNECTIONS,
    HeadraceError,
    Kind,
)
from headrace.sources import connect
from tests.conftest import LOCAL, MariadbDatabase
from tests.diagnosis import impostors
from tests.sources.mysql.impostors import refusing
from tests.sources.mysql.reading import reading, user_without_rights

PASSWORD = "Pässwörd-'\"\\%:@/ 9"


def refused(database: MariadbDatabase, **changed: Any) -> HeadraceError:
    connection = database.connection.model_copy(update=changed)
    with pytest.raises(HeadraceError) as caught:
        connect(connection, Credentials(password=SecretStr(PASSWORD)), LOCAL)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert PASSWORD not in shown
    return caught.value


@pytest.mark.parametrize("changed", [{}, {"user": "nobody_here"}])
def test_a_wrong_password_or_user(
    mariadb_database: MariadbDatabase, changed: dict[str, Any]
) -> None:
    assert refused(mariadb_database, **changed).kind is PASSWORD_REJECTED


def test_nothing_listens(mariadb_database: MariadbDatabase) -> None:
    assert refused(mariadb_database, port=free_port()).kind is CONNECTION_REFUSED


@pytest.mark.parametrize("tls", ["disable", "verify-full"])
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(99), b"\n" * 99])
def test_something_else_listens(mariadb_database: MariadbDatabase, said: bytes, tls: str) -> None:
    with impostors.listening(lambda client: client.sendall(said)) as port:
        assert refused(mariadb_database, port=port, tls=tls).kind is PROTOCOL_UNEXPECTED


def test_a_greeting_without_an_end_takes_no_memory(mariadb_database: MariadbDatabase) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with impostors.listening(impostors.mysql_packets) as port:
        assert refused(mariadb_database, port=port).kind is PROTOCOL_UNEXPECTED
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


def test_what_a_server_greets_with(mariadb_database: MariadbDatabase) -> None:
    greetings = {1130: HOST_NOT_PERMITTED, 1129: HOST_BLOCKED, 1040: TOO_MANY_CONNECTIONS}
    for number, kind in greetings.items():
        for tls in ("disable", "verify-full"):
            with impostors.listening(refusing(number)) as port:
                error = refused(mariadb_database, port=port, tls=tls)
            assert error.kind is kind, number
            assert "forged" not in error.detail
            assert "pg_hba" not in error.hint


def test_a_password_of_every_kind_of_character(mariadb_database: MariadbDatabase) -> None:
    with user_without_rights(mariadb_database) as (connection, _):
        literal = PASSWORD.replace("\\", "\\\\").replace("'", "''")
        mariadb_database.execute(f"SET PASSWORD FOR {connection.user} = PASSWORD('{literal}')")
        connect(connection, Credentials(password=SecretStr(PASSWORD)), LOCAL).close()


def test_an_absent_database(mariadb_database: MariadbDatabase) -> None:
    connection = mariadb_database.connection.model_copy(update={"database": "nowhere"})
    with pytest.raises(HeadraceError) as caught:
        connect(connection, mariadb_database.credentials, LOCAL)
    assert caught.value.kind is DATABASE_NOT_FOUND
    assert "'nowhere'" in caught.value.detail


def test_a_database_that_may_not_be_entered(mariadb_database: MariadbDatabase) -> None:
    with user_without_rights(mariadb_database) as (connection, credentials):
        mariadb_database.execute(f"REVOKE ALL ON {mariadb_database.name}.* FROM {connection.user}")
        with pytest.raises(HeadraceError) as caught:
            connect(connection, credentials, LOCAL)
    assert caught.value.kind is DATABASE_NOT_PERMITTED
    assert "GRANT SELECT" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("ALTER USER {user} ACCOUNT LOCK", ACCOUNT_LOCKED),
        ("ALTER USER {user} PASSWORD EXPIRE", PASSWORD_EXPIRED),
        ("ALTER USER {user} REQUIRE SSL", PASSWORD_REJECTED),
    ],
)
def test_an_account_that_is_kept_out(
    mariadb_database: MariadbDatabase, change: str, kind: Kind
) -> None:
    with user_without_rights(mariadb_database) as (connection, credentials):
        mariadb_database.execute(change.format(user=connection.user))
        with pytest.raises(HeadraceError) as caught:
            connect(connection, credentials, LOCAL)
    assert caught.value.kind is kind


def test_a_user_with_no_connection_left(mariadb_database: MariadbDatabase) -> None:
    with user_without_rights(mariadb_database) as (connection, credentials):
        mariadb_database.execute(f"ALTER USER {connection.user} WITH MAX_USER_CONNECTIONS 1")
        first = connect(connection, credentials, LOCAL)
        with pytest.raises(HeadraceError) as caught:
            connect(connection, credentials, LOCAL)
        first.close()
    assert caught.value.kind is TOO_MANY_CONNECTIONS


def test_nothing_can_be_written(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (a int);\n"
        "DELIMITER //\n"
        "CREATE FUNCTION write_one() RETURNS int BEGIN INSERT INTO t VALUES (1); RETURN 1; END//\n"
        "DELIMITER ;\n"
        "CREATE VIEW v AS SELECT write_one() AS a"
    )
    with (
        pytest.raises(HeadraceError) as caught,
        reading(mariadb_database, "v") as reader,
    ):
        list(reader)
    assert "error 1792" in caught.value.detail  # ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
    assert mariadb_database.execute("SELECT count(*) FROM t") == "0"
