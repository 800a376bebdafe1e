"""Decodes made-up and spoilt streams: `python -m tests.wire.fuzz EXAMPLES`.

A process of its own, since a step outside the bytes ends it. A failure prints the example.
"""

from __future__ import annotations

import random
import struct
import sys
from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from headrace.sources.wire.columns import Status
from tests.wire.agree import check_agreement
from tests.wire.oracle_copy_binary import Column
from tests.wire.strategies import LYING, spoilt, streams

# Hypothesis makes good streams slowly; each is spoilt so many times more, at random.
SPOILT_EACH = 50

Stream = tuple[bytes, list[Column]]
CUTS = st.lists(st.integers(0, 400), max_size=4)
good: list[Stream] = []
outcomes: Counter[Status] = Counter()


@given(streams(), CUTS, st.integers(1, 4))
def whole_streams(stream: Stream, cuts: list[int], max_rows: int) -> None:
    good.append(stream)
    outcomes[check_agreement(*stream, cuts, max_rows).status] += 1


@given(spoilt(), CUTS, st.integers(1, 4))
def spoilt_streams(stream: Stream, cuts: list[int], max_rows: int) -> None:
    outcomes[check_agreement(*stream, cuts, max_rows).status] += 1


def spoil_at_random(chance: random.Random) -> None:
    for data, columns in good:
        for _ in range(SPOILT_EACH):
            changed = _spoilt(data, chance)
            cuts = [chance.randrange(len(changed) + 1) for _ in range(chance.randrange(3))]
            try:
                status = check_agreement(changed, columns, cuts, chance.randrange(1, 5)).status
            except BaseException:
                print(f"{changed!r}\n{columns}\n{cuts}", flush=True)
                raise
            outcomes[status] += 1


def _spoilt(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(4):
            case 0:
                changed[at : at + 1] = chance.randbytes(1)
            case 1:
                changed[at : at + 4] = struct.pack("!i", chance.choice(LYING))
            case 2:
                del changed[at : at + chance.randrange(1, 9)]
            case 3:
                changed[at:at] = changed[at : at + chance.randrange(1, 9)]
    return bytes(changed)


def main(examples: int) -> None:
    chosen = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    for decode in (whole_streams, spoilt_streams):
        chosen(decode)()
    seed = random.randrange(2**32)
    print(f"seed {seed}", flush=True)
    spoil_at_random(random.Random(seed))
    counted = ", ".join(f"{Status(status).name} {n}" for status, n in sorted(outcomes.items()))
    print(f"decoder and oracle agree on {outcomes.total()} streams: {counted}")
    assert len(outcomes) >= 5, "the streams are too tame"


if __name__ == "__main__":
    main(int(sys.argv[1]))
