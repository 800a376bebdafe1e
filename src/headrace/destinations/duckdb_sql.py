"""Names and questions in DuckDB's SQL."""

from __future__ import annotations

import duckdb

from headrace.destinations import Target


def quoted(name: str) -> str:
    """A name as an identifier of DuckDB's SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a constant of DuckDB's SQL, where no parameter can stand."""
    return "'" + text.replace("'", "''") + "'"


def qualified(connection: duckdb.DuckDBPyConnection, target: Target) -> str:
    """With the catalogue in front: it is named after the file, and a dataset may be, too."""
    row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None  # noqa: S101
    return ".".join(map(quoted, (row[0], target.dataset, target.table)))


def exists(connection: duckdb.DuckDBPyConnection, target: Target) -> bool:
    found = connection.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_catalog = current_database() "
        "AND lower(table_schema) = lower($1) AND lower(table_name) = lower($2)",
        [target.dataset, target.table],
    ).fetchone()
    return found is not None


def count(connection: duckdb.DuckDBPyConnection, target: Target) -> int:
    select = f"SELECT count(*) FROM {qualified(connection, target)}"  # noqa: S608
    row = connection.execute(select).fetchone()
    assert row is not None  # noqa: S101  (an aggregate has a row)
    return int(row[0])


def comment(connection: duckdb.DuckDBPyConnection, target: Target) -> str | None:
    """What is written on the table; None if nothing is, or there is no such table."""
    row = connection.execute(
        "SELECT comment FROM duckdb_tables() WHERE database_name = current_database() "
        "AND lower(schema_name) = lower($1) AND lower(table_name) = lower($2)",
        [target.dataset, target.table],
    ).fetchone()
    return row[0] if row else None
