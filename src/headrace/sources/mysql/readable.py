"""Which selected tables can't be read, found by preparing what the job would execute.

Preparing checks everything at once, and runs nothing: names, rights at all levels and by roles,
what a view reads and whether its owner still may.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headrace.errors import (
    COLUMN_NOT_FOUND,
    DATABASE_ERROR,
    DATABASE_NOT_FOUND,
    DATABASE_NOT_PERMITTED,
    PERMISSION_DENIED,
    TABLE_LOCKED,
    TABLE_NOT_FOUND,
    VIEW_INVALID,
    HeadraceError,
)
from headrace.model import Selection
from headrace.sources.mysql.identifiers import qualified, quoted
from headrace.sources.mysql.session import Session

WHAT = "Looking at the rights"

# What may be wrong with a single table; other errors are the connection's.
_OF_TABLES = {
    COLUMN_NOT_FOUND,
    DATABASE_ERROR,
    DATABASE_NOT_FOUND,
    DATABASE_NOT_PERMITTED,
    PERMISSION_DENIED,
    TABLE_LOCKED,
    TABLE_NOT_FOUND,
    VIEW_INVALID,
}
_AT_ONCE = 50
_LOCK_SECONDS = 3


def patient_for_a_moment(session: Session) -> None:
    """Wait no longer for another's lock on a table than a test may."""
    limit = f"SET SESSION lock_wait_timeout = LEAST(@@lock_wait_timeout, {_LOCK_SECONDS})"
    session.query(WHAT, limit)


def refused(
    session: Session, selection: Sequence[Selection]
) -> Iterator[tuple[int, HeadraceError]]:
    """The places in the selection of tables that can't be read, each with the server's reason."""
    for start in range(0, len(selection), _AT_ONCE):
        places = range(start, min(start + _AT_ONCE, len(selection)))
        yield from _among(session, selection, places)


def reason(session: Session, sql: str) -> HeadraceError | None:
    """Why the statement can't be executed; None if it can."""
    try:
        session.check(WHAT, sql)
    except HeadraceError as error:
        if error.kind not in _OF_TABLES:
            raise
        return error
    return None


def _among(
    session: Session, selection: Sequence[Selection], places: Sequence[int]
) -> Iterator[tuple[int, HeadraceError]]:
    """By halves, so that a few among many take few statements."""
    error = reason(session, _all(selection[place] for place in places))
    if error is None:
        return
    if len(places) == 1:
        yield places[0], error
        return
    middle = len(places) // 2
    yield from _among(session, selection, places[:middle])
    yield from _among(session, selection, places[middle:])


def _all(selection: Iterator[Selection]) -> str:
    selects = [statement(one) for one in selection]
    if len(selects) == 1:
        return selects[0]
    return " UNION ALL ".join(f"SELECT NULL FROM ({select}) t" for select in selects)  # noqa: S608


def statement(one: Selection) -> str:
    listed = ", ".join(map(quoted, one.columns)) if one.columns else "*"
    return f"SELECT {listed} FROM {qualified(one)}"  # noqa: S608 - all quoted
