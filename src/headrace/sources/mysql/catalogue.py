"""The list of tables, from information_schema alone: nothing is counted, no table is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from headrace.errors import TABLE_NOT_FOUND, HeadraceError
from headrace.model import TableKind, TableRef, TableSummary
from headrace.sources.mysql.rows import Taken, rows
from headrace.sources.mysql.session import Session
from headrace.sources.mysql.types import TEXT

# Grouped and compared byte for byte: information_schema's collation takes A for a. Names inside
# the key are hexadecimal, so that a comma in one separates nothing. A user's right to read shows
# in the columns' PRIVILEGES, which count roles, patterns and all levels together.
_SUMMARIES = """
SELECT {columns}
FROM information_schema.TABLES t
LEFT JOIN (
    SELECT CAST(TABLE_SCHEMA AS BINARY) AS s, CAST(TABLE_NAME AS BINARY) AS n,
        COUNT(*) AS columns_, MAX(FIND_IN_SET('select', PRIVILEGES) > 0) AS readable
    FROM information_schema.COLUMNS WHERE {where} GROUP BY 1, 2
) c ON c.s = CAST(t.TABLE_SCHEMA AS BINARY) AND c.n = CAST(t.TABLE_NAME AS BINARY)
LEFT JOIN (
    SELECT CAST(TABLE_SCHEMA AS BINARY) AS s, CAST(TABLE_NAME AS BINARY) AS n,
        GROUP_CONCAT(HEX(COLUMN_NAME) ORDER BY SEQ_IN_INDEX) AS names
    FROM information_schema.STATISTICS WHERE INDEX_NAME = 'PRIMARY' AND {where} GROUP BY 1, 2
) k ON k.s = CAST(t.TABLE_SCHEMA AS BINARY) AND k.n = CAST(t.TABLE_NAME AS BINARY)
LEFT JOIN (
    SELECT CAST(TABLE_SCHEMA AS BINARY) AS s, CAST(TABLE_NAME AS BINARY) AS n, COUNT(*) AS number
    FROM information_schema.PARTITIONS WHERE PARTITION_NAME IS NOT NULL AND {where} GROUP BY 1, 2
) p ON p.s = CAST(t.TABLE_SCHEMA AS BINARY) AND p.n = CAST(t.TABLE_NAME AS BINARY)
WHERE t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW') AND {where}
ORDER BY CAST(t.TABLE_SCHEMA AS BINARY), CAST(t.TABLE_NAME AS BINARY)
"""

_ALL = "TABLE_SCHEMA NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
_ONE = "TABLE_SCHEMA = %s AND TABLE_NAME = %s"

_COLUMNS = {
    "schema_name": "t.TABLE_SCHEMA",
    "table_name": "t.TABLE_NAME",
    "kind": f"""CASE WHEN t.TABLE_TYPE = 'VIEW' THEN '{TableKind.VIEW}'
        WHEN t.ENGINE IN ('FEDERATED', 'CONNECT', 'SPIDER') THEN '{TableKind.FOREIGN}'
        WHEN p.number > 0 THEN '{TableKind.PARTITIONED}' ELSE '{TableKind.TABLE}' END""",
    "engine": "t.ENGINE",
    "estimated_rows": "t.TABLE_ROWS",
    "bytes": "t.DATA_LENGTH + t.INDEX_LENGTH",
    "updated_at": "DATE_FORMAT(t.UPDATE_TIME, '%Y-%m-%dT%H:%i:%sZ')",
    # A view's comment is the word VIEW, or what is wrong with it.
    "comment": "IF(t.TABLE_TYPE = 'VIEW', NULL, NULLIF(t.TABLE_COMMENT, ''))",
    "primary_key": "COALESCE(k.names, '')",
    "column_count": "COALESCE(c.columns_, 0)",
    "partition_count": "COALESCE(p.number, 0)",
    "readable": "COALESCE(c.readable, 0)",
}
_SELECTED = ", ".join(f"CAST({sql} AS CHAR) AS {name}" for name, sql in _COLUMNS.items())


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


def count_tables(session: Session) -> tuple[int, int]:
    """How many tables there are, and how many of them the user may read."""
    what = "Counting the tables"
    sql = _SUMMARIES.format(columns="COUNT(*), COUNT(CASE WHEN c.readable THEN 1 END)", where=_ALL)
    ((all_tables, readable),) = session.query(what, sql)
    return all_tables, readable


def _summary(line: Mapping[str, str | None]) -> TableSummary:
    key = [bytes.fromhex(name).decode() for name in (line["primary_key"] or "").split(",") if name]
    return TableSummary.model_validate({**line, "primary_key": key})
