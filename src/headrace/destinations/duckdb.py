"""A DuckDB file as a destination.

The file is open only while something is done to it, so that others can read it between runs.
What Headrace remembers lies in the schema `_headrace` of the same file and changes in the same
transaction as the tables. Staging is the directory `<file>.staging/` beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa
from pyarrow.fs import LocalFileSystem

from headrace.buckets import NAMES, Buckets, Spans
from headrace.destinations import (
    Checkpoint,
    PlannedTable,
    Publication,
    PublishTime,
    StagedFile,
    StagedTable,
    Staging,
    Target,
)
from headrace.destinations import duckdb_checkpoints as checkpoints
from headrace.destinations.disk import disk_errors, has_room
from headrace.destinations.duckdb_deletes import apply_deletes
from headrace.destinations.duckdb_digests import staged_digests
from headrace.destinations.duckdb_file import Options, opened
from headrace.destinations.duckdb_keys import Keys
from headrace.destinations.duckdb_load import Loader
from headrace.destinations.duckdb_sql import count, exists
from headrace.destinations.layouts import check_layouts
from headrace.destinations.local_staging import LocalStaging
from headrace.destinations.past_range import past_range
from headrace.destinations.planned import check_follows, check_tables
from headrace.destinations.staged import check_contents, check_file
from headrace.destinations.types import name_in
from headrace.destinations.verified import check_staged
from headrace.errors import (
    CHECKPOINT_MOVED,
    DESTINATION_FULL,
    DESTINATION_UNAVAILABLE,
    DESTINATION_UNREADABLE,
    HeadraceError,
)
from headrace.files import local_path, made_private, make_directory
from headrace.layout import LayoutUse
from headrace.settings import Settings
from headrace.tables import Mode

T = TypeVar("T")

TYPES = {
    pa.bool_(): "BOOLEAN",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.uint8(): "UTINYINT",
    pa.uint16(): "USMALLINT",
    pa.uint32(): "UINTEGER",
    pa.uint64(): "UBIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.date32(): "DATE",
    pa.time64("us"): "TIME",
    pa.timestamp("us"): "TIMESTAMP",
    pa.timestamp("us", tz="UTC"): "TIMESTAMPTZ",
    pa.string(): "VARCHAR",
    pa.large_string(): "VARCHAR",
    pa.binary(): "BLOB",
    pa.large_binary(): "BLOB",
}

# Nothing is ever fetched from the network. One thread keeps the rows' order in little memory.
OPTIONS: Options = {
    "threads": 1,
    "write_buffer_row_group_count": 1,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}

# DuckDB fills what it is given, so the first limit is low: a long table needs no more than a
# short one. Tables of a thousand columns or with values of megabytes get more on another try.
MEMORY_LIMITS = ("24MB", "512MB", "80%")
_TOO_LITTLE_MEMORY = (duckdb.OutOfMemoryException, duckdb.TransactionException)

# DuckDB's own: nothing can be made in them, or their names mean something else.
RESERVED = frozenset({"_headrace", "information_schema", "pg_catalog", "system", "temp"})


def open_destination(url: str, settings: Settings) -> DuckDB:  # noqa: ARG001
    """Open `duckdb:///absolute/path/of/the/file`. The file need not exist yet."""
    return DuckDB(local_path(url))


class DuckDB:
    """A destination that is one DuckDB file.

    While another process holds the file, each method tries again for `patience` seconds before
    it raises DESTINATION_LOCKED.
    """

    def __init__(self, file: Path, patience: float = 15.0) -> None:
        self._file = file
        self._patience = patience
        self._staging = LocalStaging(file.with_name(f"{file.name}.staging"))

    @property
    def modes(self) -> frozenset[Mode]:
        return frozenset(Mode)

    @property
    def reserved_datasets(self) -> frozenset[str]:
        return RESERVED

    def type_name(self, arrow_type: pa.DataType) -> str:
        return name_in(TYPES, "DECIMAL({precision},{scale})", "{element}[]", arrow_type)

    def layouts(self, type_name: str) -> frozenset[LayoutUse]:  # noqa: ARG002
        return frozenset()

    def check(self, model_id: str, source_id: str, tables: Sequence[PlannedTable]) -> None:
        check_tables(tables, RESERVED, self.type_name)
        check_layouts(self, tables)
        for table in tables:
            past_range(table)
        if not self._is_there():
            return
        with self._reading() as connection:
            for table in tables:
                checkpoints.check_owner(connection, (model_id, source_id), table.target)

    def staging(self, run_id: str) -> Staging:
        return self._staging.make(run_id)

    def key_digests(self, run_id: str, table: StagedTable, within: Buckets, bits: int) -> Spans:
        return self._of_keys(run_id, table, lambda keys: keys.digests(within, bits))

    def stage_deleted(
        self, run_id: str, table: StagedTable, within: Buckets, present: Sequence[StagedFile]
    ) -> tuple[StagedFile, ...]:
        path = self._staging.path(run_id) / f"{table.target}-deleted.parquet"
        files = [file.path for file in present]

        def stage(keys: Keys) -> tuple[StagedFile, ...]:
            rows = keys.stage_gone(within, files, str(path))
            return (StagedFile(str(path), rows, path.stat().st_size),) if rows else ()

        return self._of_keys(run_id, table, stage)

    def publish(self, publication: Publication) -> PublishTime:
        began = time.monotonic()
        check_tables(publication.tables, RESERVED, self.type_name)
        with disk_errors(f"Making the directory of {self._file}"):
            make_directory(self._file.parent)
        with self._translated(f"Publishing into {self._file}", publication.tables):
            loaded = _with_memory(lambda limit: self._publish(publication, limit))
        if loaded is None:
            return PublishTime()
        return PublishTime(loaded - began, time.monotonic() - loaded)

    def keep(self, run_id: str) -> None:
        self._staging.keep(run_id)

    def discard(self, run_id: str) -> None:
        self._staging.remove(run_id)

    def checkpoints(self, model_id: str, source_id: str) -> Sequence[Checkpoint]:
        if not self._is_there():
            return []
        with self._reading() as connection:
            return checkpoints.read(connection, model_id, source_id)

    def disown(self, model_id: str, source_id: str) -> None:
        if not self.checkpoints(model_id, source_id):
            return
        doing = f"Letting tables of {self._file} go"
        with self._translated(doing), self._writing(MEMORY_LIMITS[0], spill="") as connection:
            checkpoints.disown(connection, model_id, source_id)

    def forget(self, model_id: str, source_id: str, target: Target) -> None:
        if not self.checkpoints(model_id, source_id):
            return
        doing = f"Forgetting how far {target} has come"
        with self._translated(doing), self._writing(MEMORY_LIMITS[0], spill="") as connection:
            checkpoints.prepare(connection)
            checkpoints.forget(connection, model_id, source_id, target)

    def count(self, target: Target) -> int | None:
        if not self._is_there():
            return None
        with self._reading() as connection:
            return count(connection, target) if exists(connection, target) else None

    def close(self) -> None:
        """The file is not open between calls; staging that was not discarded is let go."""
        self._staging.close()

    def _is_there(self) -> bool:
        with disk_errors(f"Looking for {self._file}"):
            return self._file.exists()

    def _publish(self, publication: Publication, memory_limit: str) -> float | None:
        """Returns when all was loaded; None if the run had published already."""
        spill = str(self._staging.path(publication.run_id) / "spill")
        with self._writing(memory_limit, spill) as connection:
            connection.execute("BEGIN")
            checkpoints.prepare(connection)
            if not checkpoints.remember_run(connection, publication):
                return None  # closing rolls back
            owner = (publication.model_id, publication.source_id)
            known = {c.target: c for c in checkpoints.read(connection, *owner)}
            check_follows(publication, {target: c.run_id for target, c in known.items()})
            for table in publication.tables:
                checkpoints.check_owner(connection, owner, table.target)
                for file in table.files:
                    check_file(LocalFileSystem(), table, file)
                for file in table.deleted:
                    check_file(LocalFileSystem(), replace(table, schema=NAMES), file)
                check_staged(table, partial(staged_digests, connection))
                before = known.get(table.target)
                self._load(connection, publication, table, before)
                checkpoints.remember(connection, publication, table, before)
            loaded = time.monotonic()
            connection.execute("COMMIT")
        return loaded

    def _load(
        self,
        connection: duckdb.DuckDBPyConnection,
        publication: Publication,
        table: StagedTable,
        before: Checkpoint | None,
    ) -> None:
        loader = Loader(connection, self.type_name)
        if table.increment is None or table.increment.begins:
            loader.replace(table, checkpoints.mark(table, publication))
            return
        if before is None or before.position != table.increment.window.after:
            raise HeadraceError(
                CHECKPOINT_MOVED,
                f"Table {table.target}: the run began after another value than it holds now.",
            )
        types = {column["name"]: column["arrow_type"] for column in before.columns}
        if table.increment.key:
            loader.merge(table, table.increment.key, types)
            apply_deletes(Keys(connection, self.type_name, table))
        elif past := past_range(table):
            loader.replace_range(table, past, types)
        else:
            loader.add(table, types)

    def _of_keys(self, run_id: str, table: StagedTable, work: Callable[[Keys], T]) -> T:
        spill = str(self._staging.path(run_id) / "spill")

        def within(memory_limit: str) -> T:
            options = {**OPTIONS, "memory_limit": memory_limit, "temp_directory": spill}
            with (
                made_private(),
                opened(self._file, options, read_only=True, patience=self._patience) as connection,
            ):
                return work(Keys(connection, self.type_name, table))

        with self._translated(f"Comparing the keys of {table.target}", (table,)):
            return _with_memory(within)

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        options = {**OPTIONS, "memory_limit": MEMORY_LIMITS[0], "temp_directory": ""}
        with (
            opened(self._file, options, read_only=True, patience=self._patience) as connection,
            self._translated(f"Reading {self._file}"),
        ):
            yield connection

    @contextmanager
    def _writing(self, memory_limit: str, spill: str) -> Iterator[duckdb.DuckDBPyConnection]:
        options = {**OPTIONS, "memory_limit": memory_limit, "temp_directory": spill}
        with (
            made_private(),
            opened(self._file, options, read_only=False, patience=self._patience) as connection,
        ):
            yield connection

    @contextmanager
    def _translated(self, doing: str, tables: Sequence[StagedTable] = ()) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            # What DuckDB makes of a signal whose handler raises; that exception is lost.
            if type(error) is RuntimeError:
                raise KeyboardInterrupt from error
            raise
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise HeadraceError(
                DESTINATION_UNREADABLE, f"{doing} failed: its tables are not as Headrace left them."
            ) from error
        except duckdb.Error as error:
            size = sum(file.bytes for table in tables for file in table.files)
            if not has_room(self._file.parent, size):
                raise HeadraceError(
                    DESTINATION_FULL, f"{doing} failed: the disk has no room left."
                ) from error
            for table in tables:
                check_contents(LocalFileSystem(), table)
            raise HeadraceError(
                DESTINATION_UNAVAILABLE, f"{doing} failed ({type(error).__name__})."
            ) from error


def _with_memory(work: Callable[[str], T]) -> T:
    """Do it under a limit of memory; if that is too little, again under the next."""
    *limits, last = MEMORY_LIMITS
    for limit in limits:
        with suppress(*_TOO_LITTLE_MEMORY):
            return work(limit)
    return work(last)
