"""A table in full: columns, indexes, foreign keys, and a few rows."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa

from headrace.sources import TypeName
from headrace.sources.candidates import ranked
from headrace.sources.cursors import keys_of
from headrace.sources.modes import Circumstances, advised
from headrace.sources.postgres.catalogue import summarise_one
from headrace.sources.postgres.columns import SourceColumn, read_columns
from headrace.sources.postgres.identifiers import qualified
from headrace.sources.postgres.rows import rows
from headrace.sources.postgres.session import Session
from headrace.sources.postgres.traits import activity, traits
from headrace.sources.postgres.types import carried
from headrace.sources.wire.columns import Kind
from headrace.sources.wire.decoding import WireColumn
from headrace.tables import Column, ForeignKey, Index, TableDescription, TableRef

MAX_SAMPLE_ROWS = 5
MAX_SAMPLE_CHARACTERS = 1000

_INDEXES = """
SELECT json_build_object(
    'name', i.relname,
    'columns', (
        SELECT json_agg(
            coalesce(a.attname::text, pg_get_indexdef(x.indexrelid, k.place::int, true))
            ORDER BY k.place)
        FROM unnest(x.indkey) WITH ORDINALITY k(attnum, place)
        LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum
        WHERE k.place <= x.indnkeyatts
    ),
    'unique', x.indisunique AND x.indisvalid,
    'partial', x.indpred IS NOT NULL,
    'primary', x.indisprimary
)::text
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname::text = :schema::text AND c.relname::text = :table::text AND x.indislive
ORDER BY x.indisprimary DESC, i.relname
"""

_FOREIGN_KEYS = """
SELECT json_build_object(
    'name', f.conname,
    'columns', (
        SELECT json_agg(a.attname ORDER BY k.place)
        FROM unnest(f.conkey) WITH ORDINALITY k(attnum, place)
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum
    ),
    'references', json_build_object('schema_name', rn.nspname, 'table_name', r.relname),
    'referenced_columns', (
        SELECT json_agg(a.attname ORDER BY k.place)
        FROM unnest(f.confkey) WITH ORDINALITY k(attnum, place)
        JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.attnum
    )
)::text
FROM pg_constraint f
JOIN pg_class c ON c.oid = f.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = f.confrelid
JOIN pg_namespace rn ON rn.oid = r.relnamespace
WHERE f.contype = 'f' AND n.nspname::text = :schema::text AND c.relname::text = :table::text
    AND NOT EXISTS (
        -- A key to a partitioned table has a hidden copy for each partition that it points to.
        SELECT FROM pg_constraint whole WHERE whole.oid = f.conparentid
            AND whole.conrelid = f.conrelid
    )
ORDER BY f.conname
"""


def describe_table(
    session: Session, table: TableRef, type_name: TypeName, sample_rows: int
) -> TableDescription:
    """Raises TABLE_NOT_FOUND; PERMISSION_DENIED only if a sample is asked for."""
    columns = read_columns(session, table)
    summary = summarise_one(session, table)
    found = indexes(session, table)
    apart = keys_of(summary.primary_key, found, {c.name for c in columns if not c.nullable})
    cursors = ranked(traits(session, table, columns), apart)
    return TableDescription(
        table=summary,
        columns=tuple(_described(column, type_name) for column in columns),
        indexes=found,
        foreign_keys=tuple(
            ForeignKey.model_validate(o) for o in _objects(session, table, _FOREIGN_KEYS)
        ),
        keys=tuple(apart),
        cursors=tuple(each.candidate for each in cursors),
        modes=advised(Circumstances(summary, apart, cursors, activity(session, table))),
        sample=_sample(session, table, columns, sample_rows) if sample_rows > 0 else None,
    )


def keys(
    session: Session, table: TableRef, primary_key: tuple[str, ...]
) -> Sequence[tuple[str, ...]]:
    """What keeps the table's rows apart, the primary key first."""
    never_null = {column.name for column in read_columns(session, table) if not column.nullable}
    return keys_of(primary_key, indexes(session, table), never_null)


def indexes(session: Session, table: TableRef) -> tuple[Index, ...]:
    return tuple(Index.model_validate(o) for o in _objects(session, table, _INDEXES))


def _described(column: SourceColumn, type_name: TypeName) -> Column:
    form = carried(column.type)
    return Column(
        name=column.name,
        source_type=column.source_type,
        nullable=column.nullable,
        comment=column.comment,
        generated=column.generated,
        arrow_type=str(form.arrow),
        destination_type=type_name(form.arrow),
        note=form.note,
    )


def _objects(session: Session, table: TableRef, sql: str) -> Sequence[object]:
    found = session.query(
        f"Describing {table}", sql, schema=table.schema_name, table=table.table_name
    )
    return [json.loads(row[0]) for row in found]


def _sample(
    session: Session, table: TableRef, columns: Sequence[SourceColumn], number: int
) -> tuple[tuple[str | None, ...], ...]:
    """Rows as PostgreSQL writes them; a long value ends in '…'."""
    if not columns:
        return ()
    # One character more than is shown says that there are more.
    listed = ", ".join(
        f"pg_catalog.left({column.written}, {MAX_SAMPLE_CHARACTERS + 1})" for column in columns
    )
    sql = f"SELECT {listed} FROM {qualified(table)} LIMIT {min(number, MAX_SAMPLE_ROWS)}"  # noqa: S608
    texts = [WireColumn(pa.field(column.name, pa.string()), Kind.TEXT) for column in columns]
    with rows(session, f"Reading a sample of {table}", sql, texts) as batches:
        return tuple(
            tuple(_shortened(value.as_py()) for value in row)
            for batch in batches
            for row in zip(*batch.columns, strict=True)
        )


def _shortened(value: str | None) -> str | None:
    if value is None or len(value) <= MAX_SAMPLE_CHARACTERS:
        return value
    return value[:MAX_SAMPLE_CHARACTERS] + "…"
