"""Reading a table: which of its columns, in which form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from headrace.chunks import Chunk
from headrace.model import Selection, UnfitPolicy, Window
from headrace.sources.chosen import check_readable, chosen
from headrace.sources.postgres import chunks, filters, windows
from headrace.sources.postgres.columns import SourceColumn, read_columns
from headrace.sources.postgres.identifiers import qualified, quoted
from headrace.sources.postgres.rows import Rows, rows
from headrace.sources.postgres.session import Session
from headrace.sources.postgres.types import Carried, carried
from headrace.sources.postgres.unchanged import check_unchanged
from headrace.sources.wire.decoding import WireColumn


def schema(session: Session, selection: Selection, unfit: UnfitPolicy) -> pa.Schema:
    """The schema in which `read` gives the rows. Raises what it raises before it reads them."""
    columns, _ = _columns(selection, unfit, _chosen(session, selection))
    return pa.schema([column.field for column in columns])


@contextmanager
def read(
    session: Session,
    selection: Selection,
    unfit: UnfitPolicy,
    part: tuple[Window | None, Chunk],
) -> Iterator[Rows]:
    """Read the selected columns, all of them if there is no choice, in the order given.

    A partitioned table is read with its partitions, a parent with its children. Raises
    TABLE_NOT_FOUND, TABLE_CHANGED, TABLE_LOCKED, COLUMN_NOT_FOUND, DECIMAL_NOT_TAKEN,
    PERMISSION_DENIED, VALUE_NOT_CARRIED, VALUE_TOO_LARGE, CONNECTION_LOST, ….
    """
    taken = taken_columns(session, selection)
    columns, expressions = _columns(selection, unfit, taken)
    sql = f"SELECT {', '.join(expressions)} {taken_rows(session, selection, part)}"
    with rows(session, f"Reading {selection.ref}", sql, columns) as reader:
        yield reader


def taken_columns(session: Session, selection: Selection) -> Sequence[SourceColumn]:
    """The columns that are read, once the table is locked and was not changed meanwhile."""
    taken = _chosen(session, selection)
    check_unchanged(session, selection.ref, taken)
    return taken


def taken_rows(session: Session, selection: Selection, part: tuple[Window | None, Chunk]) -> str:
    """The statement from FROM on, for the rows that are read."""
    window, chunk = part
    conditions = list(filters.conditions(session, selection))
    if window:
        conditions.append(windows.condition(session, selection, window))
    if not chunk.whole:
        conditions.append(chunks.condition(session, selection, chunk))
    where = " AND ".join(f"({condition})" for condition in conditions)
    return f"FROM {qualified(selection.ref)}" + (f" WHERE {where}" if where else "")


def form_of(column: SourceColumn, selection: Selection, unfit: UnfitPolicy) -> Carried:
    """How the column is carried under the selection's choices, else under the policy given."""
    policy = selection.unfit_columns.get(column.name, unfit)
    return carried(column.type, policy, selection.decimal_columns.get(column.name))


def _columns(
    selection: Selection, unfit: UnfitPolicy, taken: Sequence[SourceColumn]
) -> tuple[list[WireColumn], list[str]]:
    """How the columns arrive, and the expressions that make them arrive so."""
    columns, expressions = [], []
    for column in taken:
        form = form_of(column, selection, unfit)
        # Always nullable: PostgreSQL's NOT NULL may be one that is not yet valid.
        metadata = {"headrace.source_type": column.source_type}
        field = pa.field(column.name, form.arrow, metadata=metadata)
        nullify = selection.unfit_columns.get(column.name, unfit) is UnfitPolicy.NULL
        columns.append(WireColumn(field, form.kind, nullify, form.element))
        expressions.append(column.written if form.written else quoted(column.name))
    return columns, expressions


def _chosen(session: Session, selection: Selection) -> Sequence[SourceColumn]:
    columns = chosen(selection, read_columns(session, selection.ref))
    check_readable(selection, columns)
    return columns
