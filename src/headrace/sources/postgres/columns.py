"""The columns of a table, as the catalogues have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from headrace.errors import TABLE_NOT_FOUND, HeadraceError
from headrace.model import TableRef
from headrace.sources.postgres.session import Session
from headrace.sources.postgres.types import Carried, ColumnType, carried

# Domains are followed to the type beneath; its modifier is the domain's ("CREATE DOMAIN").
# The parameters are cast so that a name too long is not cut to one that exists.
_SQL = """
WITH RECURSIVE wanted AS (
    SELECT c.oid
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname::text = :schema::text AND c.relname::text = :table::text
        AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
), resolved AS (
    SELECT a.attrelid, a.attnum, a.atttypid AS type, a.atttypmod AS modifier, false AS not_null
    FROM pg_attribute a JOIN wanted ON a.attrelid = wanted.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT r.attrelid, r.attnum, t.typbasetype, t.typtypmod, r.not_null OR t.typnotnull
    FROM resolved r JOIN pg_type t ON t.oid = r.type
    WHERE t.typtype = 'd'
)
SELECT a.attname, format_type(a.atttypid, a.atttypmod),
    NOT (a.attnotnull OR r.not_null), col_description(a.attrelid, a.attnum),
    a.attgenerated::text <> '',
    CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN t.typname END,
    r.modifier, t.typtype = 'e'
FROM wanted
LEFT JOIN resolved r ON r.attrelid = wanted.oid
LEFT JOIN pg_type t ON t.oid = r.type
LEFT JOIN pg_attribute a ON a.attrelid = r.attrelid AND a.attnum = r.attnum
WHERE r.attnum IS NULL OR t.typtype <> 'd'
ORDER BY r.attnum
"""


@dataclass(frozen=True)
class SourceColumn:
    """A column: its type as the database writes it, and how it is carried."""

    name: str
    source_type: str
    nullable: bool
    comment: str | None
    generated: bool
    carried: Carried

    @property
    def field(self) -> pa.Field:
        """The Arrow field. Always nullable: PostgreSQL's NOT NULL may be one not yet valid."""
        metadata = {"headrace.source_type": self.source_type}
        return pa.field(self.name, self.carried.arrow, metadata=metadata)


def read_columns(session: Session, table: TableRef) -> tuple[SourceColumn, ...]:
    """The table's columns in their order; a table may have none. Raises TABLE_NOT_FOUND."""
    rows = session.query(
        f"Looking up the columns of {table}",
        _SQL,
        schema=table.schema_name,
        table=table.table_name,
    )
    if not rows:
        raise HeadraceError(TABLE_NOT_FOUND, f"Looking up {table}: there is no such table.")
    return tuple(_column(*row) for row in rows if row[0] is not None)


def _column(*row: Any) -> SourceColumn:
    name, source_type, nullable, comment, generated, base, modifier, enum = row
    return SourceColumn(
        name=name,
        source_type=source_type,
        nullable=nullable,
        comment=comment,
        generated=generated,
        carried=carried(ColumnType(base, modifier, enum)),
    )
