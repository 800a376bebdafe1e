"""What bears on a long read: each is told, and is a warning where it stands in the way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date

import pytest

from headrace.checks import Check, CheckStatus, Fact, Layer
from headrace.sources.mysql import releases
from tests.conftest import MariadbDatabase
from tests.faults.proxy import between, changed, first_changed
from tests.sources.mysql.checking import administrator, checked, facts, user
from tests.sources.mysql.reading import selected

READER = "GRANT SELECT ON {database}.* TO {user}"


@contextlib.contextmanager
def setting(database: MariadbDatabase, name: str, value: str) -> Iterator[None]:
    before = database.execute(f"SELECT @@global.{name}") or "''"
    database.execute(f"SET GLOBAL {name} = {value}")
    try:
        yield
    finally:
        database.execute(f"SET GLOBAL {name} = {before}")


def fitness(database: MariadbDatabase, *tables: str) -> Check:
    with user(database, READER) as login:
        return checked(login, [selected(database, table) for table in tables])[Layer.FITNESS]


def fact(check: Check, name: str) -> Fact:
    return facts(check)[name]


def test_a_server_that_is_fit(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int)")
    check = fitness(mariadb_database, "t")
    assert check.status is CheckStatus.PASSED
    assert "nothing stands in the way" in check.found
    assert {name: each.advice for name, each in facts(check).items()} == dict.fromkeys(
        (
            "version", "role", "max_statement_time", "net_write_timeout", "wait_timeout",
            "lock_wait_timeout", "max_allowed_packet", "connections", "snapshot", "round trip",
            "clock", "rate",
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("product", "said", "ended"),
    [
        ("MySQL 5.7.44", "support ended on 2023-10-31", True),
        ("MySQL 5.1.73", "support ended", True),
        ("MySQL 8.0.46", "support ended on 2026-04-30", True),
        ("MySQL 8.4.9", "until 2032-04-30", False),
        ("MySQL 9.6.0", "support ended on 2026-04-21", True),
        ("MySQL 10.0.0", "MySQL 10.0.0.", False),
        ("MariaDB 10.6.27", "support ended on 2026-07-06", True),
        ("MariaDB 10.11.19", "until 2028-02-16", False),
        ("MariaDB 11.8.6", "until 2028-06-04", False),
        ("MariaDB", "does not tell", False),
    ],
)
def test_the_end_of_a_release(product: str, said: str, ended: bool) -> None:
    told = releases.fact(product, date(2026, 11, 24))
    assert said in told.value
    assert (told.advice is not None) is ended


def test_a_limit_on_statements_that_is_lifted(mariadb_database: MariadbDatabase) -> None:
    with setting(mariadb_database, "max_statement_time", "30"):
        check = fitness(mariadb_database)
    told = fact(check, "max_statement_time")
    assert told.value == "It is 30 s; an extraction turns it off for itself."
    assert told.advice is None


def test_a_proxy_that_forgets_what_is_set(mariadb_database: MariadbDatabase) -> None:
    def forgetting(data: bytes) -> bytes:
        return data.replace(b"max_statement_time = 0", b"max_statement_time = 9").replace(
            b"net_write_timeout = 3600", b"net_write_timeout = 0060"
        )

    with between(mariadb_database.server.port, asked=changed(forgetting)) as port:
        checks = checked(administrator(mariadb_database, port=port))
    told = facts(checks[Layer.FITNESS])
    assert "ended after 9 s" in told["max_statement_time"].value
    assert told["max_statement_time"].advice
    assert told["net_write_timeout"].value == "60 s for an extraction."
    assert told["net_write_timeout"].advice


def test_a_proxy_with_numbers_of_its_own(mariadb_database: MariadbDatabase) -> None:
    def renumbering(data: bytes) -> bytes:
        at = data.index(b"\0", 5) + 1  # behind the server's version
        return data[:at] + b"\xff\xff\xff\x7f" + data[at + 4 :]

    with between(mariadb_database.server.port, answered=first_changed(renumbering)) as port:
        checks = checked(administrator(mariadb_database, port=port))
    assert fact(checks[Layer.FITNESS], "proxy").advice


def test_a_server_that_takes_no_writes(mariadb_database: MariadbDatabase) -> None:
    with setting(mariadb_database, "read_only", "1"):
        check = checked(administrator(mariadb_database))[Layer.FITNESS]
    assert "takes no writes (read_only)" in fact(check, "role").value
    assert fact(check, "role").advice is None


@pytest.mark.parametrize("engine", ["MyISAM", "Aria", "MEMORY"])
def test_a_table_without_snapshots(mariadb_database: MariadbDatabase, engine: str) -> None:
    mariadb_database.execute(
        f"CREATE TABLE t (a int) ENGINE = {engine}; CREATE TABLE u (a int);"
        "CREATE VIEW v AS SELECT a FROM u"
    )
    check = fitness(mariadb_database, "t", "u", "v")
    told = fact(check, "snapshot")
    assert told.value.endswith(f"{mariadb_database.name}.t ({engine}).")
    assert told.advice


def test_connections_that_are_left(mariadb_database: MariadbDatabase) -> None:
    few = "ALTER USER {user} WITH MAX_USER_CONNECTIONS 3"
    with user(mariadb_database, READER, few) as login:
        told = fact(checked(login)[Layer.FITNESS], "connections")
    assert told.value == "2 connections are left of those that the user may have."
    assert told.advice


def test_a_clock_that_is_wrong(mariadb_database: MariadbDatabase) -> None:
    with setting(mariadb_database, "init_connect", "'SET timestamp = 1000000000'"):
        told = fact(fitness(mariadb_database), "clock")
    assert told.value.endswith("s behind this machine's.")
    assert told.advice


def test_a_server_that_sends_short_rows_alone(mariadb_database: MariadbDatabase) -> None:
    with setting(mariadb_database, "max_allowed_packet", "65536"):
        check = fitness(mariadb_database)
    assert fact(check, "max_allowed_packet").advice
    assert fact(check, "rate").value.startswith("about ")


def test_it_is_asked_without_a_database_too(mariadb_database: MariadbDatabase) -> None:
    checks = checked(administrator(mariadb_database, database="nowhere"))
    assert checks[Layer.DATABASE].status is CheckStatus.FAILED
    assert checks[Layer.RIGHTS].status is CheckStatus.SKIPPED
    assert checks[Layer.FITNESS].status is CheckStatus.PASSED
