"""Partitions and clusters of a BigQuery table."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from headrace.destinations import PlannedTable, StagedTable, Target
from headrace.destinations.bigquery_sql import Jobs, Query
from headrace.errors import LAYOUT_NOT_POSSIBLE, HeadraceError
from headrace.googlesql.identifiers import quoted
from headrace.layout import Granularity, LayoutUse, Partitioning

# BigQuery refuses a statement that writes to more partitions than these, with the words of a
# statement that is wrong.
MOST_AT_ONCE = 4000

_CLUSTER = frozenset({LayoutUse.CLUSTER})
_DAYS = frozenset({LayoutUse.DAY, LayoutUse.MONTH, LayoutUse.YEAR}) | _CLUSTER

# By the types' names without digits; what is not here can do neither.
_LAYOUTS: Mapping[str, frozenset[LayoutUse]] = {
    "DATE": _DAYS,
    "DATETIME": _DAYS | {LayoutUse.HOUR},
    "TIMESTAMP": _DAYS | {LayoutUse.HOUR},
    "INT64": _CLUSTER | {LayoutUse.RANGE},
    "BOOL": _CLUSTER,
    "STRING": _CLUSTER,
    "NUMERIC": _CLUSTER,
    "BIGNUMERIC": _CLUSTER,
}


def layouts(type_name: str) -> frozenset[LayoutUse]:
    return _LAYOUTS.get(type_name.partition("(")[0], frozenset())


def clauses(table: PlannedTable) -> str:
    """What follows the columns in CREATE TABLE, with a space in front; empty for no layout."""
    wish, written = table.layout, ""
    if wish.partition_by is not None:
        kind = table.schema.field(wish.partition_by.column).type
        written += f" PARTITION BY {_parted(wish.partition_by, kind)}"
    if wish.cluster_by:
        written += f" CLUSTER BY {', '.join(map(quoted, wish.cluster_by))}"
    return written


def check_partitions(jobs: Jobs, table: StagedTable, staged: Target) -> None:
    """Refuse rows of more partitions than can be written at once. Raises LAYOUT_NOT_POSSIBLE."""
    by = table.layout.partition_by
    if by is None or table.rows <= MOST_AT_ONCE:
        return
    partition = _parted(by, table.schema.field(by.column).type)
    ((found,),) = jobs.rows(
        f"count the partitions of {table.target}",
        Query(f"SELECT COUNT(DISTINCT {partition}) FROM {jobs.name(staged)}"),  # noqa: S608
    )
    if found > MOST_AT_ONCE:
        raise HeadraceError(
            LAYOUT_NOT_POSSIBLE,
            f"Table {table.source_table}: its rows lie in {found:,} partitions by '{by.column}', "
            f"and BigQuery writes to {MOST_AT_ONCE:,} at once.",
            hint="Choose longer partitions, such as a month in place of a day.",
        )


def _parted(by: Partitioning, kind: pa.DataType) -> str:
    column = quoted(by.column)
    if by.range is not None:
        numbers = f"{by.range.start}, {by.range.end}, {by.range.interval}"
        return f"RANGE_BUCKET({column}, GENERATE_ARRAY({numbers}))"
    if pa.types.is_date32(kind) and by.granularity is Granularity.DAY:
        return column
    truncate = "DATE_TRUNC"
    if pa.types.is_timestamp(kind):
        truncate = "TIMESTAMP_TRUNC" if kind.tz else "DATETIME_TRUNC"
    return f"{truncate}({column}, {str(by.granularity).upper()})"
