"""Values that are larger than the memory that is left."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import Database

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
limit = pages * resource.getpagesize() + 200_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    with database.read(selection, UnfitPolicy.FAIL) as reader:
        print(sum(batch.num_rows for batch in reader), 'rows')
except HeadraceError as error:
    print(error.code, error.detail)
"""


@pytest.mark.parametrize(
    ("megabytes", "outcome"),
    [
        (40, "2 rows"),
        (400, "value_too_large Reading public.v: there is no memory for a value of column 'big'"),
    ],
)
def test_a_value_and_the_memory(database: Database, megabytes: int, outcome: str) -> None:
    """The limit is 200 MB above what the process takes before it reads."""
    database.execute(
        f"CREATE VIEW v AS SELECT n, repeat('x', {megabytes}000000 * n) AS big"
        " FROM generate_series(0, 1) n"
    )
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=database.url, capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    assert done.stdout.startswith(outcome)
