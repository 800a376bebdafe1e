"""The connection test of MySQL and MariaDB: which layer is blamed."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from headrace.checks import Check, CheckStatus, Layer
from headrace.connections import Credentials
from headrace.diagnosis.diagnose import diagnose
from tests.conftest import LOCAL, MariadbDatabase
from tests.diagnosis.test_diagnose import of, pattern
from tests.sources.mysql.reading import user_without_rights


def examined(own: MariadbDatabase, *, seconds: float = 20, **changed: Any) -> list[Check]:
    password = changed.pop("password", own.server.password)
    connection = own.connection.model_validate({**own.connection.model_dump(), **changed})
    credentials = Credentials(password=SecretStr(password))
    checks = list(diagnose(connection, credentials, LOCAL, seconds=seconds))
    assert [check.layer for check in checks] == list(Layer)
    assert password not in repr([check.model_dump() for check in checks])
    return checks


def test_a_database_with_tables(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE a (x int); CREATE VIEW b AS SELECT 1 AS x")
    checks = examined(mariadb_database)
    # TLS is off, as the test's connection chooses.
    assert pattern(checks, to=Layer.DATABASE) == "ppppwpp"
    assert "2 of 2" in of(checks, Layer.RIGHTS).found
    assert "on MariaDB 1" in of(checks, Layer.DATABASE).found
    assert of(checks, Layer.PROTOCOL).facts[0].value.startswith("MariaDB 1")


def test_an_empty_database_is_a_warning(mariadb_database: MariadbDatabase) -> None:
    rights = of(examined(mariadb_database), Layer.RIGHTS)
    assert rights.status is CheckStatus.WARNED
    assert rights.hint


def test_tables_that_may_not_be_read_are_a_warning(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE a (x int)")
    with user_without_rights(mariadb_database) as (connection, credentials):
        mariadb_database.execute(f"GRANT INSERT ON a TO {connection.user}")
        checks = list(diagnose(connection, credentials, LOCAL))
    assert pattern(checks, to=Layer.RIGHTS) == "ppppwppw"
    assert "none of 1" in of(checks, Layer.RIGHTS).found


def test_ending_early_leaves_no_session(mariadb_database: MariadbDatabase) -> None:
    checks = diagnose(mariadb_database.connection, mariadb_database.credentials, LOCAL)
    while next(checks).layer is not Layer.DATABASE:
        pass
    checks.close()  # type: ignore[attr-defined]
    # The server notices a moment later; the query ends with an error if it never does.
    mariadb_database.execute(
        "DELIMITER //\n"
        "SET STATEMENT max_statement_time = 10 FOR BEGIN NOT ATOMIC\n"
        "WHILE EXISTS (SELECT 1 FROM information_schema.processlist\n"
        "WHERE db = DATABASE() AND id <> CONNECTION_ID()) DO SELECT SLEEP(0.01) INTO @x;\n"
        "END WHILE; END//\n"
    )
