"""A compiled decoder, fed in pieces, held to its oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from headrace.sources.wire.binary_rows import BinaryRows
from headrace.sources.wire.columns import Kind, Status
from headrace.sources.wire.copy_binary import CopyBinary
from headrace.sources.wire.decoding import array_of
from tests.wire import oracle_binary_rows, oracle_copy_binary
from tests.wire.guarded import Guarded
from tests.wire.oracle import Column, Decoded

if TYPE_CHECKING:
    from headrace.sources.wire.columns import Column as Described


@dataclass(frozen=True)
class Protocol:
    """A way in which rows travel: its compiled decoder and its plain one."""

    decoder: type[CopyBinary] | type[BinaryRows]
    decode: Callable[[bytes, Sequence[Column]], Decoded]


COPY_BINARY = Protocol(CopyBinary, oracle_copy_binary.decode)
BINARY_ROWS = Protocol(BinaryRows, oracle_binary_rows.decode)

_RAW = {
    Kind.BOOL: pa.bool_(),
    Kind.BITS8: pa.int8(),
    Kind.BITS16: pa.int16(),
    Kind.BITS32: pa.int32(),
    Kind.BITS64: pa.int64(),
    Kind.UINT32: pa.int64(),
    Kind.DATE: pa.int32(),
    Kind.TIMESTAMP: pa.int64(),
    Kind.TIME: pa.int64(),
    Kind.DECIMAL: pa.decimal128(38, 0),
    Kind.BYTES: pa.binary(),
    Kind.TEXT: pa.binary(),
    Kind.JSONB: pa.binary(),
    Kind.UUID: pa.binary(),
    Kind.BIT: pa.uint64(),
}
_guarded = Guarded()


def check_agreement(
    protocol: Protocol, data: bytes, columns: Sequence[Column], cuts: Sequence[int] = ()
) -> Decoded:
    """Assert that decoder and oracle agree on rows, NULLs for unfit values, status and position.

    The decoder gets the data up to each of the cuts in turn, then all of it; its batches hold
    one row more than there are cuts.
    """
    expected = protocol.decode(data, columns)
    described = [_described(column) for column in columns]
    decoder = protocol.decoder(described, len(cuts) + 1, 1 << 20)
    rows: list[list[Any]] = []
    replaced = position = 0
    status = Status.MORE
    for end in sorted({*(cut for cut in cuts if cut < len(data)), len(data)}):
        while position <= end and status in (Status.MORE, Status.FULL):
            position, status = decoder.feed(_guarded.place(data[:end]), position, end)
            if status != Status.FULL:
                break
            replaced += _take(decoder, columns, rows)
    assert (status, position) == (expected.status, expected.position)
    if status < Status.SHAPE:
        replaced += _take(decoder, columns, rows)
        assert replaced == expected.replaced
        assert len(rows) == len(expected.rows)
    else:
        assert len(rows) + decoder.rows == len(expected.rows)
    assert rows == expected.rows[: len(rows)]
    return expected


def _take(
    decoder: CopyBinary | BinaryRows, columns: Sequence[Column], rows: list[list[Any]]
) -> int:
    taken = decoder.take()
    arrays = [array_of(_raw(column), part) for column, part in zip(columns, taken, strict=True)]
    for array in arrays:
        array.validate(full=True)
    values = [array.to_pylist() for array in arrays]
    rows.extend([_plain(value) for value in row] for row in zip(*values, strict=True))
    return sum(part[2] for part in taken)


def _raw(column: Column) -> pa.DataType:
    return _RAW[column.kind] if column.element is None else pa.list_(_RAW[column.element])


def _plain(value: Any) -> Any:
    """Decimals as the numbers of their units."""
    if isinstance(value, list):
        return [_plain(element) for element in value]
    return int(value) if type(value).__name__ == "Decimal" else value


def _described(column: Column) -> Described:
    described = (column.kind, column.precision, column.scale, column.nullify)
    return described if column.element is None else (*described, column.element)
