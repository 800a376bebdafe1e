"""Reading a table: which of its columns, in which form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from headrace.errors import COLUMN_NOT_FOUND, PERMISSION_DENIED, HeadraceError, Kind
from headrace.model import Selection, UnfitPolicy
from headrace.sources.mysql.columns import SourceColumn, read_columns
from headrace.sources.mysql.identifiers import qualified, quoted
from headrace.sources.mysql.rows import Rows, Taken, rows
from headrace.sources.mysql.session import Session
from headrace.sources.mysql.types import carried


def schema(session: Session, selection: Selection, unfit: UnfitPolicy) -> pa.Schema:
    """The schema in which `read` gives the rows. Raises what it raises before it reads them."""
    columns, _ = _columns(selection, unfit, _chosen(session, selection))
    return pa.schema([column.field for column in columns])


@contextmanager
def read(session: Session, selection: Selection, unfit: UnfitPolicy) -> Iterator[Rows]:
    """Read the selected columns, all of them if there is no choice, in the order given.

    All of them are those that are invisible to `SELECT *` too. Raises TABLE_NOT_FOUND,
    TABLE_CHANGED, TABLE_LOCKED, COLUMN_NOT_FOUND, PERMISSION_DENIED, VALUE_NOT_CARRIED,
    VALUE_TOO_LARGE, CONNECTION_LOST, ….
    """
    table = selection.ref
    columns, expressions = _columns(selection, unfit, _chosen(session, selection))
    sql = f"SELECT {', '.join(expressions)} FROM {qualified(table)}"  # noqa: S608 - all quoted
    with rows(session, f"Reading {table}", sql, columns) as reader:
        yield reader


def _columns(
    selection: Selection, unfit: UnfitPolicy, chosen: Sequence[SourceColumn]
) -> tuple[list[Taken], list[str]]:
    """How the columns arrive, and the expressions that make them arrive so."""
    columns, expressions = [], []
    for column in chosen:
        policy = selection.unfit_columns.get(column.name, unfit)
        form = carried(column.type, policy)
        # Always nullable: a view's NOT NULL may be none, and unfit values may become NULL.
        metadata = {"headrace.source_type": column.source_type}
        field = pa.field(column.name, form.arrow, metadata=metadata)
        columns.append(Taken(field, form, nullify=policy is UnfitPolicy.NULL))
        expressions.append(form.expression.format(quoted(column.name)))
    return columns, expressions


def _chosen(session: Session, selection: Selection) -> Sequence[SourceColumn]:
    by_name = {column.name: column for column in read_columns(session, selection.ref)}
    names = by_name if selection.columns is None else selection.columns
    if missing := [name for name in (*names, *selection.unfit_columns) if name not in by_name]:
        raise _refused(selection, COLUMN_NOT_FOUND, f"there is no column {_listed(missing)}")
    chosen = [by_name[name] for name in names]
    if hidden := [column.name for column in chosen if not column.readable]:
        reason = f"the user lacks the right to read {_listed(hidden)}"
        raise _refused(selection, PERMISSION_DENIED, reason)
    if selection.columns is None:
        # Columns for which the user has no right are not listed, but they stand in the way here.
        table = selection.ref
        session.check(f"Reading {table}", f"SELECT * FROM {qualified(table)}")  # noqa: S608 - quoted
    return chosen


def _refused(selection: Selection, kind: Kind, reason: str) -> HeadraceError:
    return HeadraceError(kind, f"Reading {selection.ref}: {reason}.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in dict.fromkeys(names))
