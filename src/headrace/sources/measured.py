"""What is measured of a server: how far away it is, how fast, and what its clock says."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from headrace.checks import Fact

_ROUND_TRIPS = 5
_SLOW_ROUND_TRIP = 0.2
# What changed "since the last run" is told by the server's clock, and the runs' times by ours.
_MOST_SKEW = 5
# A larger sample says more, so each is eight times the one before, until one takes long enough to
# be told from a round trip. All together they are a fraction of what a test may receive.
_SAMPLES = (16 << 10, 128 << 10, 1 << 20)
_LONG_ENOUGH = 0.1
_SLOW_RATE = 1_000_000


@dataclass(frozen=True)
class Asking:
    """What a database can be asked for, in its own words.

    `nothing` is the least that is answered, `clock` the server's time in seconds since 1970, and
    `sample` so many bytes of text; that returns how many came, 0 if the server sends no more.
    """

    nothing: Callable[[], object]
    clock: Callable[[], float]
    sample: Callable[[int], int]


def facts(asking: Asking) -> Iterator[Fact]:
    """Round trip, clock, rate of transfer."""
    seconds = statistics.median(_taken(asking.nothing) for _ in range(_ROUND_TRIPS))
    yield Fact(
        name="round trip",
        value=f"{seconds * 1000:.1f} ms.",
        advice="The server is far away: run Headrace in its region or network, if that can be."
        if seconds > _SLOW_ROUND_TRIP
        else None,
    )
    yield _clock(asking)
    rate = _rate(asking, seconds)
    yield Fact(
        name="rate",
        value=f"about {rate / 1e6:,.1f} MB a second, measured with a small sample.",
        advice="A gigabyte takes longer than a quarter of an hour: look at the network between."
        if rate < _SLOW_RATE
        else None,
    )


def _taken(ask: Callable[[], object]) -> float:
    began = time.monotonic()
    ask()
    return time.monotonic() - began


def _clock(asking: Asking) -> Fact:
    before = time.time()
    told = asking.clock()
    skew = told - (before + time.time()) / 2
    if abs(skew) <= _MOST_SKEW:
        return Fact(name="clock", value=f"{abs(skew):.1f} s away from this machine's.")
    return Fact(
        name="clock",
        value=f"{abs(skew):,.0f} s {'ahead of' if skew > 0 else 'behind'} this machine's.",
        advice="Have both machines' clocks set by NTP: rows chosen by a time may be missed.",
    )


def _rate(asking: Asking, round_trip: float) -> float:
    """Bytes a second; what the round trip takes is not counted."""
    seconds = received = 0.0
    for size in _SAMPLES:
        began = time.monotonic()
        came = asking.sample(size)
        if not came:
            break
        seconds, received = time.monotonic() - began, came
        if seconds > _LONG_ENOUGH:
            break
    return received / max(seconds - round_trip, 0.001)
