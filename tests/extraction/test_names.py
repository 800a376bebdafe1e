"""Names of every kind, from both databases into every destination: as they are, or told apart."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from headrace import sources
from headrace.destinations import Target
from headrace.errors import DESTINATION_CONFLICT, HeadraceError
from headrace.extraction.adhoc import extract_once
from headrace.extraction.column_names import told_apart
from headrace.extraction.progress import silent
from headrace.model import Selection, Source, SourceState, now
from headrace.naming import table_name
from tests.conftest import LOCAL, Database, MariadbDatabase
from tests.destinations.staging import LOCAL_SCHEMES, Place

NAMES = [
    *("plain", "Mixed Case", "with space", "select", "order", "prix €", "注文🚀", "Ünïcödé", "a.b"),
    *('a "quote"', "a `tick`", "it's", "%s", "{0}", "$1", ":a", "--", "back\\slash", "line\nbreak"),
    *("_headrace", "1st", "a,b", "#"),
]
# PostgreSQL's longest have 63 bytes, MySQL's 64 characters, which has no character beyond U+FFFF.
IN_POSTGRES = [*NAMES, "x" * 63, "é" * 31, "Total", "total", "TOTAL"]
IN_MYSQL = [name.replace("🚀", "") for name in NAMES] + ["x" * 64, "é" * 64]


@pytest.fixture(params=LOCAL_SCHEMES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(request.param, tmp_path / "place")


def made(database: Database | MariadbDatabase, table: str, names: Sequence[str]) -> None:
    """A table of one row in which each column holds its name."""
    tick = "`" if isinstance(database, MariadbDatabase) else '"'

    def quoted(name: str) -> str:
        return f"{tick}{name.replace(tick, 2 * tick)}{tick}"

    columns = ", ".join(f"{quoted(name)} varchar(64)" for name in names)
    values = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    mode = "SET sql_mode = 'NO_BACKSLASH_ESCAPES';" if tick == "`" else ""
    database.execute(
        f"{mode} CREATE TABLE {quoted(table)} ({columns}); "
        f"INSERT INTO {quoted(table)} VALUES ({values})"
    )


def brought(
    database: Database | MariadbDatabase, place: Place, *tables: str
) -> Callable[[str], pa.Table]:
    """Extract the tables; returns how to read one of the destination's."""
    schema = database.connection.default_schema
    source = Source(
        model_id="m1",
        source_id="s1",
        name="Shop",
        connection=database.connection,
        credentials_secret_name="none",
        dataset="shop",
        selection=tuple(Selection(schema_name=schema, table_name=table) for table in tables),
        state=SourceState.ACTIVE,
        created_at=now(),
        updated_at=now(),
    )
    destination = place.open()
    connect = partial(sources.connect, database.connection, database.credentials, LOCAL)
    extract_once(source, connect, destination, silent)
    known = {checkpoint.source_table for checkpoint in destination.checkpoints("m1", "s1")}
    assert known == {selection.ref for selection in source.selection}
    return lambda table: place.read(Target("shop", table))


def recorded(place: Place) -> list[dict[str, Any]]:
    """What the destination keeps about the columns of its only table."""
    columns: list[dict[str, Any]]
    if place.scheme == "parquet":
        manifest = json.loads((place.path / "_headrace/manifest.json").read_text())
        (table,) = manifest["tables"].values()
        columns = table["version"]["columns"]
    else:
        with duckdb.connect(place.path, read_only=True) as connection:
            (row,) = connection.sql("SELECT columns FROM _headrace.checkpoints").fetchall()
        columns = json.loads(row[0])
    return columns


def test_columns_of_postgres(database: Database, place: Place) -> None:
    made(database, "t", IN_POSTGRES)

    arrived = brought(database, place, "t")("t")

    assert [column[0].as_py() for column in arrived.columns] == IN_POSTGRES
    *kept, first, second, third = arrived.column_names
    assert [*kept, first] == IN_POSTGRES[:-2]
    assert (second[:6], third[:6]) == ("total_", "TOTAL_")
    assert len({name.casefold() for name in arrived.column_names}) == len(IN_POSTGRES)
    assert [c["name"] for c in recorded(place)] == arrived.column_names
    assert [c["source_name"] for c in recorded(place)] == IN_POSTGRES
    assert {c["source_type"] for c in recorded(place)} == {"character varying(64)"}


def test_columns_of_mariadb(mariadb_database: MariadbDatabase, place: Place) -> None:
    made(mariadb_database, "t", IN_MYSQL)

    arrived = brought(mariadb_database, place, "t")("t")

    assert arrived.column_names == IN_MYSQL
    assert [column[0].as_py() for column in arrived.columns] == IN_MYSQL
    assert [c["name"] for c in recorded(place)] == IN_MYSQL
    assert [c["source_name"] for c in recorded(place)] == IN_MYSQL


@pytest.mark.parametrize(
    ("fixture", "names"), [("database", IN_POSTGRES[:-3]), ("mariadb_database", IN_MYSQL)]
)
def test_tables(
    request: pytest.FixtureRequest, place: Place, fixture: str, names: list[str]
) -> None:
    """Each has a name that every warehouse takes, and the destination knows the original."""
    database: Database | MariadbDatabase = request.getfixturevalue(fixture)
    schema = database.connection.default_schema
    targets = [
        table_name(database.connection, Selection(schema_name=schema, table_name=name))
        for name in names
    ]
    for name in names:
        made(database, name, [name])
    taken: dict[str, str] = {}
    for name, target in zip(names, targets, strict=True):
        taken.setdefault(target, name)

    read = brought(database, place, *taken.values())

    for target, name in taken.items():
        assert read(target).to_pylist() == [{name: name}]


def test_tables_of_one_name_are_refused(database: Database, place: Place) -> None:
    made(database, "Orders", ["a"])
    made(database, "orders", ["b"])
    with pytest.raises(HeadraceError) as raised:
        brought(database, place, "Orders", "orders")
    assert raised.value.kind is DESTINATION_CONFLICT
    assert "shop.orders" in raised.value.detail


def test_names_are_told_apart_in_the_same_way_each_time() -> None:
    names = ["Total", "total", "TOTAL", "ß", "SS", "other"]
    schema = pa.schema([(name, pa.int32()) for name in names])
    told = told_apart(schema).names
    assert told == told_apart(schema).names
    assert (told[0], told[3], told[5]) == ("Total", "ß", "other")
    assert len({name.casefold() for name in told}) == len(names)
    again = told_apart(
        pa.schema([("Total", pa.int32()), (told[1], pa.int32()), ("total", pa.int32())])
    )
    assert len({name.casefold() for name in again.names}) == 3
