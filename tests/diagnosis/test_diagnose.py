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


def pattern(checks: list[Check]) -> str:
    return "".join(LETTERS[check.status] for check in checks)


@dataclass(frozen=True)
class Case:
    """What is wrong, the statuses of the seven layers in order, and the code of the failed one."""

    changed: dict[str, Any] = field(default_factory=dict)
    statuses: str = ""
    code: str = ""


CASES = {
    "unknown host": Case({"host": "-"}, "pF-----", "host_unknown"),
    "wrong password": Case({"password": PASSWORD}, "pppwF--", "password_rejected"),
    "wrong user": Case({"user": "nobody_here"}, "pppwF--", "password_rejected"),
    "wrong database": Case({"database": "nowhere"}, "pppwpF-", "database_not_found"),
    "no TLS there": Case({"tls": "verify-full"}, "pppF---", "tls_not_offered"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_layer_that_fails_is_named(database: Database, case: Case) -> None:
    checks = examined(database, **case.changed)
    assert pattern(checks) == case.statuses
    failed = next(check for check in checks if check.status is CheckStatus.FAILED)
    assert failed.code == case.code
    assert failed.hint


def test_nothing_listens(database: Database) -> None:
    checks = examined(database, port=free_port())
    assert pattern(checks) == "ppF----"
    assert checks[2].code == "connection_refused"


def test_a_database_with_tables(database: Database) -> None:
    database.execute("CREATE TABLE a (); CREATE TABLE b ()")
    checks = examined(database)
    assert pattern(checks) == "pppwppp"  # TLS is off, as the test's connection chooses
    assert "2 of 2" in checks[-1].found
    assert "PostgreSQL 18." in checks[-2].found


def test_an_empty_database_is_a_warning(database: Database) -> None:
    checks = examined(database)
    assert pattern(checks) == "pppwppw"
    assert checks[-1].hint


def test_tables_that_may_not_be_read_are_a_warning(database: Database) -> None:
    database.execute("CREATE TABLE a (x int)")
    with user_without_rights(database) as (connection, credentials):
        checks = list(diagnose(connection, credentials, LOCAL))
    assert pattern(checks) == "pppwppw"
    assert "none of 1" in checks[-1].found


def test_a_database_that_the_user_may_not_enter(database: Database) -> None:
    database.execute(f"REVOKE CONNECT ON DATABASE {database.name} FROM PUBLIC")
    with user_without_rights(database) as (connection, credentials):
        checks = list(diagnose(connection, credentials, LOCAL))
    assert pattern(checks) == "pppwpF-"
    assert checks[5].code == "permission_denied"
    assert "GRANT CONNECT" in (checks[5].hint or "")


@pytest.mark.parametrize(
    ("impostor", "tls", "statuses", "code"),
    [
        (impostors.http, "disable", "pppwF--", "protocol_unexpected"),
        (impostors.http, "verify-full", "pppF---", "protocol_unexpected"),
        (impostors.echo, "disable", "pppwF--", "protocol_unexpected"),
        (impostors.echo, "require", "pppF---", "protocol_unexpected"),
        (impostors.hangs_up, "disable", "pppwF--", "protocol_unexpected"),
        (impostors.silent, "disable", "pppwF--", "connection_timed_out"),
        (impostors.silent, "require", "pppF---", "connection_timed_out"),
        (impostors.dribbling, "disable", "pppwF--", "connection_timed_out"),
        (impostors.kerberos, "disable", "pppwF--", "login_method_unknown"),
        (impostors.refusing_with_prose, "disable", "pppwF--", "protocol_unexpected"),
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
