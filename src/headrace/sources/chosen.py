"""Which columns of a table a selection takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from headrace.errors import (
    COLUMN_NOT_FOUND,
    DECIMAL_NOT_TAKEN,
    PERMISSION_DENIED,
    TABLE_EMPTY_OF_COLUMNS,
    HeadraceError,
    Kind,
)
from headrace.model import Selection


class SourceColumn(Protocol):
    """What a database's own description of a column has to say here."""

    @property
    def name(self) -> str: ...

    @property
    def source_type(self) -> str: ...

    @property
    def readable(self) -> bool: ...

    @property
    def takes_decimal(self) -> bool:
        """Whether it holds numbers of more digits than a decimal, for which one may be chosen."""
        ...


C = TypeVar("C", bound=SourceColumn)


def chosen(selection: Selection, columns: Iterable[C]) -> Sequence[C]:
    """The columns that are taken, in the order given; all of them if there is no choice.

    Raises TABLE_EMPTY_OF_COLUMNS, COLUMN_NOT_FOUND and DECIMAL_NOT_TAKEN.
    """
    by_name = {column.name: column for column in columns}
    names = by_name if selection.columns is None else selection.columns
    if not names:
        raise _refused(selection, TABLE_EMPTY_OF_COLUMNS, "the table has no columns")
    named = (*names, *selection.unfit_columns, *selection.decimal_columns)
    if missing := [name for name in named if name not in by_name]:
        raise _refused(selection, COLUMN_NOT_FOUND, f"there is no column {_listed(missing)}")
    for name in selection.decimal_columns:
        if not by_name[name].takes_decimal:
            source_type = by_name[name].source_type
            reason = f"column '{name}' ({source_type}) has a type of its own"
            raise _refused(selection, DECIMAL_NOT_TAKEN, reason)
    return [by_name[name] for name in names]


def check_readable(selection: Selection, columns: Iterable[SourceColumn]) -> None:
    """Raises PERMISSION_DENIED."""
    if hidden := [column.name for column in columns if not column.readable]:
        reason = f"the user lacks the right to read {_listed(hidden)}"
        raise _refused(selection, PERMISSION_DENIED, reason)


def _refused(selection: Selection, kind: Kind, reason: str) -> HeadraceError:
    return HeadraceError(kind, f"Reading {selection.ref}: {reason}.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in dict.fromkeys(names))
