"""Until when PostgreSQL's major versions are cared for."""

from __future__ import annotations

from datetime import date

from headrace.checks import Fact

# "Versioning Policy" on postgresql.org: the day of each major version's final release. What is
# older has ended, what is newer is not known here yet.
END_OF_LIFE = {
    10: date(2022, 11, 10),
    11: date(2023, 11, 9),
    12: date(2024, 11, 21),
    13: date(2025, 11, 13),
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}

_OLDEST_TESTED = 13
_ADVICE = "It is read all the same; have it upgraded, since it gets no security fixes any more."
_TOO_OLD = (
    f"Headrace is tested with PostgreSQL {_OLDEST_TESTED} and newer: have the server upgraded."
)


def fact(number: int, today: date) -> Fact:
    """What there is to say about a server of this version (`server_version_num`)."""
    major, minor = divmod(number, 10_000)
    value = f"PostgreSQL {major}.{minor}"
    end = END_OF_LIFE.get(major)
    if major < min(END_OF_LIFE) or (end and end <= today):
        since = f" on {end.isoformat()}" if end else ""
        advice = _ADVICE if major >= _OLDEST_TESTED else _TOO_OLD
        return Fact(
            name="version", value=f"{value}, whose last release was made{since}.", advice=advice
        )
    until = f", which gets fixes until {end.isoformat()}" if end else ""
    return Fact(name="version", value=f"{value}{until}.")
