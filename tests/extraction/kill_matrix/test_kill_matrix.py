"""A job that is killed at any point leaves nothing, or everything; the next run completes it.

Every other point of a merge into DuckDB, and some of the other cases; `make kill-matrix` takes
them all.
"""

from __future__ import annotations

import pytest

from headrace.settings import Settings
from headrace.tables import Mode
from tests.conftest import Database
from tests.extraction.kill_matrix.matrix import CASES, Case, Matrix, failures

MAIN = Case(Mode.MERGE, "duckdb")
PARTS = 8  # for several processes, and the time that one test may take
EVERY = 12

SLICES = [
    *((MAIN, slice(part, None, PARTS)) for part in range(0, PARTS, 2)),
    *((case, slice(first, None, EVERY)) for first, case in enumerate(CASES) if case != MAIN),
]


@pytest.mark.parametrize(("case", "taken"), SLICES, ids=str)
def test_killed_and_started_anew(
    case: Case, taken: slice, settings: Settings, database: Database
) -> None:
    matrix = Matrix(case, settings, database)
    matrix.first()
    points = matrix.points()
    assert len(points) >= 25, points

    assert failures(matrix, points[taken]) == {}
