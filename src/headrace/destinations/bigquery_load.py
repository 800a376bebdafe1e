"""Loading a run's staged files into tables of their own, one job a table.

A staged table lies in Headrace's dataset, is named after what is loaded into it, and is removed
with the run's staging, or by BigQuery when its time is over.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from google.cloud import bigquery

from headrace.destinations import StagedFile, StagedTable, Target
from headrace.destinations.bigquery_sql import Job, JobName, Jobs
from headrace.destinations.bigquery_tables import LOOKERS, Tables, fields_of
from headrace.errors import (
    DESTINATION_FORBIDDEN,
    DESTINATION_UNREADABLE,
    ROWS_DISAGREE,
    VALUE_NOT_CARRIED,
    HeadraceError,
)

KEPT = timedelta(days=7)
_PREFIX = "_load"


class Loads:
    """The staged tables of runs, in one dataset. `uri` tells what a staged file is called there."""

    def __init__(self, jobs: Jobs, tables: Tables, dataset: str, uri: Callable[[str], str]) -> None:
        self._jobs = jobs
        self._tables = tables
        self._dataset = dataset
        self._uri = uri

    def load(self, run_id: str, table: StagedTable) -> Target:
        """The table that holds the staged rows; it is loaded unless it was.

        Raises ROWS_DISAGREE, and VALUE_NOT_CARRIED for values that the types here don't have.
        """
        return self.load_files(run_id, table, table.files, table.schema)

    def load_files(
        self, run_id: str, table: StagedTable, files: Sequence[StagedFile], schema: pa.Schema
    ) -> Target:
        """As `load`, of other files that belong to the table."""
        content = (str(table.target), [(f.path, f.rows, f.bytes) for f in files], str(schema))
        name = JobName("load", (self._dataset, run_id, *content))
        into = Target(self._dataset, f"{_PREFIX}_{run_id}_{_hash(content)}")
        self._make(into, schema)
        if files:
            self._load(name, into, table, (files, schema))
        return into

    def remove(self, run_id: str) -> None:
        """Remove the run's staged tables. Absent is no error.

        Who may read checkpoints and not change them leaves the tables to their end.
        """
        mine = f"{_PREFIX}_{run_id}_"
        try:
            tables = [
                table for table in self._tables.names(self._dataset) if table.startswith(mine)
            ]
            with ThreadPoolExecutor(LOOKERS) as removers:
                targets = [Target(self._dataset, table) for table in tables]
                for _ in removers.map(self._tables.remove, targets):
                    pass  # looked at, since what has failed raises here
        except HeadraceError as error:
            if error.kind is not DESTINATION_FORBIDDEN:
                raise

    def _make(self, into: Target, schema: pa.Schema) -> None:
        """Make it before it is loaded, so that it is never without an end."""
        made = bigquery.Table(f"{self._jobs.project}.{into}", schema=fields_of(schema))
        made.expires = datetime.now(UTC) + KEPT

        def make() -> None:
            self._jobs.client.create_table(made, exists_ok=True, **self._jobs.once)

        self._jobs.calls(f"make table {into}", make)

    def _load(
        self,
        name: JobName,
        into: Target,
        table: StagedTable,
        content: tuple[Sequence[StagedFile], pa.Schema],
    ) -> None:
        files, schema = content
        rows = sum(file.rows for file in files)
        uris = [self._uri(file.path) for file in files]
        config = load_config(schema)

        def send(job_id: str) -> Job:
            return self._jobs.client.load_table_from_uri(
                uris,
                f"{self._jobs.project}.{into}",
                job_id=job_id,
                job_config=config,
                location=self._jobs.location,
                **self._jobs.once,
            )

        def stands(_: Job) -> bool:
            found = self._tables.find(into)
            return found is not None and (found.rows > 0 or rows == 0)

        try:
            job = self._jobs.run(f"load table {table.target}", name, send, stands)
        except HeadraceError as error:
            if error.kind is not DESTINATION_UNREADABLE:
                raise
            raise HeadraceError(
                VALUE_NOT_CARRIED,
                f"Table {table.source_table}: BigQuery does not take all of its values, such as "
                "NULL within an array, or a year before 1.",
            ) from error
        if job.output_rows != rows:
            raise HeadraceError(
                ROWS_DISAGREE,
                f"Table {table.source_table}: {rows} rows were staged, but {job.output_rows} "
                "loaded.",
            )


def load_config(schema: pa.Schema) -> bigquery.LoadJobConfig:
    """Nothing is guessed: the types are those of the schema, and the names are taken as they are.

    A list is one of values, not of records with one.
    """
    options = bigquery.ParquetOptions()  # type: ignore[no-untyped-call]
    options.enable_list_inference = True
    return bigquery.LoadJobConfig(
        source_format=bigquery.SourceFormat.PARQUET,
        schema=fields_of(schema),
        autodetect=False,
        create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
        # The table was made for this; its end and all else of it stay as they are.
        write_disposition=bigquery.WriteDisposition.WRITE_EMPTY,
        column_name_character_map="STRICT",
        max_bad_records=0,
        parquet_options=options,
    )


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
