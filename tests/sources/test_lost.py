"""Connections that end while rows are coming, from either side."""

from __future__ import annotations

import threading
import time

import pytest

from devservers.postgres import temporary_server
from headrace.errors import CONNECTION_LOST, STATEMENT_TIMED_OUT, HeadraceError
from headrace.sources import Database as SourceDatabase
from headrace.sources.postgres import session
from tests.conftest import Database
from tests.sources.reading import opened, reading

# More than what two blocks, the kernel and PostgreSQL can hold between them.
ENDLESS = "CREATE VIEW endless AS SELECT repeat('x', 10000) AS a FROM generate_series(1, 100000)"
OURS = "FROM pg_stat_activity WHERE application_name = 'headrace' AND datname = current_database()"


def copying() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "copy"]


def drained(connected: SourceDatabase, name: str) -> int:
    with reading(connected, name) as reader:
        return sum(batch.num_rows for batch in reader)


def test_a_session_that_the_server_ends(database: Database) -> None:
    database.execute(ENDLESS)
    with opened(database) as connected:
        with (
            pytest.raises(HeadraceError) as caught,
            reading(connected, "endless") as reader,
        ):
            next(batches := iter(reader))
            database.execute(f"SELECT pg_terminate_backend(pid) {OURS}")
            list(batches)
        assert caught.value.kind is CONNECTION_LOST
        assert "public.endless" in caught.value.detail
    assert copying() == []


def test_a_server_that_dies() -> None:
    server = temporary_server()
    try:
        server.start()
        database = Database(server, "postgres")
        database.execute(ENDLESS)
        with opened(database) as connected:
            with (
                pytest.raises(HeadraceError) as caught,
                reading(connected, "endless") as reader,
            ):
                next(batches := iter(reader))
                server.kill()
                list(batches)
            assert caught.value.kind is CONNECTION_LOST
    finally:
        server.remove()
    assert copying() == []


def test_a_server_that_is_gone_between_two_tables(database: Database) -> None:
    with opened(database) as connected:
        database.execute(f"SELECT pg_terminate_backend(pid, 10000) {OURS}")
        with pytest.raises(HeadraceError) as caught:
            drained(connected, "t")
    assert caught.value.kind is CONNECTION_LOST


def test_a_statement_that_the_server_cancels(database: Database) -> None:
    database.execute(
        "CREATE VIEW slow AS SELECT pg_sleep(30)::text;"
        f"ALTER DATABASE {database.name} SET statement_timeout TO '1s'"
    )
    with opened(database) as connected, pytest.raises(HeadraceError) as caught:
        drained(connected, "slow")
    assert caught.value.kind is STATEMENT_TIMED_OUT
    assert "public.slow" in caught.value.detail


def test_leaving_early_leaves_no_thread(database: Database) -> None:
    database.execute(ENDLESS)
    with opened(database) as connected:
        with reading(connected, "endless") as reader:
            next(iter(reader))
        assert copying() == []
        # The connection has been given up, and says so.
        with pytest.raises(HeadraceError) as caught:
            drained(connected, "endless")
    assert caught.value.kind is CONNECTION_LOST


def test_an_error_of_the_callers_own_passes_through(database: Database) -> None:
    database.execute(ENDLESS)
    with opened(database) as connected:
        with pytest.raises(ZeroDivisionError), reading(connected, "endless"):
            raise ZeroDivisionError
        assert copying() == []


def test_closing_twice(database: Database) -> None:
    with opened(database) as connected:
        connected.close()


def test_a_job_that_is_gone_keeps_no_lock(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its statement has sent nothing yet, so nobody else would notice for a minute."""
    monkeypatch.setattr(session, "CHECK_SECONDS", 1)
    database.execute("CREATE VIEW slow AS SELECT pg_sleep(60)::text AS a")
    with opened(database) as connected:
        working = threading.Thread(target=lambda: refused(connected, "slow"))
        working.start()
        wait_for(database, "1", f"SELECT count(*) {OURS} AND state = 'active'")
        connected.abandon()
        working.join()
    wait_for(database, "0", f"SELECT count(*) {OURS}")


def refused(connected: SourceDatabase, name: str) -> None:
    with pytest.raises(HeadraceError):
        drained(connected, name)


def wait_for(database: Database, wanted: str, sql: str) -> None:
    until = time.monotonic() + 30
    while database.execute(sql) != wanted:
        assert time.monotonic() < until, database.execute(sql)
        time.sleep(0.2)


def test_a_server_that_can_not_look_for_its_client_is_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another value than 0 is refused where the system does not tell; so is one that is none."""
    monkeypatch.setattr(session, "CHECK_SECONDS", "no number of ")
    database.execute("CREATE VIEW few AS SELECT 1 AS a")
    with opened(database) as connected:
        assert drained(connected, "few") == 1
