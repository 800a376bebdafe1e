"""Layouts are refused where a destination has none, or none by such a column."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from headrace.destinations import Destination, PlannedTable, Target
from headrace.errors import LAYOUT_NOT_POSSIBLE, HeadraceError
from headrace.layout import NO_LAYOUT, Granularity, Layout, NumberRange, Partitioning
from headrace.tables import TableRef

SCHEMA = pa.schema({"id": pa.int64(), "at": pa.timestamp("us", "UTC"), "note": pa.string()})
TABLE = PlannedTable(
    TableRef(schema_name="sales", table_name="orders"), Target("shop", "orders"), SCHEMA
)
BY_DAY = Partitioning(column="at", granularity=Granularity.DAY)
BY_NUMBER = Partitioning(column="id", range=NumberRange(start=0, end=10, interval=1))


@pytest.mark.parametrize("place", ["duckdb", "parquet"], indirect=True)
@pytest.mark.parametrize(
    ("layout", "words"),
    [
        (Layout(BY_DAY), "Table sales.orders: here no table can be partitioned by the day of 'at'"),
        (Layout(BY_NUMBER), "partitioned by ranges of 'id'"),
        (Layout(cluster_by=("note",)), "clustered by 'note'"),
        (Layout(cluster_by=("gone",)), "'gone' is not among those that are taken"),
    ],
)
def test_who_parts_no_tables_says_so_before_a_row_is_read(
    destination: Destination, layout: Layout, words: str
) -> None:
    with pytest.raises(HeadraceError) as raised:
        destination.check("m1", "s1", [replace(TABLE, layout=layout)])

    assert raised.value.kind is LAYOUT_NOT_POSSIBLE
    assert words in raised.value.detail


def test_no_layout_is_possible_everywhere(destination: Destination) -> None:
    assert not NO_LAYOUT
    destination.check("m1", "s1", [TABLE])
