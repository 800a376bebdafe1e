"""The connection test: which layer is blamed, and that all layers are always spoken of."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from headrace.checks import Check, CheckStatus, Layer
from headrace.connections import Credentials
from headrace.diagnosis.diagnose import diagnose
from tests.conftest import LOCAL, Database
from tests.sources.reading import user_without_rights

PASSWORD = "tr0ub4dor-&-3"
LETTERS = {
    CheckStatus.PASSED: "p",
    CheckStatus.FAILED: "F",
    CheckStatus.WARNED: "w",
    CheckStatus.SKIPPED: "-",
}


def examined(own: Database, *, seconds: float = 20, **changed: Any) -> list[Check]:
    password = changed.pop("password", own.server.password)
    connection = own.connection.model_validate({**own.connection.model_dump(), **changed})
    credentials = Credentials(password=SecretStr(password))
    checks = list(diagnose(connection, credentials, LOCAL, seconds=seconds))
    assert [check.layer for check in checks] == list(Layer)
    assert password not in repr([check.model_dump() for check in checks])
    return checks


def pattern(checks: list[Check], *, to: Layer = Layer.FITNESS) -> str:
    """The statuses of the layers in order, a letter each."""
    return "".join(LETTERS[check.status] for check in checks[: list(Layer).index(to) + 1])


def of(checks: list[Check], layer: Layer) -> Check:
    return next(check for check in checks if check.layer is layer)


def test_a_database_with_tables(database: Database) -> None:
    database.execute("CREATE TABLE a (); CREATE TABLE b ()")
    checks = examined(database)
    # TLS is off, as the test's connection chooses, and its user may do everything.
    assert pattern(checks) == "ppppwppwp"
    assert "2 of 2" in of(checks, Layer.RIGHTS).found
    assert "PostgreSQL 18." in of(checks, Layer.DATABASE).found
    assert of(checks, Layer.PROTOCOL).facts[0].value == "PostgreSQL"


def test_an_empty_database_is_a_warning(database: Database) -> None:
    rights = of(examined(database), Layer.RIGHTS)
    assert rights.status is CheckStatus.WARNED
    assert rights.hint


def test_tables_that_may_not_be_read_are_a_warning(database: Database) -> None:
    database.execute("CREATE TABLE a (x int)")
    with user_without_rights(database) as (connection, credentials):
        checks = list(diagnose(connection, credentials, LOCAL))
    assert pattern(checks) == "ppppwppwp"
    assert "none of 1" in of(checks, Layer.RIGHTS).found


def test_ending_early_leaves_no_session(database: Database) -> None:
    checks = diagnose(database.connection, database.credentials, LOCAL)
    while next(checks).layer is not Layer.DATABASE:
        pass
    checks.close()  # type: ignore[attr-defined]
    # The server notices a moment later; the loop ends with an error if it never does.
    database.execute(
        """
        SET statement_timeout TO '10s';
        DO $$ BEGIN
            WHILE EXISTS (
                SELECT FROM pg_stat_activity
                WHERE application_name = 'headrace' AND datname = current_database()
            ) LOOP
                PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
            END LOOP;
        END $$
        """
    )
