"""What is published has the digests that the source has told, or nothing is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.destinations import Destination, ExpectedDigests, Increment, StagedTable, Target
from headrace.destinations.duckdb import DuckDB
from headrace.destinations.duckdb_load import Loader
from headrace.destinations.parquet import ParquetDirectory
from headrace.digests import Digest
from headrace.errors import DIGESTS_DISAGREE, HeadraceError
from headrace.ids import new_id
from headrace.model import Window
from tests.destinations.staging import Place, bring, of, publish, stage, table
from tests.digesting import digests_of

ORDERS = Target("shop", "orders")
ROWS = table(id=[1, 2, 3, 4], name=["a", "é", None, "d"])
NOTHING = Digest(values=0, total=0)


def expecting(staged: StagedTable, content: pa.Table) -> StagedTable:
    """The table with what a source that has the content says of each file, which is a chunk."""
    expected, first = [], 0
    for number, file in enumerate(staged.files, 1):
        told = digests_of(content.slice(first, file.rows))
        expected.append(ExpectedDigests(f"chunk {number} of 2", (file.path,), told))
        first += file.rows
    return replace(staged, expected=tuple(expected))


def refused(destination: Destination, staged: StagedTable, run_id: str) -> str:
    """Publish, which must be refused and change nothing; returns the refusal's detail."""
    before = destination.count(ORDERS)
    with pytest.raises(HeadraceError) as raised:
        publish(destination, staged, run_id=run_id)
    assert raised.value.kind is DIGESTS_DISAGREE
    assert destination.count(ORDERS) == before
    return raised.value.detail


def test_the_source_s_values_are_published(
    place: Place, destination: Destination, run_id: str
) -> None:
    publish(destination, expecting(stage(destination, run_id, ROWS), ROWS), run_id=run_id)

    assert place.read(ORDERS).to_pylist() == ROWS.to_pylist()


# BigQuery loads all chunks of a table at once, and holds their sum against the source's.
DIFFERS = {"bigquery": "Table public.orders, column 'name': the source has 3 "}
LACKS = {"bigquery": "Table public.orders, column 'id': the source has 5 "}


def test_one_value_that_differs_is_named(
    place: Place, destination: Destination, run_id: str
) -> None:
    bring(destination, table(id=[9]))
    staged = expecting(stage(destination, run_id, ROWS), ROWS)
    other = table(id=[1, 2, 3, 4], name=["a", "é", None, "D"])
    changed = replace(stage(destination, run_id, other), expected=staged.expected)

    detail = refused(destination, changed, run_id)

    chunk = "Table public.orders, chunk 2 of 2, column 'name': the source has 1 "
    assert detail.startswith(DIFFERS.get(place.scheme, chunk))


@pytest.mark.parametrize("names", [["a", "é", "", "d"], ["a", None, None, "d"]])
def test_null_is_no_value(destination: Destination, run_id: str, names: list[object]) -> None:
    staged = expecting(stage(destination, run_id, ROWS), ROWS)
    other = stage(destination, run_id, table(id=[1, 2, 3, 4], name=names))

    assert "'name'" in refused(destination, replace(other, expected=staged.expected), run_id)


def test_columns_that_the_source_could_not_digest_are_left_out(
    place: Place, destination: Destination, run_id: str
) -> None:
    staged = expecting(stage(destination, run_id, ROWS), ROWS.select(["id"]))

    publish(destination, staged, run_id=run_id)

    assert place.read(ORDERS).num_rows == 4


def test_a_chunk_without_rows(place: Place, destination: Destination, run_id: str) -> None:
    empty = ExpectedDigests("chunk 3", (), {"id": NOTHING, "name": NOTHING})
    staged = expecting(stage(destination, run_id, ROWS), ROWS)
    lost = replace(empty, digests={"id": Digest(values=1, total=7), "name": NOTHING})

    detail = refused(destination, replace(staged, expected=(*staged.expected, lost)), run_id)
    publish(destination, replace(staged, expected=(*staged.expected, empty)), run_id=run_id)

    chunk = "chunk 3, column 'id': the source has 1 values with the digest 7, but staged"
    assert LACKS.get(place.scheme, chunk) in detail


def test_a_table_without_rows(destination: Destination, run_id: str) -> None:
    staged = stage(destination, run_id, ROWS.slice(0, 0))
    empty = ExpectedDigests("all rows", (), {"id": NOTHING, "name": NOTHING})

    publish(destination, replace(staged, expected=(empty,)), run_id=run_id)

    assert destination.count(ORDERS) == 0


def test_files_of_which_nothing_is_told(destination: Destination, run_id: str) -> None:
    staged = expecting(stage(destination, run_id, ROWS), ROWS)

    assert "not asked" in refused(
        destination, replace(staged, expected=staged.expected[:1]), run_id
    )


def test_files_that_an_interrupted_publish_has_moved(tmp_path: Path, run_id: str) -> None:
    destination = ParquetDirectory(tmp_path)
    staged = expecting(stage(destination, run_id, ROWS), ROWS)
    at = tmp_path / "shop" / "orders"
    at.mkdir(parents=True)
    Path(staged.files[0].path).rename(at / f"{run_id}-00000.parquet")
    # Its own place, as the interrupted publish has claimed it.
    own = tmp_path / "_headrace"
    claimed = '{"dataset": "shop", "table": "orders", "model_id": "m1", "source_id": "s1", '
    claimed += '"source_table": {"schema_name": "public", "table_name": "orders"}}'
    (own / "manifest.json").write_text(f'{{"tables": {{"shop.orders": {claimed}}}}}')

    publish(destination, staged, run_id=run_id)

    assert pq.read_table(destination.files(ORDERS)[0]).num_rows == 2


