"""Rows of MySQL's prepared statements in plain Python, for the compiled decoder to agree with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from headrace.sources.wire.columns import Kind, Status
from tests.wire.oracle import Bytes, Column, Decoded, MalformedError, ShapeError, UnfitError, text

INTEGERS = {Kind.BITS8: "b", Kind.BITS16: "h", Kind.BITS32: "i", Kind.BITS64: "q"}
EPOCH = date(1970, 1, 1)


def decode(data: bytes, columns: Sequence[Column]) -> Decoded:
    """Decode the packets at the beginning of the data."""
    decoded = Decoded()
    while True:
        rest = data[decoded.position :]
        if len(rest) < 5:
            return decoded
        length = int.from_bytes(rest[:3], "little")
        if rest[4] != 0:
            decoded.status = Status.MESSAGE
            return decoded
        if length == 0xFFFFFF:
            decoded.status = Status.SPLIT
            return decoded
        if len(rest) < 4 + length:
            return decoded
        try:
            _row(Bytes(rest[4 : 4 + length], "<"), columns, decoded)
        except (MalformedError, UnfitError, ShapeError) as error:
            decoded.status = error.status
            return decoded
        decoded.position += 4 + length


def _row(content: Bytes, columns: Sequence[Column], decoded: Decoded) -> None:
    content.take(1)
    nulls = int.from_bytes(content.take((len(columns) + 2 + 7) // 8), "little")
    row: list[Any] = []
    replaced = 0
    for place, column in enumerate(columns, 2):
        if nulls >> place & 1:
            row.append(None)
            continue
        try:
            row.append(_value(column, content))
        except UnfitError:
            if not column.nullify:
                raise
            row.append(None)
            replaced += 1
    if content.rest:
        raise ShapeError
    decoded.rows.append(row)
    decoded.replaced += replaced


def _value(column: Column, content: Bytes) -> Any:
    match column.kind:
        case Kind.BITS8 | Kind.BITS16 | Kind.BITS32 | Kind.BITS64:
            return content.number(INTEGERS[column.kind])
        case Kind.DATE:
            return _date(_parts(content))
        case Kind.TIMESTAMP:
            return _timestamp(_parts(content))
        case Kind.TIME:
            return _time(_parts(content))
    data = content.take(_length(content))
    match column.kind:
        case Kind.BYTES:
            return data
        case Kind.TEXT:
            return text(data)
        case Kind.DECIMAL:
            return _decimal(column, data)
        case Kind.BIT:
            if len(data) > 8:
                raise MalformedError
            return int.from_bytes(data)
    raise MalformedError


def _length(content: Bytes) -> int:
    """A length-encoded integer."""
    first = content.number("B")
    if first <= 0xFA:
        return first
    sizes = {0xFC: 2, 0xFD: 3, 0xFE: 8}
    if first not in sizes:
        raise MalformedError
    return int.from_bytes(content.take(sizes[first]), "little")


def _parts(content: Bytes) -> Bytes:
    return Bytes(content.take(content.number("B")), "<")


def _date(parts: Bytes) -> int:
    if not parts.rest:  # 0000-00-00
        raise UnfitError
    days = _days(parts, (4,))
    parts.end()
    return days


def _days(parts: Bytes, lengths: Sequence[int]) -> int:
    if len(parts.rest) not in lengths:
        raise MalformedError
    year, month, day = parts.number("H"), parts.number("B"), parts.number("B")
    try:
        return (date(year, month, day) - EPOCH).days
    except ValueError:
        raise UnfitError from None


def _timestamp(parts: Bytes) -> int:
    if not parts.rest:  # 0000-00-00 00:00:00
        raise UnfitError
    days = _days(parts, (4, 7, 11))
    return days * 86_400_000_000 + (_clock(parts) if parts.rest else 0)


def _time(parts: Bytes) -> int:
    if not parts.rest:
        return 0
    if len(parts.rest) not in (8, 12):
        raise MalformedError
    sign, days = parts.number("B"), parts.number("I")
    # Whether it is a time at all comes before whether it is one of a day.
    hours = parts.rest[:3]
    if sign > 1 or hours[0] > 23 or hours[1] > 59 or hours[2] > 59:
        raise MalformedError
    if sign or days:
        raise UnfitError
    return _clock(parts)


def _clock(parts: Bytes) -> int:
    hour, minute, second = (parts.number("B") for _ in range(3))
    microsecond = parts.number("I") if parts.rest else 0
    if hour > 23 or minute > 59 or second > 59 or microsecond >= 1_000_000:
        raise MalformedError
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + microsecond


def _decimal(column: Column, data: bytes) -> int:
    if not re.fullmatch(rb"[+-]?(?=\.?[0-9])[0-9]*\.?[0-9]*", data):
        raise MalformedError
    whole, _, fraction = data.partition(b".")
    if len(fraction) > column.scale:
        fraction, beyond = fraction[: column.scale], fraction[column.scale :]
        if beyond.strip(b"0"):
            raise UnfitError
    digits = whole.lstrip(b"+-") + fraction.ljust(column.scale, b"0")
    units = int(digits or b"0")
    if units >= 10**column.precision:
        raise UnfitError
    return -units if whole.startswith(b"-") else units
