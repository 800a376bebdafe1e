"""The seam to PyMySQL: what is taken from its inside, held to the version that is installed."""

from __future__ import annotations

import importlib.metadata

import pytest
from pymysql.constants import FIELD_TYPE

from headrace.sources.mysql import driver
from headrace.sources.mysql.database import MysqlDatabase
from headrace.sources.mysql.driver import Driver, WireField
from headrace.sources.wire.window import Window
from tests.conftest import MariadbDatabase
from tests.sources.mysql.reading import opened

LOOKED_AT = "1.2.4"


def test_the_driver_is_the_one_that_was_looked_at() -> None:
    assert importlib.metadata.version("pymysql") == LOOKED_AT, (
        f"Compare what {driver.__name__} takes from PyMySQL's connections with the new version, "
        "then change the version here."
    )


@pytest.fixture
def mariadb_tables(mariadb_database: MariadbDatabase) -> MariadbDatabase:
    mariadb_database.execute(
        "CREATE TABLE none_ (a int); CREATE TABLE one (a int unsigned, b varbinary(9));"
        "INSERT INTO one VALUES (7, 'x'); CREATE TABLE many (a int, b varchar(999));"
        "INSERT INTO many SELECT seq, repeat('x', 900) FROM seq_1_to_100"
    )
    return mariadb_database


def received(driver: Driver, table: str) -> tuple[list[WireField], bytes]:
    """All that the server sends after the columns' description."""
    window = Window()
    statement = driver.prepare(f"SELECT * FROM {table}")
    fields = driver.execute(statement)
    driver.drain_into(window)
    while bytes(window.data[window.end - 9 : window.end])[4:5] != b"\xfe":
        window.make_room(1 << 20)
        window.receive(driver.socket)
    driver.forget(statement)
    return fields, bytes(window.data[window.start : window.end])


def test_nothing_that_the_driver_has_received_is_lost(mariadb_tables: MariadbDatabase) -> None:
    # All of a small result, and a part of a large one, is in the driver's buffer.
    with opened(mariadb_tables) as connected:
        assert isinstance(connected, MysqlDatabase)
        driver = connected._session.driver
        for table, rows in {"none_": 0, "one": 1, "many": 100}.items():
            _, packets = received(driver, table)
            headers = 0
            while packets:
                packets = packets[4 + int.from_bytes(packets[:3], "little") :]
                headers += 1
            assert headers == rows + 1, table


def test_columns_are_announced(mariadb_tables: MariadbDatabase) -> None:
    with opened(mariadb_tables) as connected:
        assert isinstance(connected, MysqlDatabase)
        fields, _ = received(connected._session.driver, "one")
    assert fields == [
        WireField("a", FIELD_TYPE.LONG, binary=True, unsigned=True, scale=0),
        WireField("b", FIELD_TYPE.VAR_STRING, binary=True, unsigned=False, scale=0),
    ]
