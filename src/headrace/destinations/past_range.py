"""A past range of rows that were added without a key: which rows of a table lie in it.

They are replaced by those that the source has there now. So the destination has to tell the same
rows by their cursor as the source does; where it can't, nothing is replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from headrace.destinations import PlannedTable
from headrace.destinations.staged import SOURCE_NAME
from headrace.errors import BACKFILL_NOT_POSSIBLE, HeadraceError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class PastRange:
    """The rows whose `column` lies in `(after, upto]`.

    The bounds are dates or numbers; those of a timestamp are microseconds since 1970, in UTC.
    """

    column: str
    after: int | date
    upto: int | date
    is_time: bool


def past_range(table: PlannedTable) -> PastRange | None:
    """None unless the table is to get a past range of rows without a key.

    Raises BACKFILL_NOT_POSSIBLE for a cursor whose order may be another here than in the source:
    of several columns, some of which may be younger than the rows; and of text, which databases
    compare in ways of their own.
    """
    increment = table.increment
    if increment is None or not increment.window.past or increment.key:
        return None
    window = increment.window
    if len(window.cursor) != 1:
        raise not_possible(table, "rows can't be told by a cursor of several columns")
    field = _field(table.schema, window.cursor[0])
    if field is None:
        raise not_possible(table, "the cursor is not among the columns that are taken")
    read = _reader(field.type)
    if read is None:
        raise not_possible(table, f"rows can't be told by a cursor that is carried as {field.type}")
    try:
        after, upto = read(str(window.read_after)), read(str(window.upto))
    except ValueError as error:
        raise not_possible(table, "the range begins or ends beyond what can be compared") from error
    return PastRange(field.name, after, upto, pa.types.is_timestamp(field.type))


def not_possible(table: PlannedTable, why: str) -> HeadraceError:
    return HeadraceError(BACKFILL_NOT_POSSIBLE, f"Table {table.source_table}: {why}.")


def _field(schema: pa.Schema, source_name: str) -> pa.Field | None:
    for field in schema:
        metadata = field.metadata or {}
        if metadata.get(SOURCE_NAME, field.name.encode()) == source_name.encode():
            return field
    return None


def _reader(kind: pa.DataType) -> Callable[[str], int | date] | None:
    """What reads a value as the source writes it; it raises ValueError for what it can't read."""
    if pa.types.is_integer(kind):
        return int
    if pa.types.is_date32(kind):
        return date.fromisoformat
    return _microseconds if pa.types.is_timestamp(kind) else None


def _microseconds(text: str) -> int:
    """A time without a zone is one of UTC, in which sessions are, or a wall time."""
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)
