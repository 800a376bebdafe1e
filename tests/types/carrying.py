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
from headrace.destinations.duckdb_digests import digests, staged_digests
from headrace.extraction.parquet import FilesWriter
from headrace.model import Selection, UnfitPolicy
from headrace.sources import Database
from headrace.sources.survey import MAX_ROWS

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


def digested_alike(
    database: Database, selection: Selection, policy: UnfitPolicy, directory: Path
) -> None:
    """The source's digest of column `v` is that of the rows as staged and as loaded."""
    with database.read(selection, policy) as reader:
        table = pa.Table.from_batches(list(reader), reader.schema)
    (told,) = database.digest(selection, policy).values()
    directory.mkdir()
    file, arrow = staged(table, directory), table.schema.field("v").type
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        connection.execute(f"CREATE TABLE t (v {DuckDB(file).type_name(arrow)})")
        connection.execute("INSERT INTO t SELECT * FROM read_parquet($1)", [str(file)])
        assert staged_digests(connection, [str(file)], {"v": arrow}) == {"v": told}
        assert digests(connection, "t", {"v": arrow}) == {"v": told}
    assert told.values == len(table) - table.column("v").null_count


def surveyed_alike(database: Database, selection: Selection, rows: int, unfit: int) -> None:
    """A survey finds in a sample of all `rows` the `unfit` values that reading would refuse."""
    survey = database.survey(selection, UnfitPolicy.NULL, MAX_ROWS)
    with database.read(selection, UnfitPolicy.NULL) as reader:
        list(reader)
    ((subject, found),) = survey.columns
    assert (survey.rows, survey.whole) == (rows, True)
    assert subject.arrow == reader.schema.field("v").type
    if subject.takes_decimal:  # and none was chosen: text holds what no decimal does
        assert (subject.unfit, reader.unfit_counts) == (None, {})
    else:
        assert found.unfit_rows == reader.unfit_counts.get("v", 0) == unfit
        assert bool(subject.cases) == bool(subject.unfit)
