"""Values that are larger than the memory that is left."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import MariadbDatabase
from tests.sources.test_large_values import PROGRAM


@pytest.mark.parametrize(
    ("megabytes", "outcome"),
    [
        (30, "2 rows"),
        (400, "value_too_large Reading {}.v: there is no memory for a value of column 'big'"),
    ],
)
def test_a_value_and_the_memory(
    mariadb_database: MariadbDatabase, megabytes: int, outcome: str
) -> None:
    """The limit is 200 MB above what the process takes before it reads."""
    server = mariadb_database.server
    server.execute("SET GLOBAL max_allowed_packet = 1073741824")
    try:
        mariadb_database.execute(
            "CREATE VIEW v AS SELECT seq AS n, 'x' AS small, NULL AS nothing, now() AS moment, "
            f"repeat('x', {megabytes}000000 * seq) AS big FROM seq_0_to_1"
        )
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.replace('"public"', "connection.default_schema")],
            input=mariadb_database.url, capture_output=True, text=True, check=True, timeout=100,
        )  # fmt: skip
    finally:
        server.execute("SET GLOBAL max_allowed_packet = 67108864")
    assert done.stdout.startswith(outcome.format(mariadb_database.name)), done.stdout
