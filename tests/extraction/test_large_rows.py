"""Rows of a megabyte on their whole way to Parquet, in memory that does not multiply with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import Database, MariadbDatabase

# What a row of one number takes is about 100,000.
MOST_KILOBYTES = 250_000


def peak(url: str, table: str, directory: Path) -> int:
    """The peak of the resident memory, in kB, of extracting the table."""
    command = [sys.executable, "-m", "tests.diagnosis.measured", "extract", url, table]
    done = subprocess.run(
        [*command, "--to", f"parquet://{directory}/files"],
        env={**os.environ, "HEADRACE_DATA": str(directory / "data")},
        capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    (name, outcome, rows, *_) = done.stdout.split()
    assert (name, outcome, rows) == (table, "published", "500")
    return int(done.stderr.splitlines()[-1])


def test_from_postgresql(database: Database, tmp_path: Path) -> None:
    database.execute(
        "CREATE VIEW v AS SELECT repeat(md5(n::text), 32768) AS a FROM generate_series(1, 500) n"
    )
    assert peak(database.url, "public.v", tmp_path) < MOST_KILOBYTES


def test_from_mariadb(mariadb_database: MariadbDatabase, tmp_path: Path) -> None:
    mariadb_database.execute(
        "CREATE VIEW v AS SELECT repeat(md5(seq), 32768) AS a FROM seq_1_to_500"
    )
    assert peak(mariadb_database.url, f"{mariadb_database.name}.v", tmp_path) < MOST_KILOBYTES
