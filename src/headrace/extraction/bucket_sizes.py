"""How finely keys are compared (`headrace.extraction.deletes`): bytes against questions.

Each question has the source's database hash all keys of the table once more. So the first one is
made to tell at little cost that nothing was deleted, and a further one is asked only if it saves
bytes enough: mostly one, between the first and the keys themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from headrace.buckets import ENTRY_BYTES

# With so many keys in a bucket, the first question takes about two thousandths of what all keys do.
KEYS_A_BUCKET = 256
# What both sides hold in memory at once, at the first question and at each later one.
MOST_AT_FIRST = 2**18
MOST = 2**20
# More numbers would make too long a statement: all keys are read if so many buckets differ.
MOST_NUMBERS = 2**17
# About what a key takes on its way, with what is around it.
KEY_BYTES = 20
# A further question has to save so many bytes, and such a share of what all keys would take.
WORTH_BYTES = 64 * 1024
WORTH_SHARE = 0.02


@dataclass(frozen=True)
class Compared:
    """Buckets of that many bits: how many were asked for, and in how many something differs."""

    bits: int
    asked: int
    differing: int

    @property
    def differences(self) -> float:
        """About how many keys only one side has, if they are scattered: several may be in one."""
        if self.differing < self.asked:
            return -self.asked * math.log(1 - self.differing / self.asked)
        return self.asked * (math.log(self.asked) + 1)


def first_bits(keys: int) -> int:
    """How many bits the first buckets have."""
    return max(0, round(math.log2(min(max(keys, 1) / KEYS_A_BUCKET, MOST_AT_FIRST))))


def further_bits(keys: int, compared: Compared) -> int:
    """How many bits more the next buckets have; 0 if the keys themselves are to be read now."""
    now = _bytes_of_keys(keys, compared, 0)
    best, bits = min(_costs(keys, compared), default=(now, 0))
    worth = max(WORTH_BYTES, WORTH_SHARE * keys * KEY_BYTES)
    return bits if now - best >= worth else 0


def _costs(keys: int, compared: Compared) -> Iterator[tuple[float, int]]:
    """By the bits that are added: the bytes of the smaller buckets, and of the keys after that."""
    bits = 1
    if compared.differing > MOST_NUMBERS:
        return
    while (asked := compared.differing << bits) <= MOST:
        yield asked * ENTRY_BYTES + _bytes_of_keys(keys, compared, bits), bits
        bits += 1


def _bytes_of_keys(keys: int, compared: Compared, bits: int) -> float:
    """Of the keys in those of the smaller buckets that will differ."""
    asked = compared.differing << bits
    differing = asked * -math.expm1(-compared.differences / asked) if bits else asked
    if differing > MOST_NUMBERS:
        return float(keys * KEY_BYTES)
    return differing * keys / 2.0 ** (compared.bits + bits) * KEY_BYTES
