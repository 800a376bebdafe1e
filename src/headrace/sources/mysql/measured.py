"""What is measured of a server: how far away it is, how fast, and what its clock says."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from headrace.model import Fact
from headrace.sources.mysql.session import Session
from headrace.values import Value

_ROUND_TRIPS = 5
_SLOW_ROUND_TRIP = 0.2
# What changed "since the last run" is told by the server's clock, and the runs' times by ours.
_MOST_SKEW = 5
# A larger sample says more, so each is eight times the one before, until one takes long enough to
# be told from a round trip. All together they are a fraction of what a test may receive.
_SAMPLES = (16 << 10, 128 << 10, 1 << 20)
_LONG_ENOUGH = 0.1
_SLOW_RATE = 1_000_000


class _Time(Value):
    now: datetime


class _Sample(Value):
    text: str | None


def facts(session: Session) -> Iterator[Fact]:
    """Round trip, clock, rate of transfer."""
    seconds = _round_trip(session)
    yield Fact(
        name="round trip",
        value=f"{seconds * 1000:.1f} ms.",
        advice="The server is far away: run Headrace in its region or network, if that can be."
        if seconds > _SLOW_ROUND_TRIP
        else None,
    )
    yield _clock(session)
    rate = _rate(session, seconds)
    yield Fact(
        name="rate",
        value=f"about {rate / 1e6:,.1f} MB a second, measured with a small sample.",
        advice="A gigabyte takes longer than a quarter of an hour: look at the network between."
        if rate < _SLOW_RATE
        else None,
    )


def _round_trip(session: Session) -> float:
    taken = []
    for _ in range(_ROUND_TRIPS):
        began = time.monotonic()
        session.query("Measuring the round trip", "SELECT 1")
        taken.append(time.monotonic() - began)
    return statistics.median(taken)


def _clock(session: Session) -> Fact:
    before = time.time()
    told = session.answer("Asking for the server's time", "SELECT UTC_TIMESTAMP(6) AS now", _Time)
    skew = told.now.replace(tzinfo=UTC).timestamp() - (before + time.time()) / 2
    if abs(skew) <= _MOST_SKEW:
        return Fact(name="clock", value=f"{abs(skew):.1f} s away from this machine's.")
    return Fact(
        name="clock",
        value=f"{abs(skew):,.0f} s {'ahead of' if skew > 0 else 'behind'} this machine's.",
        advice="Have both machines' clocks set by NTP: rows chosen by a time may be missed.",
    )


def _rate(session: Session, round_trip: float) -> float:
    """Bytes a second; what the round trip takes is not counted."""
    seconds = received = 0.0
    for size in _SAMPLES:
        began = time.monotonic()
        sql = f"SELECT REPEAT('.', {size}) AS text"
        text = session.answer("Measuring the rate", sql, _Sample).text
        if text is None:  # larger than max_allowed_packet
            break
        seconds, received = time.monotonic() - began, len(text)
        if seconds > _LONG_ENOUGH:
            break
    return received / max(seconds - round_trip, 0.001)
