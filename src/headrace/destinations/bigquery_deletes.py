"""What becomes of the rows of a BigQuery table that are deleted in the source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.buckets import NAMES, Buckets
from headrace.destinations import DELETED_AT, StagedFile, Staging, Target
from headrace.destinations.bigquery_keys import Keys
from headrace.destinations.bigquery_sql import Job, Step
from headrace.googlesql.identifiers import quoted
from headrace.ids import new_id
from headrace.model import DetectDeletes

# So many names are in memory at once.
PAGE_ROWS = 50_000

_TOLD = "{rows} rows were found to be deleted, but now there are {changed} of them"


def stage_gone(
    keys: Keys, staging: Staging, within: Buckets, present: Target | None
) -> tuple[StagedFile, ...]:
    """Write the names of the keys that are not among the present ones, which are loaded.

    The file is another one each time, so that what was loaded of an earlier one is never taken
    for it.
    """
    table = keys.table
    doing = f"stage what is deleted of {table.target}"
    job = keys.jobs.asked(doing, keys.gone(within, present))

    def write() -> StagedFile:
        path = f"{staging.path}/{table.target}-deleted-{new_id()}.parquet"
        rows = 0
        with (
            staging.filesystem.open_output_stream(path) as sink,
            closing(pq.ParquetWriter(sink, NAMES, compression="zstd")) as writer,
        ):
            for page in _pages(keys, job):
                writer.write_batch(page)
                rows += page.num_rows
        return StagedFile(path, rows, int(staging.filesystem.get_file_info(path).size))

    file = keys.jobs.calls(doing, write)
    return (file,) if file.rows else ()


def deleting(keys: Keys, gone: Target) -> Sequence[Step]:
    """Remove or mark the rows that were found deleted, whose names are loaded into `gone`.

    Where rows are removed, those go too that were marked before.
    """
    table, increment = keys.table, keys.table.increment
    if increment is None or increment.detect_deletes is DetectDeletes.OFF:
        return ()
    removes = increment.detect_deletes is DetectDeletes.HARD
    into, column = keys.jobs.name(table.target), quoted(DELETED_AT)
    steps = []
    if table.deleted:
        change = f"DELETE FROM {into}" if removes else f"UPDATE {into} SET {column} = "  # noqa: S608
        change += "" if removes else "CURRENT_TIMESTAMP()"
        named = f"{keys.name} IN (SELECT name FROM {keys.jobs.name(gone)})"  # noqa: S608
        found = sum(file.rows for file in table.deleted)
        steps.append(Step(f"{change} WHERE {named} AND {keys.live}", found, _TOLD))
    if removes and keys.marks:
        steps.append(Step(f"DELETE FROM {into} WHERE {column} IS NOT NULL"))  # noqa: S608
    return steps


def _pages(keys: Keys, job: Job) -> Iterator[pa.RecordBatch]:
    for page in keys.jobs.found(job, PAGE_ROWS).pages:
        yield pa.record_batch([pa.array([row[0] for row in page], pa.binary())], schema=NAMES)
