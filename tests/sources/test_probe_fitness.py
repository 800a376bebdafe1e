"""What bears on a long read, and that what is advised takes it away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date

import pytest

from devservers.pgbouncer import pgbouncer
from devservers.postgres import USER, PostgresServer, temporary_server
from headrace import sources
from headrace.checks import CheckStatus, Layer
from headrace.errors import RECOVERY_CONFLICT, HeadraceError
from headrace.model import UnfitPolicy
from headrace.sources.postgres import versions
from tests.conftest import LOCAL, Database
from tests.sources.probing import facts, probed, probed_as
from tests.sources.reading import selected, user_without_rights


def test_a_fit_server(database: Database) -> None:
    check = probed(database.connection, database.credentials)[Layer.FITNESS]
    assert check.status is CheckStatus.PASSED
    told = facts(check)
    assert "PostgreSQL 18." in told["version"].value
    assert "primary" in told["role"].value
    for name in ("round trip", "clock", "rate"):
        assert any(letter.isdigit() for letter in told[name].value)
    assert "pooler" not in told


@pytest.mark.parametrize("setting", ["statement_timeout", "transaction_timeout"])
def test_a_limit_that_ends_long_reads(database: Database, setting: str) -> None:
    with user_without_rights(database) as (connection, credentials):
        database.execute(f"ALTER ROLE {connection.user} SET {setting} = '90s'")
        before = probed(connection, credentials)[Layer.FITNESS]
        database.execute(before.copy_text or "")
        after = probed(connection, credentials)[Layer.FITNESS]
    assert before.status is CheckStatus.WARNED
    assert "90 s" in facts(before)[setting].value
    assert after.status is CheckStatus.PASSED


def test_a_limit_that_an_extraction_turns_off_is_no_problem(database: Database) -> None:
    with user_without_rights(database) as (connection, credentials):
        name = "idle_in_transaction_session_timeout"
        database.execute(f"ALTER ROLE {connection.user} SET {name} = '5s'")
        check = probed(connection, credentials)[Layer.FITNESS]
    assert check.status is CheckStatus.PASSED
    assert "5 s; an extraction turns it off" in facts(check)[name].value


@pytest.mark.parametrize("limited", ["ROLE {user}", "DATABASE {database}"])
def test_few_connections_are_left(database: Database, limited: str) -> None:
    with user_without_rights(database) as (connection, credentials):
        of = limited.format(user=connection.user, database=database.name)
        database.execute(f"ALTER {of} CONNECTION LIMIT 3")
        fact = facts(probed(connection, credentials)[Layer.FITNESS])["connections"]
    assert fact.value.startswith("2 connections are left")
    assert fact.advice


@pytest.mark.parametrize("database", ["oldest_postgres"], indirect=True)
def test_a_version_whose_time_has_ended(database: Database) -> None:
    check = probed(database.connection, database.credentials)[Layer.FITNESS]
    assert check.status is CheckStatus.WARNED
    fact = facts(check)["version"]
    assert fact.value.startswith("PostgreSQL 13.")
    assert "2025-11-13" in fact.value
    assert fact.advice


@pytest.mark.parametrize(
    ("number", "today", "ended", "told"),
    [
        (140_020, date(2026, 11, 11), False, "until 2026-11-12"),
        (140_020, date(2026, 11, 12), True, "on 2026-11-12"),
        (90_624, date(2026, 1, 1), True, "PostgreSQL 9."),
        (990_000, date(2090, 1, 1), False, "PostgreSQL 99.0."),
    ],
)
def test_the_end_of_a_version(number: int, today: date, told: str, *, ended: bool) -> None:
    fact = versions.fact(number, today)
    assert told in fact.value
    assert (fact.advice is not None) == ended


@pytest.fixture
def replica() -> Iterator[PostgresServer]:
    """A server that waits for its primary's changes."""
    server = temporary_server()
    try:
        server.start()
        server.stop()
        (server.directory / "data/standby.signal").touch()
        yield server.start()
    finally:
        server.remove()


def test_a_replica_that_cancels_reads(replica: PostgresServer) -> None:
    database = Database(replica, "postgres")
    before = probed(database.connection, database.credentials)[Layer.FITNESS]
    replica.psql(before.copy_text or "")
    replica.stop()  # and not only its configuration loaded anew, which takes a moment
    replica.start()
    after = probed(database.connection, database.credentials)[Layer.FITNESS]
    assert before.status is CheckStatus.WARNED
    assert "replica" in before.found
    assert "30 s (max_standby_streaming_delay)" in facts(before)["role"].value
    assert after.status is CheckStatus.PASSED
    assert "replica" in after.found


def test_rights_that_could_not_be_asked_for_leave_the_rest(database: Database) -> None:
    database.execute("REVOKE EXECUTE ON FUNCTION row_security_active(oid) FROM PUBLIC")
    with user_without_rights(database) as (connection, credentials):
        checks = probed(connection, credentials)
    assert checks[Layer.RIGHTS].status is CheckStatus.FAILED
    assert checks[Layer.FITNESS].status is CheckStatus.PASSED


def test_a_read_that_a_replica_cancels_may_be_begun_again(database: Database) -> None:
    database.execute(
        "CREATE FUNCTION cancelled() RETURNS int LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$;"
        "CREATE VIEW v AS SELECT public.cancelled() AS a"
    )
    with (
        closing(sources.connect(database.connection, database.credentials, LOCAL)) as connected,
        pytest.raises(HeadraceError) as caught,
        connected.read(selected("v"), UnfitPolicy.FAIL) as reader,
    ):
        list(reader)
    assert caught.value.kind is RECOVERY_CONFLICT
    assert caught.value.transient


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_pooler_in_between(database: Database, mode: str) -> None:
    password = database.server.password
    with pgbouncer(database.server, mode) as port:
        check = probed_as(database, USER, password, port=port)[Layer.FITNESS]
    assert check.status is CheckStatus.WARNED
    assert facts(check)["pooler"].advice


@pytest.mark.parametrize(("ahead", "told"), [(60, "60 s behind"), (-60, "60 s ahead of")])
def test_clocks_that_differ(
    database: Database, monkeypatch: pytest.MonkeyPatch, ahead: int, told: str
) -> None:
    """Here it is this machine's clock that is wrong."""
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + ahead)
    fact = facts(probed(database.connection, database.credentials)[Layer.FITNESS])["clock"]
    assert told in fact.value
    assert fact.advice
