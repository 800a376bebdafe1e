"""Reading a table: which of its columns, in which form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from headrace.chunks import Chunk
from headrace.model import Selection, UnfitPolicy, Window
from headrace.sources.chosen import check_readable, chosen
from headrace.sources.mysql import chunks, filters, windows
from headrace.sources.mysql.columns import SourceColumn, read_columns
from headrace.sources.mysql.identifiers import qualified, quoted
from headrace.sources.mysql.rows import Rows, Taken, rows
from headrace.sources.mysql.session import Session
from headrace.sources.mysql.types import Carried, carried


def schema(session: Session, selection: Selection, unfit: UnfitPolicy) -> pa.Schema:
    """The schema in which `read` gives the rows. Raises what it raises before it reads them."""
    columns, _ = _columns(selection, unfit, taken_columns(session, selection))
    return pa.schema([column.field for column in columns])


@contextmanager
def read(
    session: Session,
    selection: Selection,
    unfit: UnfitPolicy,
    part: tuple[Window | None, Chunk],
) -> Iterator[Rows]:
    """Read the selected columns, all of them if there is no choice, in the order given.

    All of them are those that are invisible to `SELECT *` too. Raises TABLE_NOT_FOUND,
    TABLE_CHANGED, TABLE_LOCKED, COLUMN_NOT_FOUND, PERMISSION_DENIED, VALUE_NOT_CARRIED,
    VALUE_TOO_LARGE, CONNECTION_LOST, ….
    """
    columns, expressions = _columns(selection, unfit, taken_columns(session, selection))
    sql = f"SELECT {', '.join(expressions)} {taken_rows(session, selection, part)}"
    with rows(session, f"Reading {selection.ref}", sql, columns) as reader:
        yield reader


def taken_columns(session: Session, selection: Selection) -> Sequence[SourceColumn]:
    """The columns that are read."""
    columns = chosen(selection, read_columns(session, selection.ref))
    check_readable(selection, columns)
    if selection.columns is None:
        # Columns for which the user has no right are not listed, but they stand in the way here.
        table = selection.ref
        session.check(f"Reading {table}", f"SELECT * FROM {qualified(table)}")  # noqa: S608 - quoted
    return columns


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
) -> tuple[list[Taken], list[str]]:
    """How the columns arrive, and the expressions that make them arrive so."""
    columns, expressions = [], []
    for column in taken:
        form = form_of(column, selection, unfit)
        # Always nullable: a view's NOT NULL may be none, and unfit values may become NULL.
        metadata = {"headrace.source_type": column.source_type}
        field = pa.field(column.name, form.arrow, metadata=metadata)
        nullify = selection.unfit_columns.get(column.name, unfit) is UnfitPolicy.NULL
        columns.append(Taken(field, form, nullify))
        expressions.append(form.expression.format(quoted(column.name)))
    return columns, expressions
