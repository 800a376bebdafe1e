"""A table in full: columns, indexes, foreign keys, and a few rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from headrace.model import UnfitPolicy
from headrace.sources import TypeName
from headrace.sources.candidates import ranked
from headrace.sources.cursors import keys_of
from headrace.sources.modes import Circumstances, advised
from headrace.sources.mysql.catalogue import summarise_one
from headrace.sources.mysql.columns import SourceColumn, read_columns
from headrace.sources.mysql.identifiers import qualified, quoted
from headrace.sources.mysql.rows import Taken, rows
from headrace.sources.mysql.session import Session
from headrace.sources.mysql.traits import traits
from headrace.sources.mysql.types import BYTES, TEXT, carried
from headrace.sources.wire.columns import Kind
from headrace.tables import Column, ForeignKey, Index, TableDescription, TableRef

MAX_SAMPLE_ROWS = 5
MAX_SAMPLE_CHARACTERS = 1000

# MySQL has a column EXPRESSION for what is indexed instead of a column, MariaDB has not.
_INDEXES = """
SELECT * FROM information_schema.STATISTICS
WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s
    AND CAST(TABLE_SCHEMA AS BINARY) = %s AND CAST(TABLE_NAME AS BINARY) = %s
ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX
"""

_FOREIGN_KEYS = """
SELECT CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME,
    REFERENCED_COLUMN_NAME
FROM information_schema.KEY_COLUMN_USAGE
WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s AND REFERENCED_TABLE_NAME IS NOT NULL
    AND CAST(TABLE_SCHEMA AS BINARY) = %s AND CAST(TABLE_NAME AS BINARY) = %s
ORDER BY CONSTRAINT_NAME, ORDINAL_POSITION
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
        foreign_keys=_foreign_keys(session, table),
        keys=tuple(apart),
        cursors=tuple(each.candidate for each in cursors),
        modes=advised(Circumstances(summary, apart, cursors)),
        sample=_sample(session, table, columns, sample_rows) if sample_rows > 0 else None,
    )


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


def keys(
    session: Session, table: TableRef, primary_key: tuple[str, ...]
) -> Sequence[tuple[str, ...]]:
    """What keeps the table's rows apart, the primary key first."""
    never_null = {column.name for column in read_columns(session, table) if not column.nullable}
    return keys_of(primary_key, indexes(session, table), never_null)


def indexes(session: Session, table: TableRef) -> tuple[Index, ...]:
    names = (table.schema_name, table.table_name)
    found = session.records(f"Describing {table}", _INDEXES, *names, *names)
    indexes = []
    for name, grouped in groupby(found, lambda part: str(part["INDEX_NAME"])):
        parts = list(grouped)
        columns = tuple(
            part["COLUMN_NAME"] or part.get("EXPRESSION") or "an expression" for part in parts
        )
        unique = not parts[0]["NON_UNIQUE"]
        indexes.append(Index(name=name, columns=columns, unique=unique, primary=name == "PRIMARY"))
    return tuple(indexes)


def _foreign_keys(session: Session, table: TableRef) -> tuple[ForeignKey, ...]:
    names = (table.schema_name, table.table_name)
    found = session.query(f"Describing {table}", _FOREIGN_KEYS, *names, *names)
    keys = []
    for name, grouped in groupby(found, lambda part: str(part[0])):
        parts = list(grouped)
        _, _, schema, referenced, _ = parts[0]
        keys.append(
            ForeignKey(
                name=name,
                columns=tuple(part[1] for part in parts),
                references=TableRef(schema_name=schema, table_name=referenced),
                referenced_columns=tuple(part[4] for part in parts),
            )
        )
    return tuple(keys)


def _sample(
    session: Session, table: TableRef, columns: Sequence[SourceColumn], number: int
) -> tuple[tuple[str | None, ...], ...]:
    """Rows as text, bytes as hexadecimal; a long value ends in '…'."""
    taken, expressions = [], []
    for column in columns:
        form = carried(column.type, UnfitPolicy.TEXT)
        expression = form.expression.format(quoted(column.name))
        # One character more than is shown says that there are more.
        if form.kind == Kind.TEXT and form.binary:  # text that travels as its bytes
            expression = form.expression.format(_cut(quoted(column.name)))
        elif form.kind in (Kind.TEXT, Kind.BYTES):
            expression = _cut(expression)
            form = TEXT if form.kind == Kind.TEXT else BYTES
        taken.append(Taken(pa.field(column.name, form.arrow), form))
        expressions.append(expression)
    listed = ", ".join(expressions)
    sql = f"SELECT {listed} FROM {qualified(table)} LIMIT {min(number, MAX_SAMPLE_ROWS)}"  # noqa: S608
    with rows(session, f"Reading a sample of {table}", sql, taken) as batches:
        return tuple(
            row
            for batch in batches
            for row in zip(*(_texts(values) for values in batch.columns), strict=True)
        )


def _cut(expression: str) -> str:
    return f"LEFT({expression}, {MAX_SAMPLE_CHARACTERS + 1})"


def _texts(values: pa.Array) -> list[str | None]:
    if pa.types.is_binary(values.type):
        texts = [None if value is None else value.hex() for value in values.to_pylist()]
    else:
        texts = pc.cast(values, pa.string()).to_pylist()
    return [_shortened(text) for text in texts]


def _shortened(text: str | None) -> str | None:
    if text is None or len(text) <= MAX_SAMPLE_CHARACTERS:
        return text
    return text[:MAX_SAMPLE_CHARACTERS] + "…"
