"""Destinations: where rows land. They own their SQL, their staging place and the checkpoints.

A run stages Parquet files under `staging(run_id)` and publishes them all at once: a reader sees
every table as it was, or every table as it is after the run. The checkpoints are part of the
same transaction (see docs/architecture.md, "Each row once").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pyarrow as pa
from pyarrow.fs import FileSystem

from headrace.buckets import Buckets, Spans
from headrace.digests import Digest
from headrace.identity import Identity
from headrace.layout import NO_LAYOUT, Layout, LayoutUse
from headrace.model import DetectDeletes, Window
from headrace.tables import Mode, TableRef

SCHEMES = {
    "bigquery": "headrace.destinations.bigquery:open_destination",
    "duckdb": "headrace.destinations.duckdb:open_destination",
    "parquet": "headrace.destinations.parquet:open_destination",
}

# When a row was found to be deleted in the source, in tables whose deletes are marked.
DELETED_AT = "_headrace_deleted_at"


@dataclass(frozen=True)
class Staging:
    """A place for a run's files. The directory exists; the run alone writes there."""

    filesystem: FileSystem
    path: str


@dataclass(frozen=True)
class Target:
    """A table of the destination."""

    dataset: str
    table: str

    def __str__(self) -> str:
        return f"{self.dataset}.{self.table}"


@dataclass(frozen=True)
class StagedFile:
    """The manifest entry of a finished chunk. `path` is on the staging's file system."""

    path: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class ExpectedDigests:
    """What the source says of a chunk: its digests, by the columns' names here.

    `chunk` is what a user may call it, `paths` are its files.
    """

    chunk: str
    paths: tuple[str, ...]
    digests: Mapping[str, Digest]


@dataclass(frozen=True)
class Increment:
    """The rows of a window that are to be added to a table or, by `key`, merged into it.

    `key` are the columns that tell rows apart, by their names here; without any, rows are added.
    `detect_deletes` says what becomes of rows that are deleted in the source. `database` is where
    the rows come from.
    """

    window: Window
    key: tuple[str, ...] = ()
    detect_deletes: DetectDeletes = DetectDeletes.OFF
    database: Identity | None = None

    @property
    def begins(self) -> bool:
        """Whether nothing comes before the window, so that it takes the whole table's place."""
        return self.window.after is None

    @property
    def position(self) -> str | None:
        """Up to which value the table holds everything once this is published."""
        if self.window.past:
            return self.window.after
        return self.window.upto if self.window.upto is not None else self.window.after


@dataclass(frozen=True)
class PlannedTable:
    """A table that is to be brought: all of it, or an increment.

    `schema` carries the columns' original names and types as field metadata
    (`headrace.source_name`, `headrace.source_type`). `layout` is how the table is made when it is
    made anew; one that grows keeps what it has.
    """

    source_table: TableRef
    target: Target
    schema: pa.Schema
    increment: Increment | None = None
    layout: Layout = NO_LAYOUT

    @property
    def key_fields(self) -> Sequence[pa.Field]:
        """The columns that tell its rows apart, if it is merged."""
        return [self.schema.field(name) for name in self.increment.key] if self.increment else []

    @property
    def replaces(self) -> bool:
        return self.increment is None or self.increment.begins


@dataclass(frozen=True)
class StagedTable(PlannedTable):
    """All that a run has staged for one table.

    With `expected`, which then is of all files, publishing holds the values against the source's.
    `deleted` are files of the names (`headrace.buckets`) of keys that the source has no more.
    """

    files: tuple[StagedFile, ...] = ()
    expected: Sequence[ExpectedDigests] = ()
    deleted: tuple[StagedFile, ...] = ()

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)


@dataclass(frozen=True)
class Publication:
    """What one publish makes visible: a run's tables, owned by the run's source.

    `follows` are the runs that had brought the tables when this one began; without it any may
    have. A run that has lost its lease may be late: it must not undo what came after it began.
    """

    model_id: str
    source_id: str
    run_id: str
    tables: tuple[StagedTable, ...]
    follows: Mapping[Target, str] | None = None


@dataclass(frozen=True)
class Checkpoint:
    """What the destination says that it holds of a table of a source.

    `rows` are those that the run brought, `columns` those of the table. With a `position` the
    table holds everything up to it by `cursor` that the filter of that digest lets through;
    without one it has to be brought from the start, be it because somebody has emptied the table
    or made it anew. `database` is where the rows of increments come from; what was written before
    that was noted has none.
    """

    model_id: str
    source_id: str
    source_table: TableRef
    target: Target
    run_id: str
    rows: int
    published_at: datetime
    columns: tuple[Mapping[str, str], ...] = ()
    cursor: tuple[str, ...] = ()
    position: str | None = None
    filter: str = ""
    database: Identity | None = None


