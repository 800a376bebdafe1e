"""The whole matrix: every point of every case, or of those whose names begin with the argument.

`python -m tests.extraction.kill_matrix "parquet, append"`
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from uuid import uuid4

from devservers.postgres import temporary_server
from headrace.settings import LocalSettings
from tests.conftest import Database
from tests.extraction.kill_matrix.matrix import CASES, Matrix, failures


def main() -> int:
    wrong = 0
    server = temporary_server().start()
    try:
        for case in CASES:
            if not str(case).startswith("".join(sys.argv[1:])):
                continue
            name = f"test_{uuid4().hex}"
            server.psql(f"CREATE DATABASE {name}")
            with tempfile.TemporaryDirectory(prefix="headrace-kill-") as directory:
                settings = LocalSettings.read(data=Path(directory) / "data", token="test-token")
                matrix = Matrix(case, settings, Database(server, name))
                matrix.first()
                points = matrix.points()
                found = failures(matrix, points)
            print(f"{case}: {len(points)} points, {2 * len(points)} runs, {len(found)} wrong")
            for point, why in found.items():
                print(f"  {point}: {why}")
            wrong += len(found)
    finally:
        server.remove()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
