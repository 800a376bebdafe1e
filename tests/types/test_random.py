"""Many random values: what arrives is what the server itself writes for the same value."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.conftest import Database
from tests.sources.reading import read_all

chance = random.Random(2024)


def arrived(database: Database, values: Iterable[str], sql_type: str, text: str) -> list[Any]:
    """Pairs of each value, as it arrives, and the server's text of it."""
    listed = ",".join(f"('{value}')" for value in values)
    database.execute(
        f"CREATE TABLE given (v {sql_type}); INSERT INTO given VALUES {listed};"
        f"CREATE VIEW t AS SELECT v, {text} AS text FROM given"
    )
    table = read_all(database, "t")
    return list(zip(*(table.column(name).to_pylist() for name in ("v", "text")), strict=True))


@pytest.mark.parametrize(
    ("precision", "scale"),
    [(4, 2), (9, 0), (15, 2), (18, 18), (19, 5), (38, 0), (38, 10), (38, 38)],
)
def test_numerics(database: Database, precision: int, scale: int) -> None:
    units = (chance.randrange(10 ** chance.randint(1, precision)) for _ in range(5500))
    values = (str(Decimal((n % 2, tuple(map(int, str(n))), -scale))) for n in units)
    pairs = arrived(database, values, f"numeric({precision},{scale})", "v::text")
    assert len(pairs) == 5500
    assert [format(value, "f") for value, _ in pairs] == [text for _, text in pairs]


@pytest.mark.parametrize(("sql_type", "form"), [("float4", "f"), ("float8", "d")])
def test_floats(database: Database, sql_type: str, form: str) -> None:
    """Every pattern of bits is as likely, so most are very large or very small."""
    size = struct.calcsize(form)
    patterns = (struct.unpack(form, chance.randbytes(size))[0] for _ in range(5000))
    values = [repr(value) for value in patterns]
    pairs = arrived(database, values, sql_type, "v::text")
    shown = [struct.pack(form, float(text)) for _, text in pairs]
    assert [struct.pack(form, value) for value, _ in pairs] == shown


def test_timestamps(database: Database) -> None:
    first = datetime(1, 1, 1)  # noqa: DTZ001 - without a zone, as the column is
    days = (timedelta(chance.randrange(3_652_059)) for _ in range(5000))
    moments = (
        first + day + timedelta(microseconds=chance.randrange(86_400 * 10**6)) for day in days
    )
    text = """to_char(v, 'YYYY-MM-DD"T"HH24:MI:SS.US')"""
    pairs = arrived(database, (moment.isoformat() for moment in moments), "timestamp", text)
    assert [value.isoformat(timespec="microseconds") for value, _ in pairs] == [
        text for _, text in pairs
    ]


def test_dates(database: Database) -> None:
    values = (str(datetime.fromordinal(chance.randint(1, 3_652_059)).date()) for _ in range(5000))
    pairs = arrived(database, values, "date", "v::text")
    assert [str(value) for value, _ in pairs] == [text for _, text in pairs]


def test_uuids(database: Database) -> None:
    values = (f"{chance.randrange(2**128):032x}" for _ in range(2000))
    for value, text in arrived(database, values, "uuid", "v::text"):
        assert value == text
