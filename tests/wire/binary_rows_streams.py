"""Rows of MySQL's prepared statements: well-formed ones with every odd value."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from headrace.sources.wire.columns import Kind
from tests.wire.oracle import Column


def string(data: bytes) -> bytes:
    """Bytes behind their length."""
    return bytes([len(data)]) + data


def longer(data: bytes) -> bytes:
    """The same, the length taking two bytes, or eight."""
    if len(data) % 2:
        return b"\xfe" + struct.pack("<Q", len(data)) + data
    return b"\xfc" + struct.pack("<H", len(data)) + data


TEXT = st.text(max_size=12).map(str.encode) | st.binary(max_size=12)
YEARS = st.sampled_from((0, 1, 1970, 2000, 2024, 2100, 9999, 10_000)) | st.integers(0, 2**16 - 1)
DATES = st.builds(
    lambda year, month, day: struct.pack("<HBB", year, month, day),
    YEARS, st.integers(0, 13), st.sampled_from((0, 1, 28, 29, 30, 31, 32)),
)  # fmt: skip
CLOCKS = st.builds(
    lambda *parts: bytes(parts), st.integers(0, 24), st.integers(0, 60), st.integers(0, 60)
)
FRACTIONS = st.just(b"") | st.sampled_from((0, 1, 999_999, 1_000_000, 2**32 - 1)).map(
    lambda number: struct.pack("<I", number)
)
SIGNS_AND_DAYS = st.builds(
    lambda sign, days: struct.pack("<BI", sign, days),
    st.sampled_from((0, 0, 0, 1, 2)), st.sampled_from((0, 0, 0, 1, 34, 2**32 - 1)),
)  # fmt: skip
TIMES_OF_DAY = st.builds(lambda clock, fraction: clock + fraction, CLOCKS, FRACTIONS)

VALUES: dict[Kind, st.SearchStrategy[bytes]] = {
    Kind.BITS8: st.binary(min_size=1, max_size=1),
    Kind.BITS16: st.binary(min_size=2, max_size=2),
    Kind.BITS32: st.binary(min_size=4, max_size=4),
    Kind.BITS64: st.binary(min_size=8, max_size=8),
    Kind.DATE: (st.just(b"") | DATES).map(string),
    Kind.TIMESTAMP: st.one_of(
        st.just(b""), DATES, st.builds(lambda day, time: day + time, DATES, TIMES_OF_DAY)
    ).map(string),
    Kind.TIME: (
        st.just(b"") | st.builds(lambda days, time: days + time, SIGNS_AND_DAYS, TIMES_OF_DAY)
    ).map(string),
    Kind.DECIMAL: st.one_of(
        st.decimals(allow_nan=False, allow_infinity=False, places=2).map(lambda d: f"{d:f}"),
        st.from_regex(r"[+-]?[0-9]{0,40}(\.[0-9]{0,10})?", fullmatch=True),
        st.sampled_from(("", "-", ".", "1.2.3", "1e5", "9" * 38, "9" * 39, "0" * 50)),
        st.from_regex(r"-?[0-9]{1,3}\.[0-9]{0,3}0{0,40}", fullmatch=True),
    ).map(lambda number: string(number.encode())),
    Kind.BYTES: st.binary(max_size=12).map(string) | st.binary(max_size=12).map(longer),
    Kind.TEXT: TEXT.map(string) | TEXT.map(longer),
    Kind.BIT: st.binary(max_size=9).map(string),
}


@st.composite
def columns(draw: Callable[[Any], Any]) -> Column:
    precision = draw(st.integers(1, 38) | st.just(38))
    scale = draw(st.integers(0, precision))
    return Column(draw(st.sampled_from(sorted(VALUES))), precision, scale, draw(st.booleans()))


@st.composite
def streams(draw: Callable[[Any], Any]) -> tuple[bytes, list[Column]]:
    chosen = draw(st.lists(columns(), min_size=1, max_size=9))
    data = b""
    for _ in range(draw(st.integers(0, 6))):
        values = [draw(st.none() | VALUES[column.kind]) for column in chosen]
        nulls = sum(1 << place for place, value in enumerate(values, 2) if value is None)
        content = nulls.to_bytes((len(chosen) + 9) // 8, "little") + b"".join(filter(None, values))
        data += struct.pack("<I", 1 + len(content))[:3] + b"\7\0" + content
    return data + draw(st.sampled_from((b"", b"\x05\0\0\x09\xfe\0\0\2\0"))), chosen
