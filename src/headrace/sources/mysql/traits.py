"""What MySQL's and MariaDB's catalogues and statistics tell of columns that may be cursors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from headrace.errors import PERMISSION_DENIED, HeadraceError
from headrace.sources.candidates import Traits
from headrace.sources.cursors import CursorKind
from headrace.sources.mysql.columns import SourceColumn
from headrace.sources.mysql.session import Session
from headrace.sources.mysql.windows import KINDS
from headrace.tables import TableRef

_NAMED = "TABLE_SCHEMA = %s AND TABLE_NAME = %s AND CAST(TABLE_SCHEMA AS BINARY) = %s"
_FILLED = f"""
SELECT COLUMN_NAME, COALESCE(COLUMN_DEFAULT, ''), EXTRA FROM information_schema.COLUMNS
WHERE {_NAMED} AND CAST(TABLE_NAME AS BINARY) = %s
"""  # noqa: S608 - constants
# Servers name what hides an index from the optimizer differently, or know no such thing.
_INDEXES = f"""
SELECT * FROM information_schema.STATISTICS
WHERE {_NAMED} AND CAST(TABLE_NAME AS BINARY) = %s AND SEQ_IN_INDEX = 1 AND INDEX_TYPE = 'BTREE'
ORDER BY INDEX_NAME
"""  # noqa: S608
# Shown to whoever has the right TRIGGER.
_TRIGGERS = """
SELECT TRIGGER_NAME, ACTION_STATEMENT FROM information_schema.TRIGGERS
WHERE EVENT_OBJECT_SCHEMA = %s AND EVENT_OBJECT_TABLE = %s AND EVENT_MANIPULATION = 'UPDATE'
    AND ACTION_TIMING = 'BEFORE' AND CAST(EVENT_OBJECT_SCHEMA AS BINARY) = %s
    AND CAST(EVENT_OBJECT_TABLE AS BINARY) = %s
ORDER BY TRIGGER_NAME
"""
# Where ANALYZE leaves shares of NULLs: a table of MariaDB's, which few may read, and MySQL's
# histograms. A server has one of them, or none.
_NULLS = {
    "column_stats": """
        SELECT column_name, nulls_ratio FROM mysql.column_stats
        WHERE db_name = %s AND table_name = %s AND nulls_ratio IS NOT NULL
    """,
    "COLUMN_STATISTICS": """
        SELECT COLUMN_NAME, HISTOGRAM ->> '$."null-values"'
        FROM information_schema.COLUMN_STATISTICS WHERE SCHEMA_NAME = %s AND TABLE_NAME = %s
    """,
}
_KEPT = """
SELECT TABLE_NAME FROM information_schema.TABLES
WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME = 'column_stats'
    OR TABLE_SCHEMA = 'information_schema' AND TABLE_NAME = 'COLUMN_STATISTICS'
"""
_NOW = re.compile(r"(?i)current_timestamp|\bnow\(|localtime|curdate|current_date|utc_timestamp")
_ON_UPDATE = re.compile(r"(?i)on update current_timestamp")


def traits(session: Session, table: TableRef, columns: Sequence[SourceColumn]) -> Sequence[Traits]:
    """Of the columns whose type a cursor may have, in their order."""
    what = f"Describing {table}"
    names = (table.schema_name, table.table_name)
    filled = {name: rest for name, *rest in session.query(what, _FILLED, *names, *names)}
    indexes = _indexes(session.records(what, _INDEXES, *names, *names))
    triggers = session.query(what, _TRIGGERS, *names, *names)
    nulls = _null_fractions(session, table)
    found = []
    for column in columns:
        kind = KINDS.get(column.type.name)
        if kind is None:
            continue
        default, extra = filled.get(column.name, ("", ""))
        found.append(
            Traits(
                name=column.name,
                kind=kind,
                source_type=column.source_type,
                nullable=column.nullable,
                # Texts are compared byte by byte, for which no index serves.
                index=None if kind is CursorKind.TEXT else indexes.get(column.name),
                null_fraction=nulls.get(column.name),
                set_on_insert=f"Its default is {default}." if _NOW.search(default) else None,
                set_on_update=_set_on_update(column.name, extra, triggers),
                counted="AUTO_INCREMENT fills it." if "auto_increment" in extra.lower() else None,
                remarks=("The database computes it from other columns.",)
                if column.generated
                else (),
            )
        )
    return found


def _indexes(lines: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """By column an index that begins with all of it, and that the optimizer uses."""
    found: dict[str, str] = {}
    for line in lines:
        hidden = line.get("IGNORED") == "YES" or line.get("IS_VISIBLE") == "NO"
        if line["COLUMN_NAME"] and line["SUB_PART"] is None and not hidden:
            found.setdefault(line["COLUMN_NAME"], line["INDEX_NAME"])
    return found


def _set_on_update(name: str, extra: str, triggers: Sequence[Sequence[Any]]) -> str | None:
    if _ON_UPDATE.search(extra):
        return "The server sets it at each update (ON UPDATE CURRENT_TIMESTAMP)."
    sets = re.compile(rf"(?i)\bnew\s*\.\s*`?{re.escape(name)}`?\s*:?=")
    for trigger, statement in triggers:
        if sets.search(statement):
            return f"Trigger {trigger} sets it at each update."
    return None


def _null_fractions(session: Session, table: TableRef) -> Mapping[str, float]:
    """By column, so far as the server keeps them and the user may look."""
    what = f"Describing {table}"
    for (kept,) in session.query(what, _KEPT):
        sql = _NULLS[kept]
        try:
            session.check(what, sql.replace("%s", "''"))
        except HeadraceError as error:
            if error.kind is not PERMISSION_DENIED:
                raise
            continue
        found = session.query(what, sql, table.schema_name, table.table_name)
        return {str(name): float(share) for name, share in found}
    return {}