# --- BigQuery: no list is the same as an empty one ---------------------------------------------


LISTS = pa.table(
    {
        "id": pa.array([1, 2, 3, 4], pa.int64()),
        "tags": pa.array([["a", "é"], [], None, []], pa.list_(pa.string())),
        "ratio": pa.array([0.1, float("inf"), None, -2.5], pa.float64()),
        "paid": pa.array([Decimal("1.50"), Decimal("-0.05"), None, None], pa.decimal128(9, 2)),
    }
)


@of("bigquery")
def test_no_list_is_held_for_an_empty_one(destination: Destination, run_id: str) -> None:
    publish(destination, expecting(stage(destination, run_id, LISTS), LISTS), run_id=run_id)

    assert destination.count(ORDERS) == 4


@of("bigquery")
@pytest.mark.parametrize(
    "tags",
    [
        [["a", "e"], [], None, []],
        [["é", "a"], [], None, []],
        [["a", "é"], [], ["x"], []],
        [["a", "é"], [""], None, []],
        [None, [], None, []],
    ],
)
def test_lists_that_differ_are_named(
    destination: Destination, run_id: str, tags: list[list[str] | None]
) -> None:
    other = LISTS.set_column(1, "tags", pa.array(tags, pa.list_(pa.string())))
    staged = expecting(stage(destination, run_id, LISTS), LISTS)
    changed = replace(stage(destination, run_id, other), expected=staged.expected)

    assert "column 'tags'" in refused(destination, changed, run_id)


# --- DuckDB: the rows as they are loaded ------------------------------------------------------


def increment(after: str | None, upto: str, *key: str) -> Increment:
    return Increment(Window(cursor=("id",), after=after, read_after=after, upto=upto), key)


class Meddling:
    """A connection over which rows change once they have been loaded."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, meddle: str) -> None:
        self._connection = connection
        self._meddle = meddle

    def execute(self, sql: str, *parameters: Any) -> duckdb.DuckDBPyConnection:
        done = self._connection.execute(sql, *parameters)
        if sql.startswith("INSERT INTO"):
            self._connection.execute(self._meddle)
        return done


KNOWN = {"id": "int64", "name": "string"}
LOADS: Mapping[str, Any] = {
    "replace": lambda loader, staged: loader.replace(staged, "mark"),
    "add": lambda loader, staged: loader.add(staged, KNOWN),
    "merge": lambda loader, staged: loader.merge(staged, ("id",), KNOWN),
}


@pytest.fixture
def loaded(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A file with a table, of whose rows one is brought again."""
    connection = duckdb.connect(tmp_path / "file")
    connection.execute("CREATE SCHEMA shop; CREATE TABLE shop.orders (id BIGINT, name VARCHAR)")
    connection.execute("INSERT INTO shop.orders VALUES (0, 'old'), (1, 'old'); BEGIN")
    return connection


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize(
    ("meddle", "column"),
    [
        ("SELECT 1", None),
        ("UPDATE shop.orders SET name = 'D' WHERE id = 4", "name"),
        ("UPDATE shop.orders SET name = '' WHERE id = 3", "name"),
        ("UPDATE shop.orders SET id = -id WHERE id = 4", "id"),
    ],
)
def test_one_value_that_was_loaded_otherwise_is_named(
    tmp_path: Path, loaded: duckdb.DuckDBPyConnection, load: str, meddle: str, column: str | None
) -> None:
    destination = DuckDB(tmp_path / "other")
    staged = expecting(stage(destination, new_id(), ROWS), ROWS)
    loader = Loader(Meddling(loaded, meddle), destination.type_name)  # type: ignore[arg-type]

    if column is None:
        LOADS[load](loader, staged)
        return
    with pytest.raises(HeadraceError) as raised:
        LOADS[load](loader, staged)

    assert raised.value.kind is DIGESTS_DISAGREE
    assert f"column '{column}'" in raised.value.detail
    assert "loaded" in raised.value.detail


@pytest.mark.parametrize("key", [(), ("id",)])
def test_increments_are_verified_in_a_table_of_wider_types(
    tmp_path: Path, run_id: str, key: tuple[str, ...]
) -> None:
    """The rows that were there before are not among those that are held against the source's."""
    destination = DuckDB(tmp_path / "file")
    wide = table(id=[1, 2], e=[0.1, 1.5], paid=[Decimal("1.125"), None])
    first = replace(stage(destination, run_id, wide), increment=increment(None, "2", *key))
    publish(destination, expecting(first, wide), run_id=run_id)
    narrow = pa.table(
        {
            "id": pa.array([3, 4], pa.int64()),
            "e": pa.array([-1, 7], pa.int8()),
            "paid": pa.array([Decimal("0.5"), Decimal("9.0")], pa.decimal128(2, 1)),
            "new": pa.array([None, [Decimal("0.5"), None]], pa.list_(pa.decimal128(2, 2))),
        }
    )
    later = new_id()
    second = replace(stage(destination, later, narrow), increment=increment("2", "4", *key))

    publish(destination, expecting(second, narrow), run_id=later)

    assert destination.count(ORDERS) == 4
    with duckdb.connect(tmp_path / "file") as connection:
        rows = connection.sql("SELECT paid, new FROM shop.orders WHERE id > 2 ORDER BY id")
        assert rows.fetchall() == [
            (Decimal("0.500"), None),
            (Decimal("9.000"), [Decimal("0.5"), None]),
        ]
