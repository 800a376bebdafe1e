"""Deleted rows are found by keys of all kinds, and whatever has become of the key's columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headrace.model import UnfitPolicy
from headrace.settings import Settings
from tests.conftest import Database, MariadbDatabase
from tests.extraction.shop import Shop, shop_of

MERGE: dict[str, Any] = {"mode": "merge", "cursor": ["n"]}
HARD: dict[str, Any] = {**MERGE, "detect_deletes": "hard"}

# By type four values, the first of which is deleted.
POSTGRES = {
    "text": ["''", "'1'", "'a,1'", "E'tab\\t\\'\"\\\\ é中🙂'"],
    "char(5)": ["'a'", "'a  b'", "''", "'abcde'"],
    "uuid": [f"'{n:032x}'" for n in (0, 1, 2**127, 2**128 - 1)],
    "bigint": ["-9223372036854775808", "0", "9", "9223372036854775807"],
    "numeric(12,2)": ["-0.5", "0", "1", "9999999999.99"],
    "numeric": ["0.50", "-1e30", "1e-20", "7"],
    "double precision": ["0.1", "-1e300", "'NaN'", "'-Infinity'"],
    "date": ["'0001-01-01'", "'1970-01-01'", "'2024-02-29'", "'9999-12-31'"],
    "timestamptz": [
        "'2024-01-01 00:00:00.000001+03'", "'1969-12-31 23:59Z'", "'0001-01-01 00:00Z'",
        "'9999-12-31 23:59:59.999999Z'",
    ],
    "time": ["'00:00:00.000001'", "'00:00'", "'12:00'", "'23:59:59.999999'"],
    "boolean": ["true", "false"],
    "bytea": ["'\\x00'", "'\\x'", "'\\xff00ff'", "'\\x00010203040506070809'"],
    "int[]": ["'{1,NULL}'", "'{}'", "'{1}'", "'{11,1}'"],
}  # fmt: skip
MARIADB = {
    "varchar(20)": ["''", "'1'", "'a,1'", "'tab\t''\"é中🙂'"],
    "char(5)": ["'a'", "'a  b'", "''", "'abcde'"],
    "varchar(20) CHARACTER SET latin1": ["'é'", "'b'", "'?'", "'ÿ'"],
    "varbinary(20)": ["X'00'", "X''", "X'ff00ff'", "X'00010203040506070809'"],
    "bigint unsigned": ["18446744073709551615", "0", "9", "10"],
    "int zerofill": ["7", "0", "70", "4000000000"],
    "decimal(12,2)": ["-0.5", "0", "1", "9999999999.99"],
    "double": ["0.1", "-1e300", "0", "1e-300"],
    "date": ["'1000-01-01'", "'1970-01-01'", "'2024-02-29'", "'9999-12-31'"],
    "datetime(6)": ["'2024-01-01 00:00:00.000001'", "'1970-01-01'", "'1000-01-01'", "'9999-12-31'"],
    "timestamp": ["'2024-01-01 00:00:01'", "'1970-01-01 00:00:01'", "'2001-01-01'", "'2037-01-01'"],
    "enum('a','b','é')": ["'é'", "'a'", "'b'"],
    "year": ["2024", "1901", "2155"],
    "bit(40)": ["b'1'", "b'0'", "b'1111111111111111111111111111111111111111'"],
    "uuid": [f"'{n:032x}'" for n in (1, 2, 2**127, 2**128 - 1)],
}


@pytest.mark.parametrize("type_", POSTGRES)
def test_kinds_of_keys_in_postgres(database: Database, settings: Settings, type_: str) -> None:
    finds_by_key(shop_of(database, settings), type_, POSTGRES[type_])


@pytest.mark.parametrize("type_", MARIADB)
def test_kinds_of_keys_in_mariadb(
    mariadb_database: MariadbDatabase, settings: Settings, type_: str
) -> None:
    mariadb_database.execute("ALTER DATABASE CHARACTER SET utf8mb4")
    finds_by_key(shop_of(mariadb_database, settings), type_, MARIADB[type_])


def finds_by_key(shop: Shop, type_: str, values: list[str]) -> None:
    rows = ", ".join(f"({value}, {n})" for n, value in enumerate(values))
    shop.execute(
        f"CREATE TABLE t (k {type_} NOT NULL, n int, PRIMARY KEY (k)); INSERT INTO t VALUES {rows}"
    )
    shop.run(**HARD)
    everything = shop.run(**HARD)
    shop.execute("DELETE FROM t WHERE n = 0")
    something = shop.run(**HARD)

    assert (everything.deleted, something.deleted) == (0, 1)
    assert shop.rows("n") == [(n,) for n in range(1, len(values))]
    # Nothing differs, so no key was asked for.
    assert shop.run(**HARD).sweep_bytes == everything.sweep_bytes < something.sweep_bytes


@pytest.fixture(params=["database", "mariadb_database"])
def shop(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Shop]:
    yield shop_of(request.getfixturevalue(request.param), settings)


def test_a_key_of_several_columns(shop: Shop) -> None:
    parts = ["a", "a,1", "1:a", "", "'';"]
    rows = ", ".join(f"('{part}', '{other}', 1)" for part in parts for other in parts)
    shop.execute(
        'CREATE TABLE t (a varchar(9), "B" varchar(9), n int, PRIMARY KEY (a, "B"))'.replace(
            '"', '"' if isinstance(shop.database, Database) else "`"
        )
    )
    shop.execute(f"INSERT INTO t VALUES {rows}")
    shop.run(**HARD)
    shop.execute("DELETE FROM t WHERE a = 'a,1'")
    shop.execute("DELETE FROM t WHERE a = '' AND n = 1")
    assert shop.run(**HARD).deleted == 10
    assert len(shop.rows()) == 15


def test_the_key_is_one_of_a_unique_index(shop: Shop) -> None:
    shop.execute("CREATE TABLE t (id int PRIMARY KEY, code varchar(9) NOT NULL UNIQUE, n int)")
    shop.execute("INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)")
    shop.run(**HARD, key=["code"])
    shop.execute("DELETE FROM t WHERE code = 'b'")
    shop.execute("UPDATE t SET id = 9 WHERE id = 3")  # unseen, and the same row
    assert shop.run(**HARD, key=["code"]).deleted == 1
    assert shop.rows("id, code") == [(1, "a"), (3, "c")]


def test_the_keys_type_has_changed(shop: Shop) -> None:
    postgres = isinstance(shop.database, Database)

    def become(type_: str) -> None:
        shop.execute(f"ALTER TABLE t {'ALTER k TYPE' if postgres else 'MODIFY k'} {type_}")

    shop.execute("CREATE TABLE t (k decimal(10,4) PRIMARY KEY, n int)")
    shop.execute("INSERT INTO t VALUES (1.2345, 1), (2.5, 2), (3, 3), (4, 4)")
    shop.run(**HARD)
    become("decimal(14,6)")  # wider than the destination's
    assert shop.run(**HARD).deleted == 0
    shop.execute("DELETE FROM t WHERE k = 1.2345")
    shop.execute("INSERT INTO t VALUES (5, 5)")
    assert shop.run(**HARD).deleted == 1
    shop.execute("DELETE FROM t WHERE k = 2.5")
    become("smallint")  # narrower: it does not hold what is deleted
    shop.execute("DELETE FROM t WHERE k = 3")
    assert shop.run(**HARD).deleted == 2
    assert shop.rows("k::INT") == [(4,), (5,)]
    assert shop.run(**HARD).deleted == 0


def test_rows_whose_key_is_not_known_are_left(shop: Shop) -> None:
    """The destination has no value of a column that came later, though the source has."""
    shop.execute("CREATE TABLE t (id int PRIMARY KEY, n int)")
    shop.execute("INSERT INTO t VALUES (1, 1), (2, 2)")
    shop.run(**HARD)
    shop.execute("ALTER TABLE t ADD COLUMN code varchar(9) NOT NULL DEFAULT ''")
    shop.execute("UPDATE t SET code = CONCAT('c', id)")
    shop.execute("ALTER TABLE t ADD UNIQUE (code)")
    assert shop.run(**HARD, key=["code"]).deleted == 0  # no row has a code here
    shop.execute("INSERT INTO t VALUES (3, 3, 'c3'), (4, 4, 'c4')")
    shop.run(**HARD, key=["code"])
    shop.execute("DELETE FROM t WHERE id IN (1, 3)")
    assert shop.run(**HARD, key=["code"]).deleted == 1
    assert shop.rows("id, code") == [(1, None), (2, None), (4, "c4")]


def test_a_key_that_does_not_fit_its_type_is_left(database: Database, settings: Settings) -> None:
    shop = shop_of(database, settings)
    shop.execute(
        "CREATE TABLE t (k date PRIMARY KEY, n int);"
        "INSERT INTO t VALUES ('infinity', 1), ('2024-01-01', 2), ('2024-01-02', 3)"
    )
    nullified = {**HARD, "unfit_columns": {"k": UnfitPolicy.NULL}}
    shop.run(**nullified)
    assert shop.run(**nullified).deleted == 0
    shop.execute("DELETE FROM t WHERE n < 3")
    assert shop.run(**nullified).deleted == 1
    assert shop.rows("n") == [(1,), (3,)]
