"""A job that is killed at any point leaves nothing, or everything; what comes next completes it.

Some points of some cases, in every mode, with one process and with several; `make kill-matrix`
takes them all.
"""

from __future__ import annotations

import pytest

from headrace.settings import Settings
from headrace.tables import Mode
from tests.conftest import Database
from tests.extraction.kill_matrix.cases import CASES, PROCESSES, Attempt, Case, attempts
from tests.extraction.kill_matrix.matrix import Matrix, failures

TAKEN = (
    Case(Mode.MERGE, "duckdb"),
    Case(Mode.FULL, "duckdb"),
    Case(Mode.APPEND, "parquet", first=True),
    Case(Mode.FULL, "parquet"),
    Case(Mode.MERGE, "duckdb", first=True, resumed=True),
    Case(Mode.MERGE, "duckdb", first=True, victim=0),
    Case(Mode.APPEND, "parquet", first=True, victim=0),
    Case(Mode.FULL, "duckdb", victim=1),
)


@pytest.mark.parametrize("case", TAKEN, ids=str)
def test_killed_and_gone_on_with(case: Case, settings: Settings, database: Database) -> None:
    matrix = Matrix(case, settings, database)
    matrix.first()
    points = matrix.points()
    assert len(points) >= 25, points

    assert failures(matrix, some(case, points)) == {}


def some(case: Case, points: list[str]) -> list[Attempt]:
    """Of those that are resumed one, and of those that are started anew; others for each case."""
    tried = attempts(case, points)
    share = (1 + TAKEN.index(case)) / (1 + len(TAKEN))
    ways = ([attempt for attempt in tried if attempt.resume is way] for way in (True, False))
    return [way[int(share * len(way))] for way in ways]


def test_the_matrix_is_whole() -> None:
    assert set(TAKEN) <= set(CASES)
    for tasks in (1, PROCESSES):
        assert {case.mode for case in CASES if case.tasks == tasks} == set(Mode)
