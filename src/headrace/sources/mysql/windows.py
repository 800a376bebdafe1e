"""Windows of cursor values in MySQL and MariaDB: where the next one ends, and its rows."""

from __future__ import annotations

import re
from functools import partial

from headrace.filters import digest
from headrace.model import Selection, Window
from headrace.sources.chosen import chosen
from headrace.sources.cursors import (
    BOUNDS,
    Cursor,
    CursorKind,
    check_range,
    cursor_alone,
    kind_of,
    no_values,
    past,
)
from headrace.sources.mysql import filters
from headrace.sources.mysql.columns import read_columns
from headrace.sources.mysql.identifiers import literal, qualified, quoted
from headrace.sources.mysql.session import Session, Settled

KINDS = {
    "timestamp": CursorKind.INSTANT,
    "datetime": CursorKind.WALL_TIME,
    "date": CursorKind.DATE,
    **dict.fromkeys(
        ("tinyint", "tinyint(1)", "smallint", "mediumint", "int", "bigint"), CursorKind.NUMBER
    ),
    **dict.fromkeys(
        ("char", "varchar", "tinytext", "text", "mediumtext", "longtext"), CursorKind.TEXT
    ),
}
_CONSTANTS = {
    CursorKind.INSTANT: "CAST({} AS DATETIME(6))",
    CursorKind.WALL_TIME: "CAST({} AS DATETIME(6))",
    CursorKind.DATE: "CAST({} AS DATE)",
    CursorKind.NUMBER: "CAST({} AS DECIMAL(20, 0))",
    CursorKind.TEXT: "{} COLLATE utf8mb4_bin",
}
_STEPS = {
    CursorKind.INSTANT: "INTERVAL {} SECOND",
    CursorKind.WALL_TIME: "INTERVAL {} SECOND",
    CursorKind.DATE: "INTERVAL {} DAY",
    CursorKind.NUMBER: "{}",
}
# See the same table for PostgreSQL. The session's own zone is UTC; a DATETIME holds what the clock
# shows in the server's zone.
_LIMITS = {
    CursorKind.INSTANT: "{settled}",
    CursorKind.WALL_TIME: "CONVERT_TZ({settled}, '+00:00', @@global.time_zone)",
    CursorKind.DATE: "DATE(CONVERT_TZ({settled}, '+00:00', @@global.time_zone))",
}
# A column of whole seconds, MySQL's default, may yet get rows for the second that has begun.
_WHOLE = "{limit} - INTERVAL MICROSECOND({limit}) MOD {tick} MICROSECOND"

_HIDDEN = (
    "Transactions of other users can't be seen; one that takes longer than the lag may be skipped. "
    "GRANT PROCESS ON *.* TO the user lets them be seen."
)
_UNSETTLED = (
    "Transactions are or may be under way; a row with a lower value that is committed later is "
    "skipped, unless a look-back finds it."
)


def window(session: Session, selection: Selection, after: str | None) -> Window:
    """See `headrace.sources.Database.window`."""
    what = f"Looking for new rows of {selection.ref}"
    settled = session.settled()
    cursor = _cursor(session, selection)
    table = qualified(selection.ref)
    filtered = filters.conditions(session, selection)
    bounds = [f"{cursor.expression} IS NOT NULL", *filtered]
    if after is not None:
        bounds.append(cursor.beyond(after))
    if cursor.kind.lags:
        oldest = _constant(CursorKind.INSTANT, settled.oldest)
        lagged = f"UTC_TIMESTAMP(6) - INTERVAL {selection.lag_seconds} SECOND"
        limit = _LIMITS[cursor.kind].format(settled=f"LEAST({lagged}, {oldest})")
        bounds.append(f"{cursor.expression} < {_WHOLE.format(limit=limit, tick=cursor.tick)}")
    highest = f"SELECT CAST(MAX({cursor.expression}) AS CHAR) FROM {table}"  # noqa: S608
    ((upto,),) = session.query(what, f"{highest} WHERE {' AND '.join(bounds)}")
    ((nulls,),) = session.query(
        what,
        f"SELECT COUNT(*) FROM {table} WHERE "  # noqa: S608
        + " AND ".join([f"{cursor.expression} IS NULL", *filtered]),
    )
    return Window(
        cursor=selection.cursor,
        after=after,
        read_after=_further_back(session, what, selection, (cursor, after)),
        upto=upto,
        null_rows=nulls,
        remarks=_remarks(settled, cursor.kind),
        filter=digest(selection.filter),
    )


