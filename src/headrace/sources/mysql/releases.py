"""Until when releases of MySQL and MariaDB are cared for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from headrace.checks import Fact

# "Lifetime Support Policy: Oracle Technology Products" (the end of extended support), and for
# innovation releases the day of the next one; "Maintenance Policy" on mariadb.org. As listed on
# endoflife.date on 2026-05-01. What is older has ended, what is newer is not known here yet.
_MYSQL = {
    (5, 5): date(2018, 12, 31),
    (5, 6): date(2021, 2, 28),
    (5, 7): date(2023, 10, 31),
    (8, 0): date(2026, 4, 30),
    (8, 1): date(2023, 10, 25),
    (8, 2): date(2023, 12, 14),
    (8, 3): date(2024, 4, 10),
    (8, 4): date(2032, 4, 30),
    (9, 0): date(2024, 10, 15),
    (9, 1): date(2025, 1, 21),
    (9, 2): date(2025, 4, 15),
    (9, 3): date(2025, 7, 22),
    (9, 4): date(2025, 10, 21),
    (9, 5): date(2026, 1, 20),
    (9, 6): date(2026, 4, 21),
    (9, 7): date(2034, 4, 21),
}
_MARIADB = {
    (5, 5): date(2020, 4, 11),
    (10, 0): date(2019, 3, 31),
    (10, 1): date(2020, 10, 17),
    (10, 2): date(2022, 5, 23),
    (10, 3): date(2023, 5, 25),
    (10, 4): date(2024, 6, 18),
    (10, 5): date(2025, 6, 24),
    (10, 6): date(2026, 7, 6),
    (10, 7): date(2023, 2, 9),
    (10, 8): date(2023, 5, 20),
    (10, 9): date(2023, 8, 22),
    (10, 10): date(2023, 11, 17),
    (10, 11): date(2028, 2, 16),
    (11, 0): date(2024, 6, 6),
    (11, 1): date(2024, 8, 21),
    (11, 2): date(2024, 11, 21),
    (11, 3): date(2024, 5, 29),
    (11, 4): date(2029, 5, 29),
    (11, 5): date(2024, 11, 21),
    (11, 6): date(2025, 2, 13),
    (11, 7): date(2025, 5, 12),
    (11, 8): date(2028, 6, 4),
    (12, 0): date(2025, 11, 18),
    (12, 1): date(2026, 2, 13),
    (12, 2): date(2026, 5, 13),
    (12, 3): date(2029, 6, 30),
}
END_OF_LIFE: Mapping[str, Mapping[tuple[int, int], date]] = {"MySQL": _MYSQL, "MariaDB": _MARIADB}

_ADVICE = (
    "It is read all the same; have it upgraded, since it gets no fixes any more but those of a "
    "provider who goes on by himself."
)


def fact(product: str, today: date) -> Fact:
    """What there is to say about a server such as "MariaDB 10.11.6"."""
    name, _, number = product.partition(" ")
    parts = [int(part) for part in number.split(".")[:2] if part]
    if len(parts) < 2:
        return Fact(name="version", value=f"{product}; the server does not tell its version.")
    known = END_OF_LIFE[name]
    release = (parts[0], parts[1])
    end = known.get(release)
    if release < min(known) or (end and end <= today):
        since = f" on {end.isoformat()}" if end else ""
        return Fact(name="version", value=f"{product}, whose support ended{since}.", advice=_ADVICE)
    until = f", which gets fixes until {end.isoformat()}" if end else ""
    return Fact(name="version", value=f"{product}{until}.")
