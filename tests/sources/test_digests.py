"""A source's digests are of the rows that it gives, and of these alone."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from uuid import uuid4

import pyarrow as pa
import pytest

from headrace import sources
from headrace.chunks import WHOLE, Chunk
from headrace.digests import Digest
from headrace.errors import COLUMN_NOT_FOUND, PERMISSION_DENIED, HeadraceError
from headrace.model import DecimalType, Selection, UnfitPolicy
from headrace.tables import Mode
from tests.conftest import LOCAL, Database, MariadbDatabase
from tests.digesting import digest_of, digests_of
from tests.sources import reading
from tests.sources.mysql import reading as mysql_reading

# Names that mean something in SQL, or in the ways in which statements are put together.
NAMES = ['a "b"', "a `b`", "{0}", "{", "%s %(a)s", ":a", "a.b", "é", "e", "t", "place"]


def both(
    database: sources.Database, selection: Selection, chunk: Chunk = WHOLE, after: str | None = None
) -> pa.Table:
    """The rows, whose digests are those that the source tells."""
    window = database.window(selection, after) if selection.cursor else None
    with database.read(selection, UnfitPolicy.FAIL, window, chunk) as reader:
        table = pa.Table.from_batches(list(reader), reader.schema)
    told = database.digest(selection, UnfitPolicy.FAIL, window, chunk)
    assert told == digests_of(table)
    assert list(told) == table.column_names
    return table


def test_postgres_names(database: Database) -> None:
    columns = ", ".join('"' + name.replace('"', '""') + '" int[]' for name in NAMES)
    values = ", ".join(f"'{{{number},NULL}}'" for number, _ in enumerate(NAMES))
    database.execute(f"CREATE TABLE t ({columns}); INSERT INTO t VALUES ({values})")
    with reading.opened(database) as connected:
        assert both(connected, reading.selected("t")).column_names == NAMES


def test_mariadb_names(mariadb_database: MariadbDatabase) -> None:
    columns = ", ".join("`" + name.replace("`", "``") + "` date" for name in NAMES)
    values = ", ".join(f"'2024-01-{number:02}'" for number, _ in enumerate(NAMES, 1))
    mariadb_database.execute(f"CREATE TABLE t ({columns}); INSERT INTO t VALUES ({values})")
    with mysql_reading.opened(mariadb_database) as connected:
        table = both(connected, mysql_reading.selected(mariadb_database, "t"))
    assert table.column_names == NAMES


def test_postgres_windows_and_chunks(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v text);"
        "INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 100) i"
    )
    selection = Selection(
        schema_name="public", table_name="t", mode=Mode.MERGE, cursor=("id",), key=("id",)
    )
    chunk = Chunk(columns=("id",), after=("90",), upto=("95",))
    with reading.opened(database) as connected:
        assert both(connected, selection, after="80").num_rows == 20
        assert both(connected, reading.selected("t", ["v"]), chunk).num_rows == 5
        assert both(connected, selection, chunk, after="93").num_rows == 2
        empty = both(connected, reading.selected("t"), Chunk(columns=("id",), after=("100",)))
    assert empty.num_rows == 0


def test_mariadb_windows_and_chunks(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v varchar(20));"
        "INSERT INTO t SELECT seq, CONCAT('v', seq) FROM seq_1_to_100"
    )
    plain = mysql_reading.selected(mariadb_database, "t")
    selection = Selection(
        schema_name=mariadb_database.name,
        table_name="t",
        mode=Mode.MERGE,
        cursor=("id",),
        key=("id",),
    )
    chunk = Chunk(columns=("id",), after=("90",), upto=("95",))
    with mysql_reading.opened(mariadb_database) as connected:
        assert both(connected, selection, after="80").num_rows == 20
        assert both(connected, plain, chunk).num_rows == 5
        assert both(connected, selection, chunk, after="93").num_rows == 2
        assert both(connected, plain, Chunk(columns=("id",), after=("100",))).num_rows == 0


def test_chosen_decimals(database: Database, mariadb_database: MariadbDatabase) -> None:
    database.execute("CREATE TABLE t (v numeric); INSERT INTO t VALUES (1), (-0.250), (NULL)")
    mariadb_database.execute(
        "CREATE TABLE t (v decimal(45, 2), w decimal(45, 0));"
        "INSERT INTO t VALUES (1, 1), (-0.25, -0)"
    )
    chosen = {"v": DecimalType(precision=38, scale=4)}
    wide = {**chosen, "w": DecimalType(precision=38, scale=37)}
    with reading.opened(database) as connected:
        selection = reading.selected("t").model_copy(update={"decimal_columns": chosen})
        numbers = both(connected, selection).column("v").to_pylist()
    assert numbers == [Decimal("1.0000"), Decimal("-0.2500"), None]
    with mysql_reading.opened(mariadb_database) as connected:
        selection = mysql_reading.selected(mariadb_database, "t")
        both(connected, selection.model_copy(update={"decimal_columns": wide}))


def test_a_chosen_decimal_with_numbers_that_do_not_fit(database: Database) -> None:
    database.execute("CREATE TABLE t (v numeric); INSERT INTO t VALUES (1.25), ('NaN'), (100), (2)")
    selection = reading.selected("t").model_copy(
        update={
            "decimal_columns": {"v": DecimalType(precision=3, scale=1)},
            "unfit_columns": {"v": UnfitPolicy.NULL},
        }
    )
    with reading.opened(database) as connected:
        assert both(connected, selection).column("v").to_pylist() == [None, None, None, 2]


def test_postgres_in_another_encoding(database: Database) -> None:
    """MD5 is of the bytes, which are UTF-8 in the destination."""
    name = f"latin_{uuid4().hex}"
    database.execute(
        f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    )
    try:
        database.server.psql(
            "CREATE TABLE t (v text, w char(5), x text[]);"
            "INSERT INTO t VALUES (U&'caf\\00E9', U&'\\00E9', ARRAY[U&'\\00E9', 'e'])",
            name,
        )
        connection = database.connection.model_copy(update={"database": name})
        with closing(sources.connect(connection, database.credentials, LOCAL)) as connected:
            both(connected, reading.selected("t"))
    finally:
        database.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_as_many_columns_as_a_table_can_have(
    database: Database, mariadb_database: MariadbDatabase
) -> None:
    columns = ", ".join(f"c{number} bool" for number in range(1600))
    database.execute(f"CREATE TABLE t ({columns}); INSERT INTO t (c7) VALUES (true), (false)")
    many = ", ".join(f"c{number} tinyint" for number in range(2100))
    mariadb_database.execute(
        f"CREATE TABLE t ({many}) ENGINE = Aria; INSERT INTO t (c7, c2099) VALUES (1, 2), (3, 4)"
    )
    with reading.opened(database) as connected:
        assert len(connected.digest(reading.selected("t"), UnfitPolicy.FAIL)) == 1600
    with mysql_reading.opened(mariadb_database) as connected:
        selection = mysql_reading.selected(mariadb_database, "t")
        told = connected.digest(selection, UnfitPolicy.FAIL)
    assert len(told) == 2100
    assert told["c7"] == digest_of([1, 3])
    assert told["c2099"] == digest_of([2, 4])
    assert told["c8"] == Digest(values=0, total=0)


def test_the_errors_are_those_of_reading(database: Database) -> None:
    database.execute("CREATE TABLE t (id int)")
    with (
        reading.user_without_rights(database) as (connection, credentials),
        closing(sources.connect(connection, credentials, LOCAL)) as connected,
        pytest.raises(HeadraceError) as caught,
    ):
        connected.digest(reading.selected("t"), UnfitPolicy.FAIL)
    assert caught.value.kind is PERMISSION_DENIED
    with reading.opened(database) as connected, pytest.raises(HeadraceError) as caught:
        connected.digest(reading.selected("t", ["none"]), UnfitPolicy.FAIL)
    assert caught.value.kind is COLUMN_NOT_FOUND
