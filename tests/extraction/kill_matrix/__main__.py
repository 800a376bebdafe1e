"""The whole matrix: every point of every case, or of those whose names begin with an argument.

`python -m tests.extraction.kill_matrix "parquet, append" "duckdb, full"`
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from uuid import uuid4

from devservers.postgres import PostgresServer, temporary_server
from headrace.settings import LocalSettings
from tests.conftest import Database
from tests.extraction.kill_matrix.cases import CASES, Case, attempts
from tests.extraction.kill_matrix.matrix import Matrix, failures


def main() -> int:
    """The exit code is 1 if anything was wrong."""
    beginnings = tuple(sys.argv[1:]) or ("",)
    chosen = [case for case in CASES if str(case).startswith(beginnings)]
    server = temporary_server().start()
    try:
        figures = [_try(case, server) for case in chosen]
    finally:
        server.remove()
    points, runs, wrong = map(sum, zip(*figures, strict=True))
    print(f"{len(chosen)} cases: {points} points, {runs} runs, {wrong} wrong")
    return 1 if wrong else 0


def _try(case: Case, server: PostgresServer) -> tuple[int, int, int]:
    """Print what has become of a case; the numbers of its points, runs and faults."""
    name = f"test_{uuid4().hex}"
    server.psql(f"CREATE DATABASE {name}")
    with tempfile.TemporaryDirectory(prefix="headrace-kill-") as directory:
        settings = LocalSettings.read(data=Path(directory) / "data", token="test-token")
        matrix = Matrix(case, settings, Database(server, name))
        matrix.first()
        points = matrix.points()
        tried = attempts(case, points)
        wrong = failures(matrix, tried)
    server.psql(f"DROP DATABASE {name} WITH (FORCE)")
    print(
        f"{case}: {len(points)} points, {len(tried)} kills ({matrix.not_come_to} not come to), "
        f"{matrix.jobs.launched} runs ({matrix.resumed} resumed), {len(wrong)} wrong",
        flush=True,
    )
    for attempt, why in wrong.items():
        print(f"  {attempt}: {why}", flush=True)
    return len(points), matrix.jobs.launched, len(wrong)


if __name__ == "__main__":
    sys.exit(main())
