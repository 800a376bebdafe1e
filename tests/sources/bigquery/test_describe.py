"""A table in full: its columns, its declared key, cursors, modes, and a few rows."""

from __future__ import annotations

import pytest

from headrace.errors import TABLE_NOT_FOUND, HeadraceError
from headrace.tables import Mode
from tests.sources.bigquery.warehouse import Warehouse, opened, ref

ORDERS = """
CREATE TABLE orders (
    id INT64 NOT NULL OPTIONS (description = 'The number'),
    note STRING,
    updated_at TIMESTAMP NOT NULL,
    tags ARRAY<STRING>,
    data BYTES,
    PRIMARY KEY (id) NOT ENFORCED
) PARTITION BY DATE(updated_at)
"""


@pytest.fixture
def shop(warehouse: Warehouse) -> Warehouse:
    warehouse.execute(ORDERS)
    warehouse.execute(
        f"INSERT INTO orders VALUES (1, '{'x' * 1001}', TIMESTAMP '2020-01-01 00:00:00+00', "
        "['a'], b'ab'), (2, NULL, TIMESTAMP '2020-01-02 00:00:00+00', [], NULL)"
    )
    warehouse.execute("CREATE VIEW recent AS SELECT id, note FROM orders WHERE id > 1")
    return warehouse


def test_a_table_is_described(shop: Warehouse) -> None:
    with opened(shop) as database:
        found = database.describe_table(ref("orders"), type_name=str, sample_rows=5)

    assert [column.source_type for column in found.columns] == [
        *("INT64", "STRING", "TIMESTAMP", "ARRAY<STRING>", "BYTES"),
    ]
    first, second = found.columns[:2]
    assert (first.nullable, first.comment, second.nullable) == (False, "The number", True)
    assert found.keys == (("id",),)
    assert found.table.estimated_rows == 2
    best, number = found.cursors
    assert (best.cursor, best.sees_updates) == (("updated_at",), True)
    assert number.cursor == ("id",)
    assert "It is declared as the primary key." in number.evidence
    assert found.modes[0].mode is Mode.MERGE
    assert found.modes[0].cursor == ("updated_at",)
    assert found.sample is not None
    rows = {row[0]: row for row in found.sample}
    assert rows["1"][1] == "x" * 1000 + "…"
    assert rows["1"][2:] == ("2020-01-01 00:00:00.000000Z", '["a"]', "6162")
    assert rows["2"] == ("2", None, "2020-01-02 00:00:00.000000Z", "[]", None)


def test_a_view_is_described_with_rows_of_its_own(shop: Warehouse) -> None:
    with opened(shop) as database:
        found = database.describe_table(ref("recent"), type_name=str, sample_rows=1)

    assert found.sample == (("2", None),)
    assert found.keys == ()
    assert found.table.estimated_rows is None


def test_a_table_that_is_not_there(warehouse: Warehouse) -> None:
    with opened(warehouse) as database, pytest.raises(HeadraceError) as caught:
        database.describe_table(ref("gone"), type_name=str)

    assert caught.value.kind is TABLE_NOT_FOUND
    assert "shop.gone" in caught.value.detail
