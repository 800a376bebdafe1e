"""COPY BINARY: values at the edges of their types, one at a time: what the decoder makes of each.

A value is expected as itself, or as the status that it stops the decoding with.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from headrace.sources.wire.columns import Kind, Status
from headrace.sources.wire.copy_binary import CopyBinary
from tests.wire.agree import COPY_BINARY, check_agreement
from tests.wire.copy_binary_streams import HEADER, framed
from tests.wire.oracle import Column
from tests.wire.oracle_copy_binary import EPOCH_DAYS, EPOCH_MICROSECONDS

LENGTH, VALUE = Status.LENGTH, Status.VALUE


def stream(*rows: Sequence[bytes | None], header: bytes = HEADER) -> bytes:
    messages = [struct.pack("!h", len(row)) + b"".join(map(framed, row)) for row in rows]
    messages = [header + messages[0], *messages[1:]]
    return b"".join(b"d" + struct.pack("!i", 4 + len(m)) + m for m in messages)


def numeric(*digits: int, weight: int = 0, sign: int = 0, scale: int = 0) -> bytes:
    return struct.pack(f"!hhHH{len(digits)}H", len(digits), weight, sign, scale, *digits)


def array(*elements: bytes | None, first: int = 1, dimensions: int = 1) -> bytes:
    head = struct.pack("!iII", dimensions, None in elements, 25)
    sizes = struct.pack("!ii", len(elements), first) * dimensions
    return head + sizes + b"".join(map(framed, elements))


def int8(number: int) -> bytes:
    return struct.pack("!q", number)


def int4(number: int) -> bytes:
    return struct.pack("!i", number)


NUMBERS = Column(Kind.DECIMAL, 5, 2)
LARGEST = Column(Kind.DECIMAL, 38, 0)
DATES = Column(Kind.LIST, element=Kind.DATE)
TEXTS = Column(Kind.LIST, element=Kind.TEXT)
BOOLS = Column(Kind.LIST, element=Kind.BOOL)

CASES: list[tuple[Column, bytes, Any]] = [
    (Column(Kind.BOOL), b"\1", True),
    (Column(Kind.BOOL), b"\2", LENGTH),
    (Column(Kind.BOOL), b"", LENGTH),
    (Column(Kind.BITS16), b"\xff\xfe", -2),
    (Column(Kind.BITS16), b"\xff\xfe\0", LENGTH),
    (Column(Kind.BITS32), b"\0\0\0", LENGTH),
    (Column(Kind.UINT32), b"\xff\xff\xff\xff", 2**32 - 1),
    (Column(Kind.BITS64), int8(-(2**63)), -(2**63)),
    (Column(Kind.DATE), int4(2**31 - 1), VALUE),
    (Column(Kind.DATE), int4(-(2**31)), VALUE),
    (Column(Kind.DATE), int4(-(2**31) + 1), -(2**31) + 1 + EPOCH_DAYS),
    (Column(Kind.DATE), int4(2**31 - 2 - EPOCH_DAYS), 2**31 - 2),
    (Column(Kind.DATE), int4(2**31 - 1 - EPOCH_DAYS), VALUE),
    (Column(Kind.TIMESTAMP), int8(2**63 - 1), VALUE),
    (Column(Kind.TIMESTAMP), int8(-(2**63)), VALUE),
    (Column(Kind.TIMESTAMP), int8(2**63 - 2 - EPOCH_MICROSECONDS), 2**63 - 2),
    (Column(Kind.TIMESTAMP), int8(2**63 - 1 - EPOCH_MICROSECONDS), VALUE),
    (Column(Kind.TIME), int8(86_399_999_999), 86_399_999_999),
    (Column(Kind.TIME), int8(86_400_000_000), VALUE),
    (Column(Kind.TIME), int8(-1), VALUE),
    (NUMBERS, numeric(), 0),
    (NUMBERS, numeric(999, 9900), 99_999),
    (NUMBERS, numeric(999, 9900, sign=0x4000), -99_999),
    (NUMBERS, numeric(1000), VALUE),
    (NUMBERS, numeric(1, 10), VALUE),
    (NUMBERS, numeric(0, 0, 0, 1, weight=2), VALUE),
    (NUMBERS, numeric(1, weight=32_767), VALUE),
    (NUMBERS, numeric(0, weight=32_767), 0),
    (NUMBERS, numeric(1, weight=-32_768), VALUE),
    (NUMBERS, numeric(sign=0xC000), VALUE),
    (NUMBERS, numeric(sign=0xD000), VALUE),
    (NUMBERS, numeric(1, sign=1), LENGTH),
    (NUMBERS, numeric(10_000), LENGTH),
    (NUMBERS, numeric(9999, 10_000), LENGTH),
    (NUMBERS, numeric(1) + b"\0\1", LENGTH),
    (NUMBERS, b"\xff\xff" + numeric()[2:], LENGTH),
    (LARGEST, numeric(99, *[9999] * 9, weight=9), 10**38 - 1),
    (LARGEST, numeric(100, *[0] * 9, weight=9), VALUE),
    (LARGEST, numeric(100, weight=9), VALUE),
    (Column(Kind.DECIMAL, 38, 38), numeric(*[9999] * 9, 9900, weight=-1), 10**38 - 1),
    (Column(Kind.DECIMAL, 38, 38), numeric(1), VALUE),
    (Column(Kind.BYTES), b"\0\xff", b"\0\xff"),
    (Column(Kind.TEXT), "é☃𝄞abcdefgh".encode(), "é☃𝄞abcdefgh".encode()),
    *((Column(Kind.TEXT), b"abcdefgh" + bad, VALUE) for bad in (
        b"\x80", b"\xc1\xbf", b"\xc3", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xe2\x98", b"\xe2\x98a",
        b"\xf0\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf0\x9d\x84", b"\xf0\x9d\x84a", b"\xff",
    )),
    (Column(Kind.JSONB), b"\1{}", b"{}"),
    (Column(Kind.JSONB), b"\2{}", LENGTH),
    (Column(Kind.JSONB), b"", LENGTH),
    (Column(Kind.UUID), bytes(range(16)), b"00010203-0405-0607-0809-0a0b0c0d0e0f"),
    (Column(Kind.UUID), bytes(15), LENGTH),
    (DATES, array(dimensions=0), []),
    (DATES, array(dimensions=0) + b"\0", LENGTH),
    (DATES, array(int4(0), None), [EPOCH_DAYS, None]),
    (DATES, array(int4(0), first=0), VALUE),
    (DATES, array(int4(0), dimensions=2), VALUE),
    (DATES, array(int4(0), dimensions=7), LENGTH),
    (DATES, array(int4(0))[:19], LENGTH),
    (DATES, array(int4(0))[:-1], LENGTH),
    (DATES, array(int4(0)) + b"\0", LENGTH),
    (DATES, array(b"\0\0\0"), LENGTH),
    (DATES, array(int4(2**31 - 1)), VALUE),
    (BOOLS, array(b"\1", None, b"\0"), [True, None, False]),
]  # fmt: skip


@pytest.mark.parametrize(("column", "value", "expected"), CASES)
def test_a_value(column: Column, value: bytes, expected: Any) -> None:
    decoded = check_agreement(COPY_BINARY, stream([value]), [column])
    if isinstance(expected, Status):
        assert decoded.status is expected
    else:
        assert decoded.rows == [[expected]]


def test_an_array_that_does_not_fit_leaves_nothing_behind() -> None:
    nullified = Column(Kind.LIST, nullify=True, element=Kind.TEXT)
    rows = [array(b"a"), array(b"b", None, b"\xff"), array(b"c", None)]
    decoded = check_agreement(COPY_BINARY, stream(*([row] for row in rows)), [nullified])
    assert decoded.rows == [[[b"a"]], [None], [[b"c", None]]]
    assert decoded.replaced == 1


def test_bits_that_an_array_before_has_left() -> None:
    """What does not fit has already set bits of the elements' memory."""
    nullified = Column(Kind.LIST, nullify=True, element=Kind.TIME)
    rows = [array(None, None, int8(-1)), array(int8(1), int8(2), int8(3))]
    decoded = check_agreement(COPY_BINARY, stream(*([row] for row in rows)), [nullified])
    assert decoded.rows == [[None], [[1, 2, 3]]]


