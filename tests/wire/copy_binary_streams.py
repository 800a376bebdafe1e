"""COPY BINARY streams: well-formed ones with every odd value."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from headrace.sources.wire.columns import Kind
from tests.wire.oracle import Column

HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack("!Ii", 0, 0)

SCALARS = (
    Kind.BOOL,
    Kind.BITS16,
    Kind.BITS32,
    Kind.BITS64,
    Kind.UINT32,
    Kind.DATE,
    Kind.TIMESTAMP,
    Kind.TIME,
    Kind.DECIMAL,
    Kind.BYTES,
    Kind.TEXT,
    Kind.JSONB,
    Kind.UUID,
)


def integers(form: str, bits: int, *special: int) -> st.SearchStrategy[bytes]:
    edges = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, 0, -1, *special)
    numbers = st.sampled_from(edges) | st.integers(edges[0], edges[1])
    return numbers.map(lambda number: struct.pack("!" + form, number))


TEXT = st.text(max_size=12).map(str.encode) | st.binary(max_size=12)


@st.composite
def numerics(draw: Callable[[Any], Any]) -> bytes:
    digits = draw(st.lists(st.sampled_from((0, 1, 10, 500, 9990, 9999)) | st.integers(0, 9999),
                           max_size=12))  # fmt: skip
    weight = draw(st.integers(-4, 11) | st.integers(-(2**15), 2**15 - 1))
    sign = draw(st.sampled_from((0, 0, 0, 0x4000, 0x4000, 0xC000, 0xD000, 0xF000, 0x1234)))
    head = struct.pack("!hhHH", len(digits), weight, sign, draw(st.integers(0, 40)))
    return head + struct.pack(f"!{len(digits)}H", *digits)


VALUES: dict[Kind, st.SearchStrategy[bytes]] = {
    Kind.BOOL: st.sampled_from((b"\0", b"\1")),
    Kind.BITS16: integers("h", 16),
    Kind.BITS32: integers("i", 32),
    Kind.BITS64: integers("q", 64),
    Kind.UINT32: integers("i", 32),
    Kind.DATE: integers("i", 32, 2**31 - 1 - 10_957, 2**31 - 10_957),
    Kind.TIMESTAMP: integers("q", 64, 2**63 - 1 - 946_684_800_000_000, 2**63 - 946_684_800_000_000),
    Kind.TIME: integers("q", 64, 86_399_999_999, 86_400_000_000),
    Kind.DECIMAL: numerics(),
    Kind.BYTES: st.binary(max_size=12),
    Kind.TEXT: TEXT,
    Kind.JSONB: TEXT.map(lambda text: b"\1" + text) | TEXT,
    Kind.UUID: st.binary(min_size=16, max_size=16),
}


def framed(value: bytes | None) -> bytes:
    return struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value


@st.composite
def arrays(draw: Callable[[Any], Any], element: Kind) -> bytes:
    elements = draw(st.lists(st.none() | VALUES[element], max_size=4))
    dimensions = draw(st.sampled_from((1, 1, 1, 1, 2, 7, -1))) if elements else 0
    first = draw(st.sampled_from((1, 1, 1, 1, 0, -(2**31))))
    head = struct.pack("!iII", dimensions, None in elements, 25)
    sizes = struct.pack("!ii", len(elements), first) * max(dimensions, 0)
    return head + sizes + b"".join(map(framed, elements))


@st.composite
def columns(draw: Callable[[Any], Any]) -> Column:
    kind = draw(st.sampled_from((*SCALARS, Kind.DECIMAL, Kind.LIST)))
    element = draw(st.sampled_from(SCALARS)) if kind == Kind.LIST else None
    precision = draw(st.integers(1, 38) | st.just(38))
    scale = draw(st.integers(0, precision))
    return Column(kind, precision, scale, draw(st.booleans()), element)


@st.composite
def streams(draw: Callable[[Any], Any]) -> tuple[bytes, list[Column]]:
    chosen = draw(st.lists(columns(), min_size=1, max_size=5))
    messages = []
    for _ in range(draw(st.integers(0, 6))):
        values = [
            draw(st.none() | (VALUES[c.kind] if c.element is None else arrays(c.element)))
            for c in chosen
        ]
        messages.append(struct.pack("!h", len(chosen)) + b"".join(map(framed, values)))
    messages.append(struct.pack("!h", -1))
    messages[0] = HEADER + messages[0]
    data = b"".join(b"d" + struct.pack("!i", 4 + len(m)) + m for m in messages)
    return data + draw(st.sampled_from((b"", b"c\0\0\0\4", b"N\0\0"))), chosen
