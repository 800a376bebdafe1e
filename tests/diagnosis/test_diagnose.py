"""The connection test: which layer is blamed, and that all layers are always spoken of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import SecretStr

from devservers.ports import free_port
from headrace.connections import Credentials
from headrace.diagnosis.diagnose import diagnose
from headrace.model import Check, CheckStatus, Layer
from tests.conftest import LOCAL, Database
from tests.diagnosis import impostors
from tests.diagnosis.impostors import MYSQL_GREETING
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


@dataclass(frozen=True)
class Case:
    """What is wrong, the statuses of the layers to the database, and the failed one's code."""

    changed: dict[str, Any] = field(default_factory=dict)
    statuses: str = ""
    code: str = ""


CASES = {
    "unknown host": Case({"host": "-"}, "pF-----", "host_unknown"),
    "wrong password": Case({"password": PASSWORD}, "ppppwF-", "password_rejected"),
    "wrong user": Case({"user": "nobody_here"}, "ppppwF-", "password_rejected"),
    "wrong database": Case({"database": "nowhere"}, "ppppwpF", "database_not_found"),
    "no TLS there": Case({"tls": "verify-full"}, "ppppF--", "tls_not_offered"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_layer_that_fails_is_named(database: Database, case: Case) -> None:
    checks = examined(database, **case.changed)
    assert pattern(checks, to=Layer.DATABASE) == case.statuses
    failed = next(check for check in checks if check.status is CheckStatus.FAILED)
    assert failed.code == case.code
    assert failed.hint


def test_nothing_listens(database: Database) -> None:
    checks = examined(database, port=free_port())
    assert pattern(checks) == "ppF------"
    assert checks[2].code == "connection_refused"


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


def test_a_database_that_the_user_may_not_enter(database: Database) -> None:
    database.execute(f"REVOKE CONNECT ON DATABASE {database.name} FROM PUBLIC")
    with user_without_rights(database) as (connection, credentials):
        checks = list(diagnose(connection, credentials, LOCAL))
    assert pattern(checks, to=Layer.RIGHTS) == "ppppwpF-"
    assert of(checks, Layer.FITNESS).status is not CheckStatus.SKIPPED  # independent of it
    entering = of(checks, Layer.DATABASE)
    assert entering.code == "database_not_permitted"
    assert "GRANT CONNECT" in f"{entering.hint} {entering.copy_text}"


@pytest.mark.parametrize(
    ("impostor", "tls", "statuses", "code"),
    [
        (impostors.http, "disable", "pppF-----", "protocol_unexpected"),
        (impostors.http, "verify-full", "pppF-----", "protocol_unexpected"),
        (impostors.echo, "disable", "pppF-----", "protocol_unexpected"),
        (impostors.echo, "require", "pppF-----", "protocol_unexpected"),
        (impostors.hangs_up, "disable", "pppF-----", "protocol_unexpected"),
        (impostors.silent, "disable", "pppF-----", "connection_timed_out"),
        (impostors.silent, "require", "pppF-----", "connection_timed_out"),
        (impostors.saying(MYSQL_GREETING), "disable", "pppF-----", "database_type_wrong"),
        (impostors.saying(MYSQL_GREETING), "require", "pppF-----", "database_type_wrong"),
        (impostors.dribbling, "disable", "ppppwF---", "connection_timed_out"),
        (impostors.kerberos, "disable", "ppppwF---", "login_method_unknown"),
        (impostors.refusing_with_prose, "disable", "ppppwF---", "protocol_unexpected"),
    ],
)
def test_something_else_answers(
    database: Database, impostor: impostors.Conversation, tls: str, statuses: str, code: str
) -> None:
    with impostors.listening(impostor) as port:
        checks = examined(database, port=port, tls=tls, seconds=1)
    assert pattern(checks) == statuses
    failed = checks[statuses.index("F")]
    assert failed.code == code
    assert "script" not in failed.found
    assert "forged" not in failed.found


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
