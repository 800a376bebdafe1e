"""The columns of a table, as the catalogues have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headrace.errors import TABLE_NOT_FOUND, HeadraceError
from headrace.sources.postgres.identifiers import quoted
from headrace.sources.postgres.session import Session
from headrace.sources.postgres.types import ColumnType
from headrace.tables import TableRef

# Domains are followed to the type beneath; its modifier is the domain's ("CREATE DOMAIN").
# `named` is asked for a few of what may be many types.
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
), named AS NOT MATERIALIZED (
    SELECT t.oid, CASE WHEN x.oid IS NOT NULL THEN x.extname || '.' || t.typname
        WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN t.typname END AS name
    FROM pg_type t
    LEFT JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid
        AND d.deptype = 'e'
    LEFT JOIN pg_extension x ON x.oid = d.refobjid
)
SELECT a.attname, format_type(a.atttypid, a.atttypmod),
    NOT (a.attnotnull OR r.not_null), col_description(a.attrelid, a.attnum),
    a.attgenerated::text <> '', has_column_privilege(a.attrelid, a.attnum, 'SELECT'),
    (SELECT name FROM named WHERE named.oid = t.oid), r.modifier, t.typtype = 'e',
    e.oid IS NOT NULL, (SELECT name FROM named WHERE named.oid = e.oid),
    e.typtype = 'e', t.oid::bigint, n.nspname, o.proname
FROM wanted
LEFT JOIN resolved r ON r.attrelid = wanted.oid
LEFT JOIN pg_attribute a ON a.attrelid = r.attrelid AND a.attnum = r.attnum
LEFT JOIN pg_type t ON t.oid = r.type
LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid AND e.typtype <> 'd'
    AND a.attndims <= 1
LEFT JOIN pg_proc o ON o.oid = t.typoutput
LEFT JOIN pg_namespace n ON n.oid = o.pronamespace
WHERE r.attnum IS NULL OR t.typtype <> 'd'
ORDER BY r.attnum
"""


@dataclass(frozen=True)
class SourceColumn:
    """A column: its type as the database writes it, and the type beneath all domains."""

    name: str
    source_type: str
    nullable: bool
    comment: str | None
    generated: bool
    readable: bool
    type: ColumnType
    type_oid: int
    written: str
    """The expression for what the type's output function writes."""

    @property
    def takes_decimal(self) -> bool:
        return self.type.takes_decimal


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
    name, source_type, nullable, comment, generated, readable, *rest = row
    base, modifier, enum, array, element, element_enum, oid, output_schema, output = rest
    return SourceColumn(
        name=name,
        source_type=source_type,
        nullable=nullable,
        comment=comment,
        generated=generated,
        readable=readable is not False,
        # The modifier of an array is that of its elements.
        type=ColumnType(
            base, modifier, enum, ColumnType(element, modifier, element_enum) if array else None
        ),
        type_oid=oid,
        written=_written(quoted(name), output_schema, output),
    )


def _written(column: str, output_schema: str, output: str) -> str:
    """What the output function writes. A cast to text would trim char(n), and more."""
    if (output_schema, output) == ("pg_catalog", "textout"):
        column = f"{column}::pg_catalog.text"  # refcursor has no function of its own
    return f"pg_catalog.textin({quoted(output_schema)}.{quoted(output)}({column}))"
