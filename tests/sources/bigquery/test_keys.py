"""What tells rows apart: no key is kept by BigQuery, so the rows are asked."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from headrace.buckets import ALL, HASH_BITS, MODULUS, Buckets
from headrace.errors import KEY_NOT_USABLE, HeadraceError
from headrace.model import Selection, UnfitPolicy
from headrace.tables import Mode
from tests.digesting import digest_of
from tests.sources.bigquery.warehouse import Warehouse, opened, selected

ORDERS = """
CREATE TABLE orders (id INT64, shop STRING, line INT64, half FLOAT64, PRIMARY KEY (id) NOT ENFORCED)
"""


@pytest.fixture
def orders(warehouse: Warehouse) -> Warehouse:
    warehouse.execute(ORDERS)
    warehouse.execute("INSERT INTO orders VALUES (1, 'a', 1, 0), (2, 'a', 2, 0), (3, NULL, 1, 0)")
    warehouse.execute("CREATE VIEW of_shops AS SELECT * FROM orders WHERE shop IS NOT NULL")
    return warehouse


def merged(table: str, *key: str) -> Selection:
    return selected(table, mode=Mode.MERGE, cursor=("id",), key=key)


def test_a_key_that_is_declared_or_chosen(orders: Warehouse) -> None:
    with opened(orders) as database:
        assert database.key(merged("orders")) == ("id",)
        assert database.key(merged("of_shops", "shop", "line")) == ("shop", "line")


@pytest.mark.parametrize(
    ("table", "key", "why"),
    [
        ("of_shops", (), "no primary key"),
        ("orders", ("line",), "several rows have the same line"),
        ("orders", ("shop", "line"), "NULL"),
        ("orders", ("half",), "tells no rows apart"),
    ],
)
def test_what_is_no_key(orders: Warehouse, table: str, key: tuple[str, ...], why: str) -> None:
    with opened(orders) as database, pytest.raises(HeadraceError) as caught:
        database.key(merged(table, *key))
    assert caught.value.kind is KEY_NOT_USABLE
    assert why in caught.value.detail


def test_a_declared_key_that_rows_do_not_keep(orders: Warehouse) -> None:
    orders.execute("INSERT INTO orders SELECT 1, 'b', 1, 0")
    with opened(orders) as database, pytest.raises(HeadraceError) as caught:
        database.key(merged("orders"))
    assert caught.value.kind is KEY_NOT_USABLE


def _rows(reader: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pa.Table.from_batches(list(reader), reader.schema).to_pylist()
    assert reader.rows_sent == len(rows)
    return rows


@pytest.mark.parametrize("columns", [("id",), ("shop", "line")])
def test_keys_are_told_by_buckets(orders: Warehouse, columns: tuple[str, ...]) -> None:
    selection = selected("of_shops", columns)
    texts = ["1", "2"] if columns == ("id",) else ["1:a,1:1", "1:a,1:2"]
    hashes = [digest_of([text]).total for text in texts]
    with opened(orders) as database:
        with database.key_digests(selection, UnfitPolicy.FAIL, ALL, 8) as reader:
            (span,) = _rows(reader)
        with database.key_names(selection, UnfitPolicy.FAIL, ALL) as reader:
            names = [row["name"] for row in _rows(reader)]
        first = Buckets(8, (hashes[0] >> HASH_BITS - 8,))
        with database.key_names(selection, UnfitPolicy.FAIL, first) as reader:
            within = [row["name"] for row in _rows(reader)]

    told = {
        entry[0]: int.from_bytes(entry[1:])
        for at in range(0, len(span["entries"]), 9)
        for entry in [span["entries"][at : at + 9]]
    }
    expected: dict[int, int] = {}
    for each in hashes:
        bucket = each >> HASH_BITS - 8
        expected[bucket] = (expected.get(bucket, 0) + each) % MODULUS
    assert (span["span"], told) == (0, expected)
    assert sorted(names) == sorted(text.encode() for text in texts)
    assert texts[0].encode() in within
