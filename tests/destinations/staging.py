"""Stages tables as the engine does, and reads published ones back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import FileSystem, FileType

from headrace.destinations import (
    Destination,
    Publication,
    StagedFile,
    StagedTable,
    Target,
)
from headrace.destinations.duckdb import DuckDB
from headrace.destinations.duckdb_sql import quoted
from headrace.destinations.parquet import ParquetDirectory
from headrace.ids import new_id
from headrace.tables import TableRef

# Those that lie on this machine. Where the engine is tested over them all, these are meant: what
# it does with BigQuery is in tests/extraction/test_bigquery.py.
LOCAL_SCHEMES = ("duckdb", "parquet")


@dataclass(frozen=True)
class Place:
    """A destination under test, in a directory of its own."""

    scheme: str
    path: Path
    cloud_url: str = ""

    @property
    def url(self) -> str:
        return self.cloud_url or f"{self.scheme}://{self.path}"

    def open(self, patience: float = 0.3) -> Destination:
        if self.scheme == "duckdb":
            return DuckDB(self.path, patience)
        return ParquetDirectory(self.path)

    def is_there(self) -> bool:
        """Whether anything was made."""
        return self.path.exists()

    def read(self, target: Target) -> pa.Table:
        """What a reader gets who knows nothing of Headrace's code for writing."""
        if self.scheme == "duckdb":
            with duckdb.connect(self.path, read_only=True) as connection:
                name = f"{quoted(target.dataset)}.{quoted(target.table)}"
                return connection.sql(f"SELECT * FROM {name} ORDER BY 1").to_arrow_table()
        files = ParquetDirectory(self.path).files(target)
        return pa.concat_tables([pq.read_table(file) for file in files])


def table(**columns: list[object]) -> pa.Table:
    return pa.table(columns)


def stage(
    destination: Destination, run_id: str, content: pa.Table, name: str = "orders"
) -> StagedTable:
    """Stage a table as two files, or none if it has no rows."""
    staging = destination.staging(run_id)
    filesystem = staging.filesystem
    files = []
    half = (content.num_rows + 1) // 2
    for number, part in enumerate((content.slice(0, half), content.slice(half))):
        if part.num_rows:
            path = f"{staging.path}/{name}-{number:05}.parquet"
            filesystem.delete_file(path) if is_file(filesystem, path) else None
            with filesystem.open_output_stream(path) as file:
                pq.write_table(part, file, compression="zstd", store_decimal_as_integer=True)
            files.append(StagedFile(path, part.num_rows, filesystem.get_file_info(path).size))
    return StagedTable(
        TableRef(schema_name="public", table_name=name),
        Target("shop", name),
        content.schema,
        files=tuple(files),
    )


def of(*schemes: str) -> pytest.MarkDecorator:
    """Of these destinations alone."""
    return pytest.mark.parametrize("place", schemes, indirect=True)


def is_file(filesystem: FileSystem, path: str) -> bool:
    return filesystem.get_file_info(path).type is FileType.File


def cut(destination: Destination, run_id: str, path: str, size: int | None) -> None:
    """Leave so many bytes of a staged file, or none of it at all."""
    filesystem = destination.staging(run_id).filesystem
    with filesystem.open_input_file(path) as file:
        content = file.read()
    filesystem.delete_file(path)
    if size is not None:
        with filesystem.open_output_stream(path) as file:
            file.write(content[:size])


def publish(
    destination: Destination, *tables: StagedTable, run_id: str, source: str = "s1"
) -> None:
    destination.publish(Publication("m1", source, run_id, tables))


def bring(destination: Destination, content: pa.Table, source: str = "s1") -> str:
    """Stage and publish a table as one run; returns the run's id."""
    run_id = new_id()
    publish(destination, stage(destination, run_id, content), run_id=run_id, source=source)
    destination.discard(run_id)
    return run_id
