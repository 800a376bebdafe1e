"""COPY BINARY in plain Python: what the compiled decoder has to agree with."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from headrace.sources.wire.columns import Kind, Status
from tests.wire.oracle import Bytes, Column, Decoded, MalformedError, ShapeError, UnfitError, text

EPOCH_DAYS = 10_957  # from 1970 to 2000
EPOCH_MICROSECONDS = EPOCH_DAYS * 86_400_000_000


def decode(data: bytes, columns: Sequence[Column]) -> Decoded:
    """Decode the CopyData messages at the beginning of the data."""
    decoded = Decoded()
    begun = False
    while True:
        rest = data[decoded.position :]
        if len(rest) < 5:
            return decoded
        code, length = struct.unpack("!ci", rest[:5])
        if code != b"d":
            decoded.status = Status.MESSAGE
            return decoded
        if length < 4:
            decoded.status = Status.LENGTH
            return decoded
        if len(rest) < 1 + length:
            return decoded
        try:
            _message(rest[5 : 1 + length], columns, begun, decoded)
        except (MalformedError, UnfitError, ShapeError) as error:
            decoded.status = error.status
            return decoded
        begun = True
        decoded.position += 1 + length


def _message(data: bytes, columns: Sequence[Column], begun: bool, decoded: Decoded) -> None:
    content = Bytes(data, "!")
    if not begun:
        if content.take(11) != b"PGCOPY\n\xff\r\n\0" or content.number("I") != 0:
            raise MalformedError
        content.take(content.number("i"))
        if not content.rest:
            return
    fields = content.number("h")
    if fields == -1:
        content.end()
        return
    if fields != len(columns):
        raise ShapeError
    row: list[Any] = []
    replaced = 0
    for column in columns:
        length = content.number("i")
        if length == -1:
            row.append(None)
            continue
        value = content.take(length)
        try:
            row.append(_value(column, column.kind, value))
        except UnfitError:
            if not column.nullify:
                raise
            row.append(None)
            replaced += 1
    content.end()
    decoded.rows.append(row)
    decoded.replaced += replaced


def _value(column: Column, kind: Kind, data: bytes) -> Any:
    match kind:
        case Kind.BOOL:
            if data not in (b"\0", b"\1"):
                raise MalformedError
            return data == b"\1"
        case Kind.BITS16:
            return _only(data, "h")
        case Kind.BITS32:
            return _only(data, "i")
        case Kind.BITS64:
            return _only(data, "q")
        case Kind.UINT32:
            return _only(data, "I")
        case Kind.DATE:
            return _within(_only(data, "i"), 31, EPOCH_DAYS)
        case Kind.TIMESTAMP:
            return _within(_only(data, "q"), 63, EPOCH_MICROSECONDS)
        case Kind.TIME:
            time = _only(data, "q")
            if not 0 <= time < 86_400_000_000:
                raise UnfitError
            return time
        case Kind.DECIMAL:
            return _decimal(column, data)
        case Kind.BYTES:
            return data
        case Kind.TEXT:
            return text(data)
        case Kind.JSONB:
            if data[:1] != b"\1":
                raise MalformedError
            return text(data[1:])
        case Kind.UUID:
            if len(data) != 16:
                raise MalformedError
            return str(uuid.UUID(bytes=data)).encode()
        case Kind.LIST:
            return _list(column, data)
    raise MalformedError


def _only(data: bytes, form: str) -> int:
    content = Bytes(data, "!")
    number = content.number(form)
    content.end()
    return number


def _within(number: int, bits: int, epoch: int) -> int:
    """The least and the largest number stand for the infinities, on both sides."""
    if number in (-(2**bits), 2**bits - 1) or number + epoch >= 2**bits - 1:
        raise UnfitError
    return number + epoch


def _decimal(column: Column, data: bytes) -> int:
    content = Bytes(data, "!")
    count, weight, sign, _ = (content.number(form) for form in "hhHH")
    if count < 0 or len(content.rest) != 2 * count:
        raise MalformedError
    if sign in (0xC000, 0xD000, 0xF000):
        raise UnfitError
    if sign not in (0x0000, 0x4000):
        raise MalformedError
    digits = [content.number("H") for _ in range(count)]
    if any(digit > 9999 for digit in digits):
        raise MalformedError
    value = sum(
        (digit * Fraction(10_000) ** (weight - place) for place, digit in enumerate(digits)),
        Fraction(0),
    )
    units = value * 10**column.scale
    if units.denominator != 1 or units >= 10**column.precision:
        raise UnfitError
    return -int(units) if sign else int(units)


def _list(column: Column, data: bytes) -> list[Any]:
    assert column.element is not None
    content = Bytes(data, "!")
    dimensions, flags, _ = (content.number(form) for form in "iII")
    if not 0 <= dimensions <= 6 or flags > 1:
        raise MalformedError
    sizes = [(content.number("i"), content.number("i")) for _ in range(dimensions)]
    if dimensions > 1 or (dimensions == 1 and sizes[0][1] != 1):
        raise UnfitError
    count = sizes[0][0] if sizes else 0
    if not 0 <= count <= len(content.rest) // 4:
        raise MalformedError
    elements = []
    for _ in range(count):
        length = content.number("i")
        data = b"" if length == -1 else content.take(length)
        elements.append(None if length == -1 else _value(column, column.element, data))
    content.end()
    return elements
