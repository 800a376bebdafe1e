"""What becomes of a column on its way: written to Parquet, loaded into DuckDB, and read again."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import LocalFileSystem

from headrace.destinations import Staging
from headrace.destinations.duckdb import DuckDB
from headrace.extraction.parquet import FilesWriter

# What NaN and -0 are told apart by, and dates beyond Python's years.
_BITS = {
    pa.float32(): pa.int32(),
    pa.float64(): pa.int64(),
    pa.date32(): pa.int32(),
    pa.timestamp("us"): pa.int64(),
    pa.timestamp("us", "UTC"): pa.int64(),
}


def shown(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bytes():
            return value.hex()
        case list():
            return f"[{', '.join(str(shown(element)) for element in value)}]"
        case bool() | int() | float() | str() | Decimal() | date() | datetime() | time():
            return str(value)
    raise TypeError(type(value))


def exact(column: pa.ChunkedArray) -> list[Any]:
    """The values in a form that tells all of them apart."""
    return [value for chunk in column.chunks for value in _exact(chunk)]


def _exact(values: pa.Array) -> list[Any]:
    if pa.types.is_list(values.type):
        return [_exact(value.values) if value.is_valid else None for value in values]
    bits = _BITS.get(values.type)
    told: list[Any] = (values.view(bits) if bits else values).to_pylist()
    return told


def staged(table: pa.Table, directory: Path) -> Path:
    """The table as a file that the extraction writes."""
    with FilesWriter(Staging(LocalFileSystem(), str(directory)), "t", table.schema) as writer:
        for batch in table.to_batches():
            writer.add(batch)
        (file,) = writer.finish()
    return Path(file.path)


def from_parquet(file: Path) -> pa.Table:
    return pq.read_table(file)


def from_duckdb(file: Path) -> pa.Table:
    """The file's column `v`, out of a table of the type that the destination gives it."""
    (arrow,) = (field.type for field in pq.read_schema(file))
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE t (v {DuckDB(file).type_name(arrow)})")
        connection.execute("INSERT INTO t SELECT * FROM read_parquet($1)", [str(file)])
        found: pa.Table = connection.table("t").to_arrow_table()
        return found
