"""A row of docs/types.md, and its cells."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.destinations import bigquery_types
from headrace.destinations.duckdb import DuckDB

ALL = "all values"

_DUCKDB = DuckDB(Path("types"))  # nothing is opened to name a type

# What a logical type's text says of how the library holds it.
_INTERNALS = re.compile(r", (is_from|force_set)_converted_type=\w+")

_HEADER = (
    "| type | Arrow | Parquet | DuckDB | BigQuery | exact for | beyond |",
    "|---|---|---|---|---|---|---|",
)


@dataclass(frozen=True)
class Row:
    """A type as the database writes it, how it is carried, and for which values that is exact.

    `name` is the type's in the type table. `beyond` says which values are not carried so.
    """

    written: str
    name: str | None
    arrow: pa.DataType
    exact: str
    beyond: str = ""


def tables(groups: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """A heading and a table for each group."""
    for title, rows in groups.items():
        yield from ("", f"### {title}", "", *_HEADER)
        for row in rows:
            cells = (
                f"`{row.arrow}`",
                _parquet(row.arrow),
                f"`{_DUCKDB.type_name(row.arrow)}`",
                f"`{bigquery_types.type_name(row.arrow)}`",
                row.exact,
                row.beyond,
            )
            yield f"| {row.written} | {' | '.join(cells)} |"


def joined(*parts: str | None) -> str:
    return "; ".join(part for part in parts if part)


def _parquet(arrow: pa.DataType) -> str:
    """The type that the files have, as the writer itself chooses it."""
    file = io.BytesIO()
    writer = pq.ParquetWriter(file, pa.schema([("c", arrow)]), store_decimal_as_integer=True)
    writer.close()
    column = pq.read_metadata(file).schema.column(0)
    logical = str(column.logical_type)
    kind = column.physical_type if logical == "None" else f"{column.physical_type}, {logical}"
    listed = "list of " if pa.types.is_list(arrow) else ""
    return f"{listed}{_INTERNALS.sub('', kind)}".replace("isAdjustedToUTC=", "UTC=")
