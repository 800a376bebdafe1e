"""The document says what a session is set to, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from headrace.sources.mysql import session as mysql
from headrace.sources.postgres import session as postgres

DOCUMENT = Path(__file__).parents[2] / "docs" / "architecture.md"


def stated(database: str) -> dict[str, str]:
    """The settings and their values in the table that begins with the database's name."""
    _, _, after = DOCUMENT.read_text(encoding="utf-8").partition(f"\n| {database} | set to | why |")
    table, _, _ = after.partition("\n\n")
    return dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \| .+ \|$", table, re.MULTILINE))


def test_postgresql() -> None:
    begin = postgres._BEGIN.format(first="", lock_seconds=postgres.LOCK_SECONDS)
    begin += postgres.CHECKED.format(seconds=postgres.CHECK_SECONDS)
    # The encoding is asked for when the connection is made.
    assert stated("PostgreSQL") == {
        "client_encoding": "UTF8",
        **dict(re.findall(r"^SET LOCAL (\w+) TO (.+);$", begin, re.MULTILINE)),
    }
    assert begin.count("SET ") == len(stated("PostgreSQL")) - 1


def test_mysql() -> None:
    # The driver sends SET NAMES.
    assert stated("MySQL and MariaDB") == {
        "names": "utf8mb4",
        **dict(re.findall(r"SESSION (\w+) = (\d+)", mysql._UNBOUNDED)),
        **mysql.SETTINGS,
    }
