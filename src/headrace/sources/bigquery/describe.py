"""A table in full: columns, its declared key, cursors, and a few rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headrace.model import Selection
from headrace.sources import TypeName
from headrace.sources.bigquery.catalogue import summarised
from headrace.sources.bigquery.columns import SourceColumn, columns_of
from headrace.sources.bigquery.session import Described, Session
from headrace.sources.bigquery.survey import first_rows
from headrace.sources.bigquery.types import carried
from headrace.sources.bigquery.windows import kind_of_column
from headrace.sources.candidates import UNIQUE, Traits, ranked
from headrace.sources.modes import Circumstances, advised
from headrace.tables import Column, CursorCandidate, Mode, TableDescription, TableRef

MAX_SAMPLE_ROWS = 5
MAX_SAMPLE_CHARACTERS = 1000

_DECLARED = "It is declared as the primary key."
_SET_ON_INSERT = ("CURRENT_TIMESTAMP", "CURRENT_DATETIME", "CURRENT_DATE")


def describe_table(
    session: Session, table: TableRef, type_name: TypeName, sample_rows: int
) -> TableDescription:
    """Raises TABLE_NOT_FOUND; PERMISSION_DENIED only if a sample is asked for."""
    described = session.described(table)
    columns = columns_of(described.fields)
    summary = summarised(described)
    keys = [described.primary_key] if described.primary_key else []
    cursors = ranked(_traits(described, columns), keys)
    advice = advised(Circumstances(summary, keys, cursors))
    return TableDescription(
        table=summary,
        columns=tuple(_described(column, type_name) for column in columns),
        indexes=(),
        foreign_keys=(),
        keys=tuple(keys),
        cursors=tuple(_declared(each.candidate) for each in cursors),
        # Any columns may be a key here, if the rows that are there bear it out.
        modes=tuple(
            each.model_copy(update={"possible": bool(cursors)}) if each.mode is Mode.MERGE else each
            for each in advice
        ),
        sample=_sample(session, table, columns, sample_rows) if sample_rows > 0 else None,
    )


def _described(column: SourceColumn, type_name: TypeName) -> Column:
    form = carried(column.type)
    return Column(
        name=column.name,
        source_type=column.source_type,
        nullable=column.nullable,
        comment=column.comment,
        generated=False,
        arrow_type=str(form.arrow),
        destination_type=type_name(form.arrow),
        note=form.note,
    )


def _declared(candidate: CursorCandidate) -> CursorCandidate:
    """A key is declared, and nothing sees to it that it is one."""
    evidence = tuple(_DECLARED if said == UNIQUE else said for said in candidate.evidence)
    return candidate.model_copy(update={"evidence": evidence})


def _traits(described: Described, columns: Sequence[SourceColumn]) -> list[Traits]:
    """What is told of the columns that a cursor may have."""
    found = []
    by_time = described.resource.get("timePartitioning", {}).get("field")
    by_range = described.resource.get("rangePartitioning", {}).get("field")
    clustered = described.resource.get("clustering", {}).get("fields", [])[:1]
    for column in columns:
        kind = kind_of_column(column)
        if kind is None:
            continue
        parted = column.name in (by_time, by_range)
        remarks = []
        if parted:
            remarks.append("The table is partitioned by it: a window reads its partitions alone.")
        elif column.name in clustered:
            remarks.append("The table is clustered by it: a window reads little else.")
        default = next((each for each in _SET_ON_INSERT if each in (column.default or "")), None)
        found.append(
            Traits(
                name=column.name,
                kind=kind,
                source_type=column.source_type,
                nullable=column.nullable,
                # There are no indexes, but a window need not read the whole table.
                index="" if remarks else None,
                set_on_insert=default and f"Its default is {default}().",
                remarks=tuple(remarks),
            )
        )
    return found


def _sample(
    session: Session, table: TableRef, columns: Sequence[SourceColumn], number: int
) -> tuple[tuple[str | None, ...], ...]:
    """Rows as text, bytes as hexadecimal; a long value ends in '…'."""
    selection = Selection(schema_name=table.schema_name, table_name=table.table_name)
    rows = first_rows(session, selection, columns, min(number, MAX_SAMPLE_ROWS))
    return tuple(zip(*(_texts(values) for values in rows.columns), strict=True))


def _texts(values: pa.ChunkedArray) -> list[str | None]:
    if pa.types.is_binary(values.type) or pa.types.is_list(values.type):
        texts = [None if value is None else _shown(value) for value in values.to_pylist()]
    else:
        texts = pc.cast(values, pa.string()).to_pylist()
    return [_shortened(text) for text in texts]


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _shortened(text: str | None) -> str | None:
    if text is None or len(text) <= MAX_SAMPLE_CHARACTERS:
        return text
    return text[:MAX_SAMPLE_CHARACTERS] + "…"
