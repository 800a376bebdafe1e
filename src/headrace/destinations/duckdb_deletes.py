"""What becomes of the rows of a DuckDB table that are deleted in the source."""

from __future__ import annotations

from datetime import UTC, datetime

from headrace.destinations import DELETED_AT
from headrace.destinations.duckdb_keys import Keys
from headrace.destinations.duckdb_sql import qualified, quoted
from headrace.errors import ROWS_DISAGREE, HeadraceError
from headrace.model import DetectDeletes

# The names are all quoted, and the files and the time are parameters.
_GONE = "{name} IN (SELECT name FROM read_parquet($1))"
_REMOVE = "DELETE FROM {table} WHERE {gone} AND {live}"
_MARK = "UPDATE {table} SET {column} = $2 WHERE {gone} AND {live}"
_REMOVE_MARKED = "DELETE FROM {table} WHERE {column} IS NOT NULL"


def apply_deletes(keys: Keys) -> None:
    """Remove or mark the rows that were found deleted, in the transaction of the connection.

    Where rows are removed, those go too that were marked before. Raises ROWS_DISAGREE.
    """
    table, increment = keys.table, keys.table.increment
    if increment is None or increment.detect_deletes is DetectDeletes.OFF:
        return
    removes = increment.detect_deletes is DetectDeletes.HARD
    words = {
        "table": qualified(keys.connection, table.target),
        "column": quoted(DELETED_AT),
        "gone": _GONE.format(name=keys.name),
        "live": keys.live,
    }
    if table.deleted:
        files = [file.path for file in table.deleted]
        parameters = [files] if removes else [files, datetime.now(UTC)]
        sql = (_REMOVE if removes else _MARK).format(**words)
        row = keys.connection.execute(sql, parameters).fetchone()
        _agree(keys, row[0] if row else 0)
    if removes and keys.marks:
        keys.connection.execute(_REMOVE_MARKED.format(**words))


def _agree(keys: Keys, changed: int) -> None:
    found = sum(file.rows for file in keys.table.deleted)
    if changed != found:
        raise HeadraceError(
            ROWS_DISAGREE,
            f"Table {keys.table.source_table}: {found} rows were found to be deleted, but now "
            f"there are {changed} of them.",
        )
