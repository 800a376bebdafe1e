"""The rows of a statement, as record batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa

from headrace.errors import TABLE_CHANGED, HeadraceError
from headrace.sources.mysql.driver import WireField
from headrace.sources.mysql.result import Result, RowTooLargeError
from headrace.sources.mysql.session import Session
from headrace.sources.mysql.types import Carried
from headrace.sources.wire.ahead import Ahead
from headrace.sources.wire.binary_rows import BinaryRows
from headrace.sources.wire.columns import Kind, Status
from headrace.sources.wire.decoding import Decoding, WireColumn


@dataclass(frozen=True)
class Taken:
    """A column of a statement: the field that it becomes, and how its values are carried."""

    field: pa.Field
    carried: Carried
    nullify: bool = False


class Rows:
    """The rows on their way (`headrace.sources.TableReader`)."""

    def __init__(self, result: Result, decoding: Decoding[BinaryRows], batches: Ahead) -> None:
        self.schema = decoding.schema
        self._result = result
        self._decoding = decoding
        self._batches = batches

    @property
    def rows_sent(self) -> int:
        return self._result.rows_sent

    @property
    def bytes_received(self) -> int:
        return self._result.window.bytes_received

    @property
    def unfit_counts(self) -> Mapping[str, int]:
        return self._decoding.unfit_counts

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return iter(self._batches)


@contextmanager
def rows(session: Session, what: str, sql: str, columns: Sequence[Taken]) -> Iterator[Rows]:
    """Run the statement, whose columns have to be those that are named.

    Rows are received and decoded by a thread. Leaving before the end breaks the session.
    """
    result = session.result(what)
    wire = [WireColumn(column.field, column.carried.kind, column.nullify) for column in columns]
    decoding = Decoding(BinaryRows, wire, what)

    def batches() -> Iterator[pa.RecordBatch]:
        _check_announced(columns, result.start(sql), what)
        yield from _batches(result, decoding, [column.carried.kind for column in columns])

    with Ahead(batches(), session.abandon, "rows") as ahead:
        yield Rows(result, decoding, ahead)


def _batches(
    result: Result, decoding: Decoding[BinaryRows], kinds: Sequence[Kind]
) -> Iterator[pa.RecordBatch]:
    window, decoder = result.window, decoding.decoder
    while not result.ended:
        window.start, status = decoder.feed(window.data, window.start, window.end)
        try:
            if status == Status.FULL:
                yield decoding.take()
            elif status == Status.MESSAGE:
                result.pass_packet()
            elif status == Status.MORE:
                result.receive(decoder.needed)
            elif status == Status.SPLIT:
                if (status := decoder.feed_row(result.join())) != Status.MORE:
                    raise decoding.failure(status)
            else:
                raise decoding.failure(status)
        except RowTooLargeError as error:
            column = _unfinished_column(error.beginning, kinds)
            raise decoding.too_large(column) from error
        except MemoryError as error:
            raise decoding.too_large(None) from error
    if decoder.rows:
        yield decoding.take()


def _check_announced(columns: Sequence[Taken], fields: Sequence[WireField], what: str) -> None:
    """Raises TABLE_CHANGED unless the server is about to send what will be decoded."""
    if len(columns) != len(fields):
        raise HeadraceError(TABLE_CHANGED, f"{what}: it has got other columns meanwhile.")
    for column, announced in zip(columns, fields, strict=True):
        if not column.carried.comes_as(announced):
            raise HeadraceError(
                TABLE_CHANGED,
                f"{what}: column '{column.field.name}' has got another type meanwhile.",
            )


_WIDTHS = {Kind.BITS8: 1, Kind.BITS16: 2, Kind.BITS32: 4, Kind.BITS64: 8}
_TIMES = (Kind.DATE, Kind.TIME, Kind.TIMESTAMP)
_LENGTHS = {0xFC: 2, 0xFD: 3, 0xFE: 8}


def _unfinished_column(row: bytearray, kinds: Sequence[Kind]) -> int | None:
    """The column within which the bytes of a row end, if they end within one.

    "Binary Protocol Resultset Row": a zero, a bit a column for NULL (the first two unused), and
    the values; those of varying width have their length before them.
    """
    at = 1 + (len(kinds) + 9) // 8
    for column, kind in enumerate(kinds):
        if row[1 + (column + 2) // 8] >> (column + 2) % 8 & 1:
            continue
        if at >= len(row):
            break
        if kind in _WIDTHS:
            at += _WIDTHS[kind]
        elif kind in _TIMES or row[at] not in _LENGTHS:
            at += 1 + row[at]
        else:
            size = _LENGTHS[row[at]]
            at += 1 + size + int.from_bytes(row[at + 1 : at + 1 + size], "little")
        if at > len(row):
            return column
    return None
