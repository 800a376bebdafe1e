"""A reader in another process sees the old rows or the new ones, whatever happens to the writer."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from headrace.destinations import Destination, Target
from headrace.errors import DESTINATION_LOCKED, HeadraceError
from tests.destinations.staging import LOCAL_SCHEMES, Place, bring, of, table

ORDERS = Target("shop", "orders")

# BigQuery shows a transaction whole by itself.
pytestmark = of(*LOCAL_SCHEMES)
ITEMS = Target("shop", "items")

WRITER = """
import sys
from pathlib import Path
from headrace.ids import new_id
from tests.destinations.staging import Place, publish, stage, table

destination = Place(sys.argv[1], Path(sys.argv[2])).open(patience=60)
for number in range(int(sys.argv[3])):
    run_id = new_id()
    rows = table(id=list(range(1 + number % 2 * 1999)))
    tables = [stage(destination, run_id, rows, name) for name in ("orders", "items")]
    publish(destination, *tables, run_id=run_id)
    destination.discard(run_id)
    print(number, flush=True)
"""


def writer(place: Place, rounds: int) -> subprocess.Popen[bytes]:
    """Publishes 1 row and 2,000 rows in turn."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, place.scheme, place.path, str(rounds)],
        stdout=subprocess.PIPE,
    )


def seen(destination: Destination) -> int | None:
    """The rows that a reader counts, when the writer lets it."""
    while True:
        try:
            return destination.count(ORDERS)
        except HeadraceError as error:
            assert error.kind is DESTINATION_LOCKED
            time.sleep(0.01)


def test_a_reader_sees_old_or_new(place: Place, destination: Destination) -> None:
    with writer(place, rounds=8) as process:
        counts = []
        while process.poll() is None:
            counts.append(seen(destination))
            time.sleep(0.05)  # let the writer in

    assert process.returncode == 0
    assert counts
    assert set(counts) <= {None, 1, 2000}


@pytest.mark.parametrize("moment", [0.0, 0.005, 0.02])
def test_a_killed_writer_leaves_old_or_new(
    place: Place, destination: Destination, moment: float
) -> None:
    with writer(place, rounds=1000) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moment)
        process.kill()

    assert destination.count(ORDERS) in (1, 2000)
    assert destination.count(ITEMS) == destination.count(ORDERS)
    assert len(destination.checkpoints("m1", "s1")) == 2
    bring(destination, table(id=[1, 2, 3]))
    assert destination.count(ORDERS) == 3
