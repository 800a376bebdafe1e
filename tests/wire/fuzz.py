"""Decodes made-up and spoilt streams: `python -m tests.wire.fuzz EXAMPLES [SEED]`.

A process of its own, since a step outside the bytes ends it. A failure prints the example; the
seed that was printed first makes the same streams again.
"""

from __future__ import annotations

import random
import sys
from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from headrace.sources.wire.columns import Status
from tests.wire import binary_rows_streams, copy_binary_streams
from tests.wire.agree import BINARY_ROWS, COPY_BINARY, Protocol, check_agreement
from tests.wire.oracle import Column
from tests.wire.spoiling import spoilt

# Hypothesis makes good streams slowly; each is spoilt so many times at random.
SPOILT_EACH = 50

Stream = tuple[bytes, list[Column]]


def fuzz(protocol: Protocol, streams: st.SearchStrategy[Stream], examples: int, seed: int) -> None:
    outcomes: Counter[Status] = Counter()
    good: list[Stream] = []

    @seeded(seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(streams, st.lists(st.integers(0, 400), max_size=4))
    def decode_good(stream: Stream, cuts: list[int]) -> None:
        good.append(stream)
        outcomes[check_agreement(protocol, *stream, cuts).status] += 1

    decode_good()
    chance = random.Random(seed)
    for data, columns in good:
        for _ in range(SPOILT_EACH):
            changed = spoilt(data, chance)
            cuts = [chance.randint(0, len(changed)) for _ in range(chance.randint(0, 3))]
            try:
                outcomes[check_agreement(protocol, changed, columns, cuts).status] += 1
            except BaseException:
                print(f"{changed!r}\n{columns}\n{cuts}", flush=True)
                raise
    counted = ", ".join(f"{Status(status).name} {n}" for status, n in sorted(outcomes.items()))
    name = protocol.decoder.__name__
    print(f"{name} and oracle agree on {outcomes.total()} streams: {counted}", flush=True)
    assert len(outcomes) >= 5, "the streams are too tame"


def main(examples: int, seed: int) -> None:
    print(f"seed {seed}", flush=True)
    fuzz(COPY_BINARY, copy_binary_streams.streams(), examples, seed)
    fuzz(BINARY_ROWS, binary_rows_streams.streams(), examples, seed)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2**32))
