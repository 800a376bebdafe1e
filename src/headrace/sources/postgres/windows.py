"""Windows of cursor values in PostgreSQL: where the next one ends, and its rows."""

from __future__ import annotations

from functools import partial

from headrace.errors import HeadraceError
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
from headrace.sources.postgres import filters
from headrace.sources.postgres.columns import read_columns
from headrace.sources.postgres.errors import refused_with
from headrace.sources.postgres.identifiers import literal, qualified, quoted
from headrace.sources.postgres.session import Session, Settled

KINDS = {
    "timestamptz": CursorKind.INSTANT,
    "timestamp": CursorKind.WALL_TIME,
    "date": CursorKind.DATE,
    "int2": CursorKind.NUMBER,
    "int4": CursorKind.NUMBER,
    "int8": CursorKind.NUMBER,
    "text": CursorKind.TEXT,
    "varchar": CursorKind.TEXT,
}
_TYPES = {
    CursorKind.INSTANT: "pg_catalog.timestamptz",
    CursorKind.WALL_TIME: "pg_catalog.timestamp",
    CursorKind.DATE: "pg_catalog.date",
    CursorKind.NUMBER: "pg_catalog.int8",
    CursorKind.TEXT: "pg_catalog.text",
}
# Of one unit of the look-back.
_STEPS = {
    CursorKind.INSTANT: "interval '{} seconds'",
    CursorKind.WALL_TIME: "interval '{} seconds'",
    CursorKind.DATE: "{}",
    CursorKind.NUMBER: "{}",
}

# Beneath which no transaction still under way can be expected to add a value: what commits later
# and has begun before now may hold times since its beginning. A date is taken once it is over.
_LIMITS = {
    CursorKind.INSTANT: "({settled})",
    # In the zone in which the server tells the time to those who ask for none.
    CursorKind.WALL_TIME: "({settled} AT TIME ZONE (SELECT reset_val FROM pg_settings "
    "WHERE name = 'TimeZone'))",
    CursorKind.DATE: "({settled} AT TIME ZONE (SELECT reset_val FROM pg_settings "
    "WHERE name = 'TimeZone'))::date",
}
# A column of whole seconds may yet get rows for the second that has begun.
_WHOLE = "{limit} - extract(microseconds from {limit})::int8 % {tick} * interval '1 microsecond'"

# The class of the SQLSTATEs for values that a type does not take.
_DATA_EXCEPTION = "22"

_HIDDEN = (
    "Transactions of other users can't be seen; one that takes longer than the lag may be skipped. "
    "GRANT pg_read_all_stats TO the user lets them be seen."
)
_REPLICA = (
    "The database is a replica, where the primary's transactions can't be seen; one that takes "
    "longer than the lag may be skipped."
)
_PREPARED = (
    "A prepared transaction is under way, and when it began can't be seen; if that took longer "
    "than the lag, its rows may be skipped."
)
_UNSETTLED = (
    "Transactions are under way; a row with a lower value that is committed later is skipped, "
    "unless a look-back finds it."
)


def window(session: Session, selection: Selection, after: str | None) -> Window:
    """See `headrace.sources.Database.window`."""
    what = f"Looking for new rows of {selection.ref}"
    settled = session.settled()
    cursor = cursor_of(session, selection)
    table = qualified(selection.ref)
    bounds = []
    if after is not None:
        bounds.append(cursor.beyond(after))
    if cursor.kind.lags:
        lagged = f"now() - interval '{selection.lag_seconds} seconds'"
        oldest = f"{literal(settled.oldest)}::timestamptz"
        if settled.prepared:
            oldest += f" - interval '{selection.lag_seconds} seconds'"
        limit = _LIMITS[cursor.kind].format(settled=f"least({lagged}, {oldest})")
        if cursor.kind is not CursorKind.DATE:
            limit = _WHOLE.format(limit=limit, tick=cursor.tick)
        bounds.append(f"{cursor.expression} < {limit}")
    filtered = filters.conditions(session, selection)
    condition = " AND ".join([f"{cursor.expression} IS NOT NULL", *bounds, *filtered])
    if cursor.kind in (CursorKind.INSTANT, CursorKind.WALL_TIME, CursorKind.DATE):
        condition += f" AND isfinite({cursor.expression})"
    ((upto,),) = session.query(
        what,
        f"SELECT max({cursor.expression})::text FROM {table} WHERE {condition}",  # noqa: S608
    )
    ((nulls,),) = session.query(
        what,
        f"SELECT count(*) FROM {table} WHERE "  # noqa: S608
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
    cursor = cursor_of(session, selection)
    given = dict(zip(BOUNDS, map(cursor.constant, bounds), strict=True))
    if wrong := [name for name, value in given.items() if not _is_value(session, what, value)]:
        raise no_values(selection, wrong)
    after, upto = given.values()
    ((*written, rises, ends_in_time),) = session.query(
        what,
        f"SELECT ({after})::text, ({upto})::text, {after} < {upto}, "
        f"{upto} <= {cursor.constant(position)}",
    )
    check_range(selection, position, rises=rises, ends_in_time=ends_in_time)
    return past(selection, position, written)


def _is_value(session: Session, what: str, constant: str) -> bool:
    try:
        with session.contained(what):
            session.query(what, f"SELECT {constant}")
    except HeadraceError as error:
        if not (refused_with(error) or "").startswith(_DATA_EXCEPTION):
            raise
        return False
    return True


def condition(session: Session, selection: Selection, taken: Window) -> str:
    """What a row fulfils that lies in the window."""
    return cursor_of(session, selection).within(taken)


def cursor_of(session: Session, selection: Selection) -> Cursor:
    """Raises CURSOR_NOT_USABLE and COLUMN_NOT_FOUND."""
    columns = chosen(cursor_alone(selection), read_columns(session, selection.ref))
    kinds = [KINDS.get(column.type.name or "") for column in columns]
    kind = kind_of(selection, kinds)
    names = [f"{quoted(name)}::{_TYPES[kind]}" for name in selection.cursor]
    expression = names[0] if len(names) == 1 else f"coalesce({', '.join(names)})"
    if len(names) == 1 and kind is not CursorKind.TEXT:
        expression = quoted(selection.cursor[0])  # as it is, so that an index is used
    if kind is CursorKind.TEXT:
        expression = f'({expression} COLLATE "C")'
    digits = min(_digits(column.type.modifier) for column in columns)
    return Cursor(kind, expression, 10 ** (6 - digits), partial(_constant, kind))


def _constant(kind: CursorKind, text: str) -> str:
    collation = ' COLLATE "C"' if kind is CursorKind.TEXT else ""
    return f"{literal(text)}::{_TYPES[kind]}{collation}"


def _digits(modifier: int) -> int:
    """The digits of a second's fraction."""
    return modifier if 0 <= modifier <= 6 else 6


def _further_back(
    session: Session, what: str, selection: Selection, start: tuple[Cursor, str | None]
) -> str | None:
    cursor, after = start
    if after is None or not selection.look_back:
        return after
    step = _STEPS[cursor.kind].format(selection.look_back)
    ((further,),) = session.query(what, f"SELECT ({cursor.constant(after)} - {step})::text")
    return str(further)


def _remarks(settled: Settled, kind: CursorKind) -> tuple[str, ...]:
    if kind.lags:
        told = {_HIDDEN: settled.hidden, _REPLICA: settled.replica, _PREPARED: settled.prepared}
        return tuple(remark for remark, applies in told.items() if applies)
    return (_UNSETTLED,) if settled.under_way else ()
