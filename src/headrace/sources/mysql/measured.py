"""What MySQL and MariaDB are asked for to measure them (`headrace.sources.measured`)."""

from __future__ import annotations

from datetime import UTC, datetime

from headrace.sources.measured import Asking
from headrace.sources.mysql.session import Session
from headrace.values import Value


class _Time(Value):
    now: datetime


class _Sample(Value):
    text: str | None


def asking(session: Session) -> Asking:
    def clock() -> float:
        told = session.answer(
            "Asking for the server's time", "SELECT UTC_TIMESTAMP(6) AS now", _Time
        )
        return told.now.replace(tzinfo=UTC).timestamp()

    def sample(size: int) -> int:
        sql = f"SELECT REPEAT('.', {size}) AS text"
        text = session.answer("Measuring the rate", sql, _Sample).text
        return len(text or "")  # NULL if it is larger than max_allowed_packet

    return Asking(lambda: session.query("Measuring the round trip", "SELECT 1"), clock, sample)
