"""Reading a table: which of its columns, which of its rows, and from where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from headrace.googlesql.identifiers import quoted
from headrace.model import Selection, UnfitPolicy, Window
from headrace.sources.bigquery import filters, windows
from headrace.sources.bigquery.columns import SourceColumn, Taken, columns_of, taken
from headrace.sources.bigquery.rows import Rows, Wanted, rows
from headrace.sources.bigquery.session import Session, of_a_view
from headrace.sources.chosen import chosen


def schema(session: Session, selection: Selection, unfit: UnfitPolicy) -> pa.Schema:
    """The schema in which `read` gives the rows. Raises what it raises before it reads them."""
    return pa.schema([each.field for each in taken_columns(session, selection, unfit)])


def taken_columns(session: Session, selection: Selection, unfit: UnfitPolicy) -> list[Taken]:
    return taken(selection, unfit, chosen_columns(session, selection))


def chosen_columns(session: Session, selection: Selection) -> Sequence[SourceColumn]:
    return chosen(selection, columns_of(session.described(selection.ref).fields))


@contextmanager
def read(
    session: Session, selection: Selection, unfit: UnfitPolicy, window: Window | None
) -> Iterator[Rows]:
    """Read the selected columns, all of them if there is no choice, in the order given.

    A table is read where it is stored, a view by the result of a statement. Raises
    TABLE_NOT_FOUND, COLUMN_NOT_FOUND, DECIMAL_NOT_TAKEN, PERMISSION_DENIED, VIEW_INVALID,
    VALUE_NOT_CARRIED, TABLE_CHANGED, CONNECTION_LOST, ….
    """
    what = f"Reading {selection.ref}"
    with rows(session, what, wanted(session, selection, unfit, window)) as reader:
        yield reader


def wanted(
    session: Session, selection: Selection, unfit: UnfitPolicy, window: Window | None
) -> Wanted:
    columns = taken_columns(session, selection, unfit)
    where = condition(session, selection, window)
    described = session.described(selection.ref)
    if described.stored:
        return Wanted(session.stored(selection.ref), columns, where)
    with of_a_view(described):
        sql = statement(session, selection, columns, where)
        return Wanted(session.result(f"Reading {selection.ref}", sql), columns)


def statement(
    session: Session, selection: Selection, columns: Sequence[Taken], where: str, more: str = ""
) -> str:
    """The statement of the rows that fulfil a condition."""
    listed = ", ".join(quoted(each.column.name) for each in columns)
    filtered = f" WHERE {where}" if where else ""
    return f"SELECT {listed} FROM {session.from_(selection.ref)}{filtered}{more}"  # noqa: S608


def condition(session: Session, selection: Selection, window: Window | None) -> str:
    """What the rows fulfil that are read; empty for all of them."""
    conditions = list(filters.conditions(session, selection))
    if window:
        conditions.append(windows.condition(session, selection, window))
    return " AND ".join(f"({each})" for each in conditions)
