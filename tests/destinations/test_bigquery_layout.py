"""Partitions and clusters in BigQuery's SQL."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from headrace.destinations import PlannedTable, Target
from headrace.destinations.bigquery_layout import clauses, layouts
from headrace.destinations.bigquery_types import TYPES, type_name
from headrace.layout import NO_LAYOUT, Granularity, Layout, LayoutUse, NumberRange, Partitioning
from headrace.tables import TableRef

SCHEMA = pa.schema(
    {
        "id": pa.int32(),
        "born": pa.date32(),
        "at": pa.timestamp("us", "UTC"),
        "local`": pa.timestamp("us"),
        "note": pa.string(),
    }
)
# What can neither part nor sort a table: BigQuery's documents name the types that can.
NEITHER = {"FLOAT64", "BYTES", "TIME"}


def written(layout: Layout) -> str:
    ref = TableRef(schema_name="sales", table_name="orders")
    return clauses(PlannedTable(ref, Target("shop", "orders"), SCHEMA, layout=layout))


def by(column: str, **how: Any) -> Layout:
    return Layout(Partitioning(column=column, **how))


@pytest.mark.parametrize(
    ("layout", "sql"),
    [
        (NO_LAYOUT, ""),
        (by("born", granularity="day"), " PARTITION BY `born`"),
        (by("born", granularity="year"), " PARTITION BY DATE_TRUNC(`born`, YEAR)"),
        (by("at", granularity="hour"), " PARTITION BY TIMESTAMP_TRUNC(`at`, HOUR)"),
        (by("local`", granularity="day"), r" PARTITION BY DATETIME_TRUNC(`local\``, DAY)"),
        (
            by("id", range=NumberRange(start=-5, end=100, interval=10)),
            " PARTITION BY RANGE_BUCKET(`id`, GENERATE_ARRAY(-5, 100, 10))",
        ),
        (Layout(cluster_by=("note", "id")), " CLUSTER BY `note`, `id`"),
        (
            Layout(Partitioning(column="at", granularity=Granularity.MONTH), ("note",)),
            " PARTITION BY TIMESTAMP_TRUNC(`at`, MONTH) CLUSTER BY `note`",
        ),
    ],
)
def test_what_a_table_is_made_with(layout: Layout, sql: str) -> None:
    assert written(layout) == sql


def test_what_columns_may_do_by_their_types() -> None:
    names = {type_name(kind).partition("(")[0] for kind in (*TYPES, pa.decimal128(38, 38))}
    assert {name for name in names if not layouts(name)} == NEITHER
    assert layouts("NUMERIC(10, 2)") == {LayoutUse.CLUSTER}
    assert layouts("ARRAY<STRING>") == frozenset()
    assert LayoutUse.HOUR not in layouts("DATE")
    assert LayoutUse.HOUR in layouts("DATETIME")
    assert layouts("INT64") == {LayoutUse.RANGE, LayoutUse.CLUSTER}
