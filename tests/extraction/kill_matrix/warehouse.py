"""What a reader of the destination finds who knows nothing of Headrace's code for writing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from headrace.destinations import Destination, Target
from headrace.destinations.duckdb import DuckDB
from headrace.destinations.parquet import ParquetDirectory
from tests.extraction.kill_matrix.tables import TABLES, Rows


class Warehouse:
    """The destination at a place on this machine."""

    def __init__(self, destination: Destination, place: Path) -> None:
        self._destination = destination
        self.place = place

    def rows(self) -> Rows:
        """Those of the tables that are there."""
        read = self._in_duckdb if isinstance(self._destination, DuckDB) else self._in_files
        return {name: rows for name, rows in read() if rows}

    def wipe(self) -> None:
        """Remove all of it."""
        for path in sorted(self.place.parent.glob("warehouse*"), reverse=True):
            _remove(path)

    def staged(self) -> list[Path]:
        """What any run has staged."""
        staging = (
            self.place.with_name("warehouse.staging"),
            self.place / "_headrace" / "staging",
        )
        return [path for place in staging for path in _below(place) if path.name != "lock"]

    def _in_duckdb(self) -> Iterator[tuple[str, list[list[Any]]]]:
        if not self.place.exists():
            return
        with duckdb.connect(self.place, read_only=True) as connection:
            found = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'shop'"
            )
            for (name,) in found.fetchall():
                rows = connection.execute(f"SELECT id, label, n FROM shop.{name} ORDER BY ALL")
                yield name, [list(row) for row in rows.fetchall()]

    def _in_files(self) -> Iterator[tuple[str, list[list[Any]]]]:
        assert isinstance(self._destination, ParquetDirectory)
        for name in TABLES:
            files = [pq.read_table(file) for file in self._destination.files(Target("shop", name))]
            if files:
                table = pa.concat_tables(files).sort_by([("id", "ascending")])
                yield name, [list(row.values()) for row in table.to_pylist()]


def _below(place: Path) -> Iterator[Path]:
    return place.rglob("*") if place.exists() else iter(())


def _remove(path: Path) -> None:
    for inside in sorted(path.rglob("*"), reverse=True) if path.is_dir() else ():
        inside.rmdir() if inside.is_dir() else inside.unlink()
    path.rmdir() if path.is_dir() else path.unlink()
