"""MySQL's binary rows: values at the edges of their types, and rows of several packets."""

from __future__ import annotations

import struct
from datetime import date
from typing import Any

import pytest

from headrace.sources.wire.binary_rows import BinaryRows
from headrace.sources.wire.columns import Kind, Status
from tests.wire.agree import BINARY_ROWS, check_agreement
from tests.wire.binary_rows_streams import string
from tests.wire.oracle import Column

LENGTH, VALUE = Status.LENGTH, Status.VALUE
NUMBERS = Column(Kind.DECIMAL, 5, 2)


def packet(payload: bytes) -> bytes:
    return struct.pack("<I", len(payload))[:3] + b"\1" + payload


def day(year: int, month: int, day: int) -> bytes:
    return struct.pack("<HBB", year, month, day)


def time(sign: int, days: int, *parts: int) -> bytes:
    return struct.pack("<BI", sign, days) + bytes(parts)


CASES: list[tuple[Column, bytes, Any]] = [
    (Column(Kind.BITS8), b"\x80", -128),
    (Column(Kind.BITS16), b"\0", LENGTH),
    (Column(Kind.BITS64), b"\0" * 7, LENGTH),
    (Column(Kind.DATE), string(day(2000, 2, 29)), (date(2000, 2, 29) - date(1970, 1, 1)).days),
    (Column(Kind.DATE), string(day(1900, 2, 29)), VALUE),
    (Column(Kind.DATE), string(day(2024, 0, 1)), VALUE),
    (Column(Kind.DATE), string(day(10_000, 1, 1)), VALUE),
    (Column(Kind.DATE), string(b""), VALUE),
    (Column(Kind.DATE), string(b"\0" * 7), LENGTH),
    (Column(Kind.DATE), b"\xff" + day(2024, 1, 1), LENGTH),
    (Column(Kind.TIMESTAMP), string(day(1970, 1, 2)), 86_400_000_000),
    (Column(Kind.TIMESTAMP), string(day(1970, 1, 1) + bytes([23, 59, 60])), LENGTH),
    (Column(Kind.TIMESTAMP), string(day(1970, 1, 1) + b"\0\0\0" + b"\x40\x42\x0f\0"), LENGTH),
    (Column(Kind.TIME), string(b""), 0),
    (Column(Kind.TIME), string(time(0, 0, 23, 59, 59)), 86_399_000_000),
    (Column(Kind.TIME), string(time(1, 0, 0, 0, 1)), VALUE),
    (Column(Kind.TIME), string(time(0, 34, 22, 59, 59)), VALUE),
    (NUMBERS, string(b"-999.99"), -99_999),
    (NUMBERS, string(b"1000.00"), VALUE),
    (NUMBERS, string(b"1.234"), VALUE),
    (NUMBERS, string(b"-1.2300"), -123),
    (NUMBERS, string(b"1.2301"), VALUE),
    (NUMBERS, string(b"1.230x"), LENGTH),
    (NUMBERS, string(b"1.23x"), LENGTH),
    (NUMBERS, string(b"1234567.8x"), LENGTH),
    (NUMBERS, string(b"."), LENGTH),
    (Column(Kind.DECIMAL, 38, 0), string(b".000"), 0),
    (Column(Kind.DECIMAL, 38, 0), string(b"-.0"), 0),
    (Column(Kind.DECIMAL, 38, 0), string(b"9" * 38), 10**38 - 1),
    (Column(Kind.DECIMAL, 38, 0), string(b"9" * 39), VALUE),
    (Column(Kind.TEXT), string(b"\xff"), VALUE),
    (Column(Kind.BYTES), b"\xfe" + struct.pack("<Q", 2**63) + b"x", LENGTH),
    (Column(Kind.BYTES), b"\xfe" + struct.pack("<Q", 2**64 - 1) + b"x", LENGTH),
    (Column(Kind.BYTES), b"\xfd\1\0", LENGTH),
    (Column(Kind.BYTES), b"\xfb", LENGTH),
    (Column(Kind.BIT), string(b"\xff" * 8), 2**64 - 1),
    (Column(Kind.BIT), string(b"\0" * 9), LENGTH),
]


@pytest.mark.parametrize(("column", "value", "expected"), CASES)
def test_a_value(column: Column, value: bytes, expected: Any) -> None:
    decoded = check_agreement(BINARY_ROWS, packet(b"\0\0" + value), [column])
    if isinstance(expected, Status):
        assert decoded.status is expected
    else:
        assert decoded.rows == [[expected]]


def test_rows_that_were_put_together() -> None:
    decoder = BinaryRows([(Kind.BITS8, 0, 0, False)], 2, 1000)
    statuses = [decoder.feed_row(payload) for payload in (b"\0\0\1", b"\0\4", b"\0\0\3")]
    assert statuses == [Status.MORE, Status.MORE, Status.FULL]
    ((length, nulls, replaced, _, _),) = decoder.take()
    assert (length, nulls, replaced) == (2, 1, 0)


@pytest.mark.parametrize("payload", [b"", b"\0", b"\0\0"])
def test_rows_that_are_none(payload: bytes) -> None:
    decoder = BinaryRows([(Kind.BITS8, 0, 0, False)], 2, 1000)
    assert decoder.feed_row(payload) == LENGTH
    with pytest.raises(ValueError, match="broken"):
        decoder.feed_row(payload)


def test_a_packet_of_the_largest_length_goes_on_in_the_next() -> None:
    data = b"\xff\xff\xff\0\0\0x"
    assert check_agreement(BINARY_ROWS, data, [Column(Kind.TEXT)]).status is Status.SPLIT
