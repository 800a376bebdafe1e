"""The list of tables: what is known of them without reading one."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.errors import PERMISSION_DENIED, HeadraceError
from headrace.sources.bigquery import catalogue
from headrace.tables import TableKind
from tests.sources.bigquery.warehouse import Warehouse, opened, ref, session

MADE = """
CREATE TABLE orders (id INT64 NOT NULL, at TIMESTAMP, PRIMARY KEY (id) NOT ENFORCED)
OPTIONS (description = 'Of "all" shops');
CREATE TABLE days (day DATE) PARTITION BY day;
CREATE VIEW recent AS SELECT id FROM orders;
"""


@pytest.fixture
def shop(warehouse: Warehouse) -> Warehouse:
    for statement in MADE.split(";\n"):
        if statement.strip():
            warehouse.execute(statement)
    warehouse.execute("INSERT INTO orders VALUES (1, NULL), (2, NULL)")
    return warehouse


def test_tables_are_listed_with_rows_and_times(shop: Warehouse) -> None:
    with opened(shop) as database:
        found = {table.table_name: table for table in database.list_tables()}
        (only,) = database.list_tables([ref("orders"), ref("gone")])

    assert list(found) == ["days", "orders", "recent"]
    orders = found["orders"]
    assert orders == only
    assert (orders.kind, orders.estimated_rows, orders.primary_key) == (
        TableKind.TABLE,
        2,
        ("id",),
    )
    assert orders.column_count == 2
    assert orders.comment == 'Of "all" shops'
    assert orders.bytes
    assert orders.updated_at is not None
    assert found["days"].kind is TableKind.PARTITIONED
    recent = found["recent"]
    assert (recent.kind, recent.estimated_rows, recent.updated_at) == (TableKind.VIEW, None, None)


def test_who_may_see_no_sizes_is_told_names(
    shop: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator has no rights, so the refusal is injected."""

    def refused(what: str, sql: str) -> list[tuple[Any, ...]]:
        raise HeadraceError(PERMISSION_DENIED, f"{what}: {sql}")

    with session(shop) as connected:
        monkeypatch.setattr(connected, "query", refused)
        found = list(catalogue.list_tables(connected))

    assert [table.table_name for table in found] == ["days", "orders", "recent"]
    assert [table.estimated_rows for table in found] == [None] * 3
    assert found[2].kind is TableKind.VIEW