def past_window(
    session: Session, selection: Selection, position: str, bounds: tuple[str, str]
) -> Window:
    """See `headrace.sources.Database.past_window`."""
    what = f"Looking at a past range of {selection.ref}"
    cursor = _cursor(session, selection)
    values = [_as_value(session, what, cursor, bound) for bound in bounds]
    named = zip(BOUNDS, values, strict=True)
    if wrong := [name for name, value in named if value is None]:
        raise no_values(selection, wrong)
    written = [value for value in values if value is not None]
    after, upto = map(cursor.constant, written)
    ((rises, ends_in_time),) = session.query(
        what, f"SELECT {after} < {upto}, {upto} <= {cursor.constant(position)}"
    )
    check_range(selection, position, rises=bool(rises), ends_in_time=bool(ends_in_time))
    return past(selection, position, written)


def _as_value(session: Session, what: str, cursor: Cursor, bound: str) -> str | None:
    """The bound as the database writes it; None for what it would cut, or take for 0 or NULL."""
    if cursor.kind is CursorKind.NUMBER and not re.fullmatch("[+-]?[0-9]{1,20}", bound):
        return None
    ((written,),) = session.query(what, f"SELECT CAST({cursor.constant(bound)} AS CHAR)")
    ((warnings,),) = session.query(what, "SELECT @@warning_count")
    return None if warnings or written is None else str(written)


def condition(session: Session, selection: Selection, taken: Window) -> str:
    """What a row fulfils that lies in the window."""
    return _cursor(session, selection).within(taken)


def _cursor(session: Session, selection: Selection) -> Cursor:
    columns = chosen(cursor_alone(selection), read_columns(session, selection.ref))
    kind = kind_of(selection, [KINDS.get(column.type.name) for column in columns])
    names = [quoted(name) for name in selection.cursor]
    if kind is CursorKind.TEXT:
        names = [f"CONVERT({name} USING utf8mb4)" for name in names]
    expression = names[0] if len(names) == 1 else f"COALESCE({', '.join(names)})"
    if kind is CursorKind.TEXT:
        expression = f"({expression} COLLATE utf8mb4_bin)"
    digits = min(_digits(column.source_type) for column in columns)
    return Cursor(kind, expression, 10 ** (6 - digits), partial(_constant, kind))


def _constant(kind: CursorKind, text: str) -> str:
    return _CONSTANTS[kind].format(literal(text))


def _digits(source_type: str) -> int:
    """The digits of a second's fraction, such as those of `timestamp(3)`."""
    found = re.search(r"\(([0-6])\)", source_type)
    return int(found[1]) if found else 0


def _further_back(
    session: Session, what: str, selection: Selection, start: tuple[Cursor, str | None]
) -> str | None:
    cursor, after = start
    if after is None or not selection.look_back:
        return after
    step = _STEPS[cursor.kind].format(selection.look_back)
    ((further,),) = session.query(what, f"SELECT CAST({cursor.constant(after)} - {step} AS CHAR)")
    return str(further)


def _remarks(settled: Settled, kind: CursorKind) -> tuple[str, ...]:
    if kind.lags:
        return (_HIDDEN,) if settled.hidden else ()
    return (_UNSETTLED,) if settled.hidden or settled.under_way else ()
