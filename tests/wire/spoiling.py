"""Streams with bytes changed, lengths replaced by lies, parts cut out or doubled."""

from __future__ import annotations

import random

_LIES = (0, 1, 3, 4, 8, -1, -2, -(2**31), 2**31 - 1, 2**24 - 1, 2**30)


def spoilt(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, len(changed))
        match chance.choice(("cut", "flip", "lie", "drop", "double")):
            case "cut":
                del changed[at:]
            case "flip":
                changed[at : at + 1] = chance.randbytes(1)
            case "lie":
                lie = (chance.choice(_LIES) % 2**32).to_bytes(4, chance.choice(("big", "little")))
                size = chance.choice((1, 2, 3, 4))
                changed[at : at + size] = lie[:size]
            case "drop":
                del changed[at : at + chance.randint(1, 8)]
            case "double":
                changed[at:at] = changed[at : at + chance.randint(1, 8)]
    return bytes(changed)