def test_many_elements() -> None:
    elements = [None if n % 3 == 0 else struct.pack("!i", n) for n in range(5000)]
    column = Column(Kind.LIST, element=Kind.BITS32)
    (row,) = check_agreement(COPY_BINARY, stream([array(*elements)]), [column]).rows
    assert row == [[None if n % 3 == 0 else n for n in range(5000)]]


def test_a_lying_number_of_elements_takes_no_memory() -> None:
    value = array()[:12] + struct.pack("!ii", 2**31 - 1, 1)
    decoder = CopyBinary([(Kind.LIST, 0, 0, False, Kind.BITS64)], 10, 1000)
    data = stream([value])
    before = pages()
    assert decoder.feed(data, 0, len(data)) == (0, Status.LENGTH)
    assert pages() - before < 100


def pages() -> int:
    """This process's pages of address space."""
    return int(Path("/proc/self/statm").read_text().split()[0])


@pytest.mark.parametrize(
    "header",
    [
        HEADER[:15] + struct.pack("!i", 2**31 - 1),
        HEADER[:15] + struct.pack("!i", -1),
        HEADER[:11] + struct.pack("!Ii", 1 << 16, 0),
        b"X" + HEADER[1:],
    ],
)
def test_headers_that_are_none(header: bytes) -> None:
    decoded = check_agreement(COPY_BINARY, stream([b"\1"], header=header), [Column(Kind.BOOL)])
    assert decoded.status is LENGTH


def test_a_header_s_extension_is_skipped() -> None:
    header = HEADER[:15] + struct.pack("!i", 3) + b"xyz"
    decoded = check_agreement(COPY_BINARY, stream([b"\1"], header=header), [Column(Kind.BOOL)])
    assert decoded.rows == [[True]]


def test_after_an_error_nothing_is_taken() -> None:
    data = stream([b"\2"])
    decoder = CopyBinary([(Kind.BOOL, 0, 0, False)], 10, 1000)
    assert decoder.feed(data, 0, len(data)) == (0, LENGTH)
    with pytest.raises(ValueError, match="broken"):
        decoder.take()
    with pytest.raises(ValueError, match="broken"):
        decoder.feed(data, 0, len(data))


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (0, 4), (3, 2), (2, 2**62)])
def test_ranges_outside_the_buffer(start: int, end: int) -> None:
    with pytest.raises(IndexError):
        CopyBinary([(Kind.BOOL, 0, 0, False)], 10, 1000).feed(b"abc", start, end)


@pytest.mark.parametrize(
    "columns",
    [
        [(Kind.DECIMAL, 39, 0, False)],
        [(Kind.DECIMAL, 5, 6, False)],
        [(Kind.DECIMAL, 5, -1, False)],
        [(Kind.LIST, 0, 0, False)],
        [(Kind.LIST, 0, 0, False, Kind.LIST)],
        [(Kind.BOOL, 0, 0, False, Kind.BOOL)],
    ],
)
def test_columns_that_are_none(columns: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"a list|a decimal"):
        CopyBinary(columns, 10, 1000)