@dataclass(frozen=True)
class PublishTime:
    """How long a publish took: to load the rows, unseen by readers, and to show them."""

    load_seconds: float = 0.0
    publish_seconds: float = 0.0


class Destination(Protocol):
    """A warehouse.

    Every method raises DESTINATION_UNAVAILABLE, DESTINATION_LOCKED, DESTINATION_FULL or
    DESTINATION_UNREADABLE; a state that can't be read is never taken for an empty one.
    """

    @property
    def modes(self) -> frozenset[Mode]:
        """The modes that are possible here."""
        ...

    @property
    def reserved_datasets(self) -> frozenset[str]:
        """The names, in lower case, of the datasets into which nothing can be brought."""
        ...

    def type_name(self, arrow_type: pa.DataType) -> str:
        """The type that a column of this Arrow type gets here. Raises TYPE_NOT_CARRIED."""
        ...

    def layouts(self, type_name: str) -> frozenset[LayoutUse]:
        """What a column of this type, as it is called here, may do for its table's layout."""
        ...

    def check(self, model_id: str, source_id: str, tables: Sequence[PlannedTable]) -> None:
        """Refuse what `publish` would refuse of these tables, before a row of them is read.

        Raises DESTINATION_CONFLICT, COLUMNS_CLASH, TYPE_NOT_CARRIED, MODE_NOT_SUPPORTED,
        LAYOUT_NOT_POSSIBLE and BACKFILL_NOT_POSSIBLE.
        """
        ...

    def staging(self, run_id: str) -> Staging:
        """A place for the run's files; those that killed processes have left are removed."""
        ...

    def keep(self, run_id: str) -> None:
        """Let the run's staging stay when its process is gone, until it is discarded."""
        ...

    def key_digests(self, run_id: str, table: StagedTable, within: Buckets, bits: int) -> Spans:
        """The sums of the hashes of a table's keys by buckets of that many bits, within others.

        The keys are those of the table after its staged rows are merged; rows that are marked as
        deleted have none. Raises MODE_NOT_SUPPORTED.
        """
        ...

    def stage_deleted(
        self, run_id: str, table: StagedTable, within: Buckets, present: Sequence[StagedFile]
    ) -> tuple[StagedFile, ...]:
        """Stage the names of the table's keys within the buckets that are not in the files.

        The files have a column `name` of the source's keys. A key of a staged row is not among
        what is staged, nor one of a row that is marked as deleted. Raises MODE_NOT_SUPPORTED.
        """
        ...

    def publish(self, publication: Publication) -> PublishTime:
        """Replace the tables, or bring their increments in, and write their checkpoints.

        All in one transaction. A table that grows gets the columns that are new, and the type of
        one that has become wider; a column that is gone stays, and is NULL in new rows. Then the
        rows that were found deleted are removed, or marked with the time in DELETED_AT.

        Publishing the same run again does nothing, in no time. Raises ROWS_DISAGREE if the
        destination counts other rows than were staged, DIGESTS_DISAGREE if a column's values, as
        staged or as loaded, are not those of the source, KEY_NOT_USABLE if two rows have one key,
        STAGING_CORRUPTED if a file can't be read back, CHECKPOINT_MOVED if another run has brought
        a table meanwhile or an increment does not follow what it holds, SCHEMA_CHANGED if a
        column's type has become another one, DESTINATION_CONFLICT if a table belongs to another
        source or was not made by Headrace, and what else `check` raises; the destination is then as
        it was.
        """
        ...

    def discard(self, run_id: str) -> None:
        """Remove the run's staging. Absent is no error."""
        ...

    def checkpoints(self, model_id: str, source_id: str) -> Sequence[Checkpoint]:
        """The checkpoints of a source, by target; empty only if there are none."""
        ...

    def disown(self, model_id: str, source_id: str) -> None:
        """Let the tables of a source go: they stay, and any source may replace them.

        For when the source is deleted. A source that owns nothing is no error.
        """
        ...

    def forget(self, model_id: str, source_id: str, target: Target) -> None:
        """Let the source's next run bring the table from the start; its rows stay until then.

        A run that is under way and follows the position that is forgotten fails with
        CHECKPOINT_MOVED. What has no position is no error.
        """
        ...

    def count(self, target: Target) -> int | None:
        """The number of rows that a reader sees; None if there is no such table."""
        ...

    def close(self) -> None: ...
