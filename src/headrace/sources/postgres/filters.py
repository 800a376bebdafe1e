"""The rows that a selection's filter lets through, in PostgreSQL's SQL."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.errors import FILTER_NOT_USABLE, HeadraceError
from headrace.filters import Comparison, Condition
from headrace.model import Selection
from headrace.sources.postgres.errors import refused_with
from headrace.sources.postgres.identifiers import literal, qualified, quoted
from headrace.sources.postgres.session import Session

# SQLSTATEs of a value that is none of the column's type (class 22), and of a type that has no such
# comparison.
_NO_VALUE = "22"
_NO_COMPARISON = ("42883", "42725", "42804", "42P22")


def conditions(session: Session, selection: Selection) -> Sequence[str]:
    """SQL of the filter's conditions. Raises FILTER_NOT_USABLE, and what reading a table does.

    A constant gets the type of what it is compared with, without its length or precision, to
    which it would be cut.
    """
    written = []
    for condition in selection.filter:
        sql = _written(condition)
        what = f"Reading {selection.ref} where {condition.column} {condition.comparison}"
        try:
            session.query(what, f"SELECT FROM {qualified(selection.ref)} WHERE {sql} LIMIT 0")
        except HeadraceError as error:
            state = refused_with(error) or ""
            if state[:2] != _NO_VALUE and state not in _NO_COMPARISON:
                raise
            why = "the column can't be compared so"
            if state[:2] == _NO_VALUE:
                why = f"{', '.join(map(repr, condition.values))} is no value of the column"
            raise HeadraceError(FILTER_NOT_USABLE, f"{what}: {why}.") from error
        written.append(sql)
    return written


def _written(condition: Condition) -> str:
    column = quoted(condition.column)
    match condition.comparison:
        case Comparison.IS_NULL | Comparison.IS_NOT_NULL:
            return f"{column} {condition.comparison.upper()}"
        case Comparison.ONE_OF:
            return f"{column} IN ({', '.join(map(literal, condition.values))})"
        case _:
            (value,) = condition.values
            return f"{column} {condition.comparison} {literal(value)}"
