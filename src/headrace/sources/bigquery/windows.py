"""Windows of cursor values in BigQuery: where the next one ends, and its rows."""

from __future__ import annotations

from functools import partial

from headrace.filters import digest
from headrace.googlesql.identifiers import literal, quoted
from headrace.model import Selection, Window
from headrace.sources.bigquery import filters
from headrace.sources.bigquery.columns import SourceColumn, columns_of
from headrace.sources.bigquery.session import Session, of_a_view
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

KINDS = {
    "TIMESTAMP": CursorKind.INSTANT,
    "DATETIME": CursorKind.WALL_TIME,
    "DATE": CursorKind.DATE,
    "INT64": CursorKind.NUMBER,
    "STRING": CursorKind.TEXT,
}
_TYPES = {kind: name for name, kind in KINDS.items()}
# Text as a value, and NULL for what is none.
_PARSED = {
    **{kind: f"SAFE_CAST({{}} AS {name})" for name, kind in KINDS.items()},
    CursorKind.TEXT: "{}",
}
# A value as text, with all of its digits.
_WRITTEN = {
    CursorKind.INSTANT: "FORMAT_TIMESTAMP('%E4Y-%m-%d %H:%M:%E6S+00', {}, 'UTC')",
    CursorKind.WALL_TIME: "FORMAT_DATETIME('%E4Y-%m-%d %H:%M:%E6S', {})",
    CursorKind.DATE: "FORMAT_DATE('%E4Y-%m-%d', {})",
    CursorKind.NUMBER: "CAST({} AS STRING)",
    CursorKind.TEXT: "{}",
}
_FURTHER = {
    CursorKind.INSTANT: "TIMESTAMP_SUB({}, INTERVAL {} SECOND)",
    CursorKind.WALL_TIME: "DATETIME_SUB({}, INTERVAL {} SECOND)",
    CursorKind.DATE: "DATE_SUB({}, INTERVAL {} DAY)",
    CursorKind.NUMBER: "{} - {}",
}
# BigQuery tells the time to those who ask for no zone in UTC. A date is taken once it is over.
_LIMITS = {
    CursorKind.INSTANT: "{}",
    CursorKind.WALL_TIME: "DATETIME({}, 'UTC')",
    CursorKind.DATE: "DATE({}, 'UTC')",
}

_HIDDEN = (
    "Statements that are under way can't be seen; rows of one that takes longer than the lag may "
    "be skipped."
)
_UNSETTLED = (
    "Statements may be under way; a row with a lower value that comes later is skipped, unless a "
    "look-back finds it."
)


def window(session: Session, selection: Selection, after: str | None) -> Window:
    """See `headrace.sources.Database.window`.

    It is looked for at the same moment at which the table is read then.
    """
    what = f"Looking for new rows of {selection.ref}"
    cursor = _cursor(session, selection)
    value = cursor.expression
    bounds = [f"{value} IS NOT NULL"]
    if after is not None:
        bounds.append(cursor.beyond(after))
    if cursor.kind.lags:
        lagged = f"TIMESTAMP_SUB({session.moment}, INTERVAL {selection.lag_seconds} SECOND)"
        bounds.append(f"{value} < {_LIMITS[cursor.kind].format(lagged)}")
    within = " AND ".join(bounds)
    highest = _WRITTEN[cursor.kind].format(f"MAX(IF({within}, {value}, NULL))")
    further = "CAST(NULL AS STRING)"
    if after is not None and selection.look_back:
        step = _FURTHER[cursor.kind].format(cursor.constant(after), selection.look_back)
        further = _WRITTEN[cursor.kind].format(step)
    filtered = " AND ".join(filters.conditions(session, selection))
    sql = (
        f"SELECT {highest}, COUNTIF({value} IS NULL), MAX({further}) "  # noqa: S608 - quoted
        f"FROM {session.from_(selection.ref)}" + (f" WHERE {filtered}" if filtered else "")
    )
    with of_a_view(session.described(selection.ref)):
        ((upto, nulls, read_after),) = session.query(what, sql)
    return Window(
        cursor=selection.cursor,
        after=after,
        read_after=read_after or after,
        upto=upto,
        null_rows=nulls,
        remarks=(_HIDDEN,) if cursor.kind.lags else (_UNSETTLED,),
        filter=digest(selection.filter),
    )


def past_window(
    session: Session, selection: Selection, position: str, bounds: tuple[str, str]
) -> Window:
    """See `headrace.sources.Database.past_window`."""
    cursor = _cursor(session, selection)
    values = [_PARSED[cursor.kind].format(literal(bound)) for bound in bounds]
    after, upto = values
    written = ", ".join(_WRITTEN[cursor.kind].format(value) for value in values)
    ((*texts, rises, ends_in_time),) = session.query(
        f"Looking at a past range of {selection.ref}",
        f"SELECT {written}, {after} < {upto}, {upto} <= {cursor.constant(position)}",
    )
    if wrong := [name for name, text in zip(BOUNDS, texts, strict=True) if text is None]:
        raise no_values(selection, wrong)
    check_range(selection, position, rises=bool(rises), ends_in_time=bool(ends_in_time))
    return past(selection, position, texts)


def condition(session: Session, selection: Selection, taken: Window) -> str:
    """What a row fulfils that lies in the window."""
    return _cursor(session, selection).within(taken)


def kind_of_column(column: SourceColumn) -> CursorKind | None:
    """None for what is no cursor, such as text whose upper and lower case are one."""
    if column.type.repeated or column.collated:
        return None
    return KINDS.get(column.type.name)


def _cursor(session: Session, selection: Selection) -> Cursor:
    fields = session.described(selection.ref).fields
    columns = chosen(cursor_alone(selection), columns_of(fields))
    kind = kind_of(selection, [kind_of_column(column) for column in columns])
    names = [quoted(name) for name in selection.cursor]
    expression = names[0] if len(names) == 1 else f"COALESCE({', '.join(names)})"
    return Cursor(kind, expression, 1, partial(_constant, kind))


def _constant(kind: CursorKind, text: str) -> str:
    if kind is CursorKind.TEXT:
        return literal(text)
    return f"CAST({literal(text)} AS {_TYPES[kind]})"
