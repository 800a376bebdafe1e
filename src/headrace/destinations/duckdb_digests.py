"""Digests of rows that DuckDB can select, be they staged in files or loaded into a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from headrace.destinations.duckdb_canonical import canonical, hashed
from headrace.destinations.duckdb_sql import quoted
from headrace.digests import Digest

_STAGED = "read_parquet($1)"


def staged_digests(
    connection: duckdb.DuckDBPyConnection, files: Sequence[str], columns: Mapping[str, pa.DataType]
) -> Mapping[str, Digest]:
    """The digests of columns of the files."""
    return digests(connection, _STAGED, columns, files)


def digests(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    columns: Mapping[str, pa.DataType],
    *parameters: object,
) -> Mapping[str, Digest]:
    """The digests of columns of the rows, which are what follows FROM in SQL."""
    answers = ", ".join(
        f"count({quoted(name)}), coalesce(sum({hashed(canonical(quoted(name), arrow))}), 0)"
        for name, arrow in columns.items()
    )
    found = connection.execute(f"SELECT {answers} FROM {rows}", parameters).fetchone()  # noqa: S608
    assert found is not None  # noqa: S101  (an aggregate has a row)
    return {
        name: Digest(values=values, total=total)
        for name, values, total in zip(columns, found[::2], found[1::2], strict=True)
    }
