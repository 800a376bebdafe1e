"""The list of tables, from information_schema alone: nothing is counted, no table is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from headrace.errors import TABLE_NOT_FOUND, HeadraceError
from headrace.sources.mysql.rows import Taken, rows
from headrace.sources.mysql.session import Session
from headrace.sources.mysql.types import TEXT
from headrace.tables import TableKind, TableRef, TableSummary
from headrace.values import Value

# Put together by grouping, since joins of these tables take quadratic time. Names are compared
# byte for byte: information_schema's collation takes A for a. Those of a key's columns are
# hexadecimal, so that a comma in one separates nothing. The right to read shows in the columns'
# PRIVILEGES, which count roles, patterns and all levels together.
_SUMMARIES = """
SELECT {columns}
FROM (
    SELECT CAST(TABLE_SCHEMA AS BINARY) AS s, CAST(TABLE_NAME AS BINARY) AS n,
        TABLE_TYPE AS type, ENGINE AS engine, TABLE_ROWS AS estimate,
        DATA_LENGTH + INDEX_LENGTH AS bytes, UPDATE_TIME AS updated, TABLE_COMMENT AS comment,
        NULL AS readable, NULL AS key_column, NULL AS key_place, NULL AS partition_name
    FROM information_schema.TABLES
    WHERE {where} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')
    UNION ALL
    SELECT CAST(TABLE_SCHEMA AS BINARY), CAST(TABLE_NAME AS BINARY), NULL, NULL, NULL, NULL, NULL,
        NULL, FIND_IN_SET('select', PRIVILEGES) > 0, NULL, NULL, NULL
    FROM information_schema.COLUMNS WHERE {where}
    UNION ALL
    SELECT CAST(TABLE_SCHEMA AS BINARY), CAST(TABLE_NAME AS BINARY), NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, HEX(COLUMN_NAME), SEQ_IN_INDEX, NULL
    FROM information_schema.STATISTICS WHERE {where} AND INDEX_NAME = 'PRIMARY'
    UNION ALL
    SELECT CAST(TABLE_SCHEMA AS BINARY), CAST(TABLE_NAME AS BINARY), NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL, PARTITION_NAME
    FROM information_schema.PARTITIONS WHERE {where} AND PARTITION_NAME IS NOT NULL
) parts
GROUP BY s, n
HAVING COUNT(type) > 0
ORDER BY s, n
"""

_ALL = "TABLE_SCHEMA NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
_ONE = "TABLE_SCHEMA = %s AND TABLE_NAME = %s"

_COLUMNS = {
    "schema_name": "CONVERT(s USING utf8mb4)",
    "table_name": "CONVERT(n USING utf8mb4)",
    "kind": f"""CASE WHEN MAX(type) = 'VIEW' THEN '{TableKind.VIEW}'
        WHEN MAX(engine) IN ('FEDERATED', 'CONNECT', 'SPIDER') THEN '{TableKind.FOREIGN}'
        WHEN COUNT(partition_name) > 0 THEN '{TableKind.PARTITIONED}'
        ELSE '{TableKind.TABLE}' END""",
    "engine": "MAX(engine)",
    "estimated_rows": "MAX(estimate)",
    "bytes": "MAX(bytes)",
    "updated_at": "DATE_FORMAT(MAX(updated), '%Y-%m-%dT%H:%i:%sZ')",
    # A view's comment is the word VIEW, or what is wrong with it.
    "comment": "IF(MAX(type) = 'VIEW', NULL, NULLIF(MAX(comment), ''))",
    "primary_key": "COALESCE(GROUP_CONCAT(key_column ORDER BY key_place), '')",
    "column_count": "COUNT(readable)",
    "partition_count": "COUNT(partition_name)",
    "readable": "COALESCE(MAX(readable), 0)",
}
_SELECTED = ", ".join(f"CAST({sql} AS CHAR) AS {name}" for name, sql in _COLUMNS.items())

_COUNTS = """
SELECT COUNT(*) AS tables, COUNT(NULLIF(readable, 0)) AS readable
FROM (
    SELECT MAX(FIND_IN_SET('select', PRIVILEGES) > 0) AS readable
    FROM information_schema.COLUMNS
    WHERE TABLE_SCHEMA = %s
    GROUP BY CAST(TABLE_NAME AS BINARY)
) tables_
"""


class _Counts(Value):
    tables: int
    readable: int


def list_tables(session: Session) -> Iterator[TableSummary]:
    """All tables and views of all databases but the server's own, by database and name."""
    sql = _SUMMARIES.format(columns=_SELECTED, where=_ALL)
    texts = [Taken(pa.field(name, pa.string()), TEXT) for name in _COLUMNS]
    with rows(session, "Listing the tables", sql, texts) as batches:
        for batch in batches:
            for line in batch.to_pylist():
                yield _summary(line)


def summarise(session: Session, tables: Iterable[TableRef]) -> Iterator[TableSummary]:
    """The lines of those tables that exist.

    A statement each: only then does the server not open all the others ("Optimizing
    INFORMATION_SCHEMA Queries").
    """
    for table in tables:
        if summary := _find(session, table):
            yield summary


def summarise_one(session: Session, table: TableRef) -> TableSummary:
    """Raises TABLE_NOT_FOUND."""
    summary = _find(session, table)
    if summary is None:
        raise HeadraceError(TABLE_NOT_FOUND, f"Looking up {table}: there is no such table.")
    return summary


def _find(session: Session, table: TableRef) -> TableSummary | None:
    # A format's percent signs are doubled, since parameters are put in by the same sign.
    sql = _SUMMARIES.format(columns=_SELECTED.replace("%", "%%"), where=_ONE)
    names = (table.schema_name, table.table_name)
    for line in session.records(f"Looking up {table}", sql, *names * 4):
        if (line["schema_name"], line["table_name"]) == names:
            return _summary(line)
    return None


def count_tables(session: Session, database: str) -> tuple[int, int]:
    """How many tables the user sees in the database, and how many of them it may read."""
    counts = session.answer("Counting the tables", _COUNTS, _Counts, database)
    return counts.tables, counts.readable


def _summary(line: Mapping[str, str | None]) -> TableSummary:
    key = [bytes.fromhex(name).decode() for name in (line["primary_key"] or "").split(",") if name]
    return TableSummary.model_validate({**line, "primary_key": key})
