"""Reads one chunk into staged Parquet files, and holds the numbers of rows against each other."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from headrace.destinations import PlannedTable, StagedFile, Staging
from headrace.errors import ROWS_DISAGREE, TABLE_CHANGED, HeadraceError
from headrace.extraction.column_names import told_apart
from headrace.extraction.parquet import FilesWriter
from headrace.sources import TableReader


@dataclass(frozen=True)
class Figures:
    """What has come of a chunk so far; `unfit` counts values replaced by NULL, by column."""

    rows: int = 0
    bytes: int = 0
    read_seconds: float = 0.0
    write_seconds: float = 0.0
    unfit: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.rows + other.rows,
            self.bytes + other.bytes,
            self.read_seconds + other.read_seconds,
            self.write_seconds + other.write_seconds,
            Counter(self.unfit) + Counter(other.unfit),
        )


Report = Callable[[Figures], None]


@dataclass(frozen=True)
class StagedChunk:
    files: tuple[StagedFile, ...]
    figures: Figures


def stage(
    reader: TableReader, table: PlannedTable, place: tuple[Staging, str], report: Report
) -> StagedChunk:
    """Read all rows that the reader gives into files of that name under the staging place.

    `report` is told after each batch. Raises TABLE_CHANGED if the columns are not the table's;
    ROWS_DISAGREE unless the server's number, the batches' number and that of the files' footers
    are one; the reader's errors; and DESTINATION_FULL or DESTINATION_UNAVAILABLE from writing.
    """
    schema = told_apart(reader.schema)
    if schema != table.schema:
        raise HeadraceError(
            TABLE_CHANGED, f"Reading {table.source_table}: its columns changed meanwhile."
        )
    rows, writing = 0, 0.0
    started = time.monotonic()

    def figures() -> Figures:
        reading = time.monotonic() - started - writing
        return Figures(rows, reader.bytes_received, reading, writing, dict(reader.unfit_counts))

    staging, name = place
    with FilesWriter(staging, name, schema) as writer:
        for batch in reader:
            received = time.monotonic()
            writer.add(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
            writing += time.monotonic() - received
            rows += batch.num_rows
            report(figures())
        received = time.monotonic()
        files = writer.finish()
        writing += time.monotonic() - received
    _agree(table, rows, "the server says that it sent", reader.rows_sent)
    _agree(table, rows, "the staged files hold", sum(file.rows for file in files))
    return StagedChunk(files, figures())


def _agree(table: PlannedTable, received: int, who: str, claimed: int) -> None:
    if received != claimed:
        raise HeadraceError(
            ROWS_DISAGREE,
            f"Table {table.source_table}: {received} rows were received, but {who} {claimed}.",
        )
