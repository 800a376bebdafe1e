"""Rows that are written while runs go on, and committed late: `merge` misses none of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from devservers import mariadb as devmariadb
from headrace.connections import Credentials
from headrace.model import TableRun
from headrace.settings import Settings
from tests.conftest import Database, MariadbDatabase
from tests.extraction.shop import Shop, shop_of
from tests.extraction.writers import begin, connect, dialect, writing

SECONDS = 6
MERGE: dict[str, Any] = {"mode": "merge", "cursor": ["updated_at"]}
BOTH = pytest.mark.parametrize("database_name", ["database", "mariadb_database"])
TIMES = {
    "database": ("timestamptz", "timestamp(0)"),
    "mariadb_database": ("timestamp(6)", "datetime"),
}


def shop_with(
    database: Database | MariadbDatabase, settings: Settings, updated_at: str = "timestamp(6)"
) -> Shop:
    database.execute(
        f"CREATE TABLE t (id int PRIMARY KEY, n int, updated_at {updated_at} NOT NULL)"
    )
    return shop_of(database, settings)


def source_rows(shop: Shop) -> list[tuple[int, int]]:
    lines = shop.database.execute("SELECT id, n FROM t ORDER BY id").replace("|", "\t").splitlines()
    return [(int(id_), int(n)) for id_, n in (line.split("\t") for line in lines)]


@pytest.mark.parametrize(
    ("database_name", "updated_at"),
    [(name, updated_at) for name, both in TIMES.items() for updated_at in both],
)
def test_after_the_writers_the_destination_is_the_source(
    request: pytest.FixtureRequest,
    settings: Settings,
    record_property: Any,
    database_name: str,
    updated_at: str,
) -> None:
    shop = shop_with(request.getfixturevalue(database_name), settings, updated_at)
    figures = followed(shop, MERGE, deletes=False)
    for name, value in figures.items():
        record_property(name, value)


@BOTH
def test_after_writers_that_delete_too(
    request: pytest.FixtureRequest, settings: Settings, record_property: Any, database_name: str
) -> None:
    shop = shop_with(request.getfixturevalue(database_name), settings)
    figures = followed(shop, {**MERGE, "detect_deletes": "hard"}, deletes=True)
    for name, value in figures.items():
        record_property(name, value)


def followed(shop: Shop, choice: dict[str, Any], *, deletes: bool) -> dict[str, int]:
    """Bring what is new while others write, and at last all of it; what has been done."""
    runs: list[TableRun] = []
    with writing(shop.database, deletes=deletes) as writers:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            runs.append(shop.run(**choice))
    time.sleep(1.5)  # the last second is over, and so is one to which a time was rounded up
    runs.append(shop.run(**choice))

    assert shop.rows("id, n") == source_rows(shop)
    assert shop.rows("DISTINCT id") == shop.rows("id")
    figures = {**writers.done, "runs": len(runs), "runs with rows": sum(r.rows > 0 for r in runs)}
    if deletes:
        figures["rows found deleted"] = sum(run.deleted for run in runs)
    print(figures)
    assert all(figures[name] > 2 for name in figures), figures
    return figures


@pytest.fixture
def shop(request: pytest.FixtureRequest, settings: Settings, database_name: str) -> Shop:
    return shop_with(request.getfixturevalue(database_name), settings)


@BOTH
@pytest.mark.parametrize("has_written", [False, True])
def test_a_transaction_that_commits_after_a_run_is_not_skipped(
    shop: Shop, has_written: bool
) -> None:
    shop.execute("INSERT INTO t VALUES (1, 1, '2024-01-01')")
    skipped_nothing(shop, has_written=has_written)


def skipped_nothing(shop: Shop, *, has_written: bool, moment: str | None = None) -> None:
    spoken = dialect(shop.database)
    late = f"INSERT INTO t VALUES (2, 2, {moment or spoken.began})"
    with closing(connect(shop.database)) as other:
        begin(other, spoken)
        if has_written:
            other.run(late)
        time.sleep(1)
        shop.execute(f"INSERT INTO t VALUES (3, 3, {moment or 'CURRENT_TIMESTAMP'})")
        time.sleep(1)  # a list of transactions may be to the second
        first = shop.run(**MERGE)
        if not has_written:
            other.run(late)
        other.run("COMMIT")
    second = shop.run(**MERGE)

    assert (first.rows, second.rows) == (1, 2)
    assert shop.rows("id") == [(1,), (2,), (3,)]
    assert first.window is not None
    assert first.window.remarks == ()


@BOTH
def test_who_may_not_see_transactions_is_told_so_and_has_the_lag(shop: Shop) -> None:
    reader = read_only(shop)
    spoken = dialect(shop.database)
    shop.execute("INSERT INTO t VALUES (1, 1, '2024-01-01')")
    with closing(connect(shop.database)) as other:
        begin(other, spoken)
        other.run(f"INSERT INTO t VALUES (2, 2, {spoken.began})")
        shop.execute("INSERT INTO t VALUES (3, 3, CURRENT_TIMESTAMP(6))")
        first = reader.run(**MERGE, lag_seconds=3)
        other.run("COMMIT")
    time.sleep(3)
    second = reader.run(**MERGE, lag_seconds=3)

    assert first.window is not None
    (remark,) = first.window.remarks
    assert "GRANT" in remark
    assert (first.rows, second.rows) == (1, 2)
    assert reader.rows("id") == [(1,), (2,), (3,)]


def read_only(shop: Shop) -> Shop:
    """The shop as a user sees it who may read the table, and nothing else."""
    mysql = isinstance(shop.database, MariadbDatabase)
    user = f"reader_{shop.database.name[-12:]}"
    shop.execute(
        f"CREATE USER {user} IDENTIFIED BY 'entrance'; GRANT SELECT ON t TO {user}"
        if mysql
        else f"CREATE ROLE {user} LOGIN PASSWORD 'entrance'; GRANT SELECT ON t TO {user}"
    )
    connection = shop.source.connection.model_copy(update={"user": user})
    source = shop.source.model_copy(update={"connection": connection})
    database = _As(shop.database, Credentials(password=SecretStr("entrance")))
    return replace(shop, source=source, database=database)  # type: ignore[arg-type]


class _As:
    """A database with the credentials of another user."""

    def __init__(self, database: Database | MariadbDatabase, credentials: Credentials) -> None:
        self.credentials = credentials
        self.execute = database.execute


def test_a_prepared_transaction_is_told_of(settings: Settings) -> None:
    from devservers.postgres import temporary_server

    server = temporary_server(max_prepared_transactions="2")
    try:
        shop = shop_with(Database(server.start(), "postgres"), settings)
        shop.execute("BEGIN; INSERT INTO t VALUES (1, 1, now()); PREPARE TRANSACTION 'one'")
        time.sleep(0.1)
        shop.execute("INSERT INTO t VALUES (2, 2, now())")
        first = shop.run(**MERGE, lag_seconds=1)
        shop.execute("COMMIT PREPARED 'one'")
        time.sleep(1)
        second = shop.run(**MERGE, lag_seconds=1)

        assert first.window is not None
        (remark,) = first.window.remarks
        assert "prepared" in remark
        assert (first.rows, second.rows) == (0, 2)
    finally:
        server.remove()


def twice() -> str:
    """A zone whose clock is put back by an hour in half an hour, so that this hour comes twice."""
    at = datetime.now(UTC) + timedelta(minutes=30)
    day = at.timetuple().tm_yday - 1
    return f"AAA0BBB-1,0/0,{day}/{at.hour + 1}:{at.minute:02}:00"


@pytest.fixture(params=["Asia/Kolkata", "America/St_Johns", "twice"])
def elsewhere(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MariadbDatabase]:
    """A server whose machine is in another zone, and one that is told to be in a third."""
    monkeypatch.setenv("TZ", twice() if request.param == "twice" else request.param)
    options = {"default_time_zone": "+03:00"} if request.param == "America/St_Johns" else {}
    server = devmariadb.temporary_server(**options)
    try:
        server.start().execute("CREATE DATABASE shop")
        yield MariadbDatabase(server, "shop")
    finally:
        server.remove()


@pytest.mark.parametrize("updated_at", ["timestamp(6)", "datetime(6)"])
def test_the_servers_zone_does_not_move_the_window(
    elsewhere: MariadbDatabase, settings: Settings, updated_at: str
) -> None:
    """What the clock shows can mean two moments; a default knows which."""
    shop = shop_with(elsewhere, settings, f"{updated_at} DEFAULT CURRENT_TIMESTAMP(6)")
    shop.execute("INSERT INTO t VALUES (1, 1, '2024-02-02')")

    skipped_nothing(shop, has_written=True, moment="DEFAULT")


@BOTH
def test_a_second_that_has_begun_is_left_for_later(
    request: pytest.FixtureRequest, settings: Settings, database_name: str
) -> None:
    """In a column of whole seconds, rows of one second are committed before a run and after it."""
    shop = shop_with(request.getfixturevalue(database_name), settings, "timestamp(0)")
    second, same = "date_trunc('second', localtimestamp)", False
    if isinstance(shop.database, MariadbDatabase):
        second = "NOW()"
    for attempt in range(0, 20, 2):
        time.sleep(1 - time.time() % 1)
        shop.execute(f"INSERT INTO t VALUES ({attempt}, 0, {second})")
        shop.run(**MERGE)
        shop.execute(f"INSERT INTO t VALUES ({attempt + 1}, 0, {second})")
        if same := shop.database.execute("SELECT COUNT(DISTINCT updated_at) FROM t") == "1":
            break
        shop.execute("DELETE FROM t")
        shop.run(mode="full")
    assert same, "no run fits into a second"
    time.sleep(1)
    shop.run(**MERGE)

    assert shop.rows("id, n") == source_rows(shop)
