"""Buckets of keys: what two databases compare to find the keys that only one of them has.

A key's text is the canonical text (`headrace.digests`) of its column; of several columns it is a
list of theirs, such as `1:7,2:12`. A key with a NULL in it has no text and is in no bucket. A
text's hash is the number of the first 15 hexadecimal digits of its MD5, and keys whose hashes begin
with the same bits are in one bucket. Where a text is too long to be sent, its MD5 stands for it:
`name` of a key is its text in UTF-8 if that is shorter than LONGEST bytes, else those 16 bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

HASH_BITS = 60
LONGEST = 16

# The sum of a bucket's hashes is told as a positive number of 64 bits.
MODULUS = 2**63
# So many buckets that follow each other are told in one row, of which each takes ENTRY_BYTES: the
# lowest byte of its number and the eight of its sum, the highest first.
SPAN_BITS = 8
ENTRY_BYTES = 9

# By the numbers of their buckets without the lowest byte, the entries; an empty bucket has none.
Spans = Mapping[int, bytes]

NAMES = pa.schema([pa.field("name", pa.binary())])


@dataclass(frozen=True)
class Buckets:
    """Some of the buckets of keys whose hashes have the first `bits` bits in common.

    They are numbered by these bits; without numbers it is all of them.
    """

    bits: int
    numbers: tuple[int, ...] | None = None

    @property
    def shift(self) -> int:
        """How far a hash is shifted to the right for its bucket's number."""
        return HASH_BITS - self.bits


ALL = Buckets(0)


def differing(one: Spans, other: Spans) -> tuple[int, ...]:
    """The numbers of the buckets whose keys are not the same in both, in their order."""
    found = set()
    for span in one.keys() | other.keys():
        entries = _entries(one.get(span, b"")) ^ _entries(other.get(span, b""))
        found |= {(span << SPAN_BITS) + entry[0] for entry in entries}
    return tuple(sorted(found))


def _entries(packed: bytes) -> set[bytes]:
    return {packed[at : at + ENTRY_BYTES] for at in range(0, len(packed), ENTRY_BYTES)}
