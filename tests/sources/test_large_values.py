"""Values and rows that are large, up to those for which no memory is left."""

from __future__ import annotations

import subprocess
import sys

import pytest

from headrace.sources.wire.decoding import MAX_BYTES
from tests.conftest import Database
from tests.sources.reading import opened, reading

PROGRAM = """
import resource, sys
from headrace import sources
from headrace.urls import from_url
from headrace.diagnosis.addresses import LOOPBACK
from headrace.diagnosis.network import Network
from headrace.errors import HeadraceError
from headrace.model import Selection, UnfitPolicy
connection, credentials = from_url(sys.stdin.read())
database = sources.connect(connection, credentials, Network(allowed=LOOPBACK))
selection = Selection(schema_name="public", table_name="v")
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + int(sys.argv[1]) * 1_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    with database.read(selection, UnfitPolicy.FAIL) as reader:
        print(sum(batch.num_rows for batch in reader), 'rows')
except HeadraceError as error:
    print(error.code, error.detail)
"""


# Megabytes of the value, and of memory above what the process takes before it reads. Values of 1 GB
# pass alike, in 2.1 GB; the suite has no time for them.
VALUES = [
    (40, 200, "2 rows"),
    (300, 800, "2 rows"),
    (400, 200, "value_too_large Reading {}.v: there is no memory for a value of column 'big'"),
]


def outcome(url: str, room: int, program: str = PROGRAM) -> str:
    """What reading the view `v` comes to with so many megabytes."""
    done = subprocess.run(
        [sys.executable, "-c", program, str(room)],
        input=url, capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize(("megabytes", "room", "expected"), VALUES)
def test_a_value_and_the_memory(
    database: Database, megabytes: int, room: int, expected: str
) -> None:
    database.execute(
        f"CREATE VIEW v AS SELECT n, repeat('x', {megabytes}000000 * n) AS big"
        " FROM generate_series(0, 1) n"
    )
    assert outcome(database.url, room).startswith(expected.format("public"))


def test_rows_of_a_megabyte_take_no_more_memory_than_others(database: Database) -> None:
    database.execute(
        "CREATE VIEW v AS SELECT repeat('x', 1000000) AS big FROM generate_series(1, 1000)"
    )
    assert outcome(database.url, 200) == "1000 rows\n"


def test_batches_end_by_their_bytes(database: Database) -> None:
    database.execute(
        "CREATE VIEW v AS SELECT repeat('x', 1000000) AS big FROM generate_series(1, 10)"
    )
    with opened(database) as connected, reading(connected, "v") as reader:
        rows = [batch.num_rows for batch in reader]
    assert sum(rows) == 10
    assert max(rows) <= MAX_BYTES // 1_000_000 + 1
