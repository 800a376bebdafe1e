"""Reads one table into staged Parquet files, and holds the numbers of rows against each other."""

from __future__ import annotations

import time
from collections.abc import Callable

import pyarrow as pa

from headrace.destinations import Increment, StagedTable, Staging, Target
from headrace.errors import ROWS_DISAGREE, HeadraceError
from headrace.extraction.column_names import told_apart
from headrace.extraction.parquet import FilesWriter
from headrace.model import TableRun, TableState
from headrace.sources import TableReader

Report = Callable[[TableRun], None]


def stage(
    reader: TableReader,
    table: TableRun,
    staging: Staging,
    report: Report,
    increment: Increment | None = None,
) -> StagedTable:
    """Read all rows that the reader gives into files under the staging place.

    `report` is told after each batch. Raises ROWS_DISAGREE unless the server's number, the
    batches' number and that of the files' footers are one; the reader's errors; and
    DESTINATION_FULL or DESTINATION_UNAVAILABLE from writing.
    """
    started = time.monotonic()
    target = Target(table.dataset, table.destination_table)
    rows = 0

    def standing(state: TableState) -> TableRun:
        seconds = time.monotonic() - started
        return table.model_copy(
            update={
                "state": state,
                "rows": rows,
                "bytes": reader.bytes_received,
                "seconds": seconds,
                "rows_per_second": rows / seconds if seconds else 0.0,
                "unfit": dict(reader.unfit_counts),
            }
        )

    schema = told_apart(reader.schema)
    with FilesWriter(staging, str(target), schema) as writer:
        for batch in reader:
            writer.add(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
            rows += batch.num_rows
            report(standing(TableState.READING))
        staged = StagedTable(table.ref, target, schema, increment, writer.finish())
    _agree(table, rows, "the server says that it sent", reader.rows_sent)
    _agree(table, rows, "the staged files hold", staged.rows)
    report(standing(TableState.STAGED))
    return staged


def _agree(table: TableRun, received: int, who: str, claimed: int) -> None:
    if received != claimed:
        raise HeadraceError(
            ROWS_DISAGREE, f"Table {table.ref}: {received} rows were received, but {who} {claimed}."
        )
