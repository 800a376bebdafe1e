"""The values that Headrace keeps: sources, what is taken of them, and runs.

They are the API's JSON, the documents' content and the OpenAPI schemas, all at once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, Field, ValidationInfo, field_validator, model_validator

from headrace.connections import Connection
from headrace.filters import Condition
from headrace.identity import Identity
from headrace.layout import MOST_CLUSTERED, Partitioning
from headrace.problems import Problem
from headrace.schedules import Manual, Schedule
from headrace.tables import Mode, TableRef
from headrace.values import DestinationName, ModelId, Name, RunId, SourceId, Text, Value


def now() -> datetime:
    return datetime.now(UTC)


# --- sources ----------------------------------------------------------------------------------


class UnfitPolicy(StrEnum):
    """What becomes of a value that its column's type can't hold, such as an infinite date.

    fail ends the run, null puts NULL in its place and counts it, text carries the column as text.
    """

    FAIL = "fail"
    NULL = "null"
    TEXT = "text"


class DecimalType(Value):
    """Exact numbers of up to 38 digits, of which `scale` stand after the point."""

    precision: int = Field(ge=1, le=38)
    scale: int = Field(ge=0, le=38)

    @model_validator(mode="after")
    def _scale_within_precision(self) -> Self:
        if self.scale > self.precision:
            raise ValueError("has more digits after the point than in all")
        return self


class DriftPolicy(StrEnum):
    """What becomes of columns that are other ones than at the last run.

    add takes new columns and wider types and leaves removed ones as NULL, freeze leaves new
    columns out and fails on the rest, fail fails on any difference. A type that has become
    another one always fails.
    """

    ADD = "add"
    FREEZE = "freeze"
    FAIL = "fail"


class Verification(StrEnum):
    """What is held against the source before a run is published.

    counts compares numbers of rows, digest the values of each column too: the source computes
    digests of what it sent, which costs it about as much as sending it.
    """

    COUNTS = "counts"
    DIGEST = "digest"


class DetectDeletes(StrEnum):
    """What becomes of rows that are deleted in the source, for merge.

    off leaves them, soft marks them with the time in the column _headrace_deleted_at, hard deletes
    them. To find them each run compares digests of all keys, by which the source reads all of
    them.
    """

    OFF = "off"
    SOFT = "soft"
    HARD = "hard"


class Selection(TableRef):
    """What is taken of one table, and where it goes."""

    columns: tuple[Name, ...] | None = Field(
        default=None, min_length=1, description="The columns to take; null takes all of them."
    )
    unfit_columns: dict[Name, UnfitPolicy] = Field(
        default_factory=dict, description="Columns that depart from the source's unfit policy."
    )
    decimal_columns: dict[Name, DecimalType] = Field(
        default_factory=dict,
        description="The decimal types of columns that are carried as text otherwise: numbers "
        "without precision, or of more than 38 digits. A number that does not fit exactly is one "
        "of the values for which there is the unfit policy.",
    )
    filter: tuple[Condition, ...] = Field(
        default=(), description="Only rows that fulfil all of these conditions are taken."
    )
    mode: Mode = Mode.FULL
    cursor: tuple[Name, ...] = Field(
        default=(),
        validate_default=True,
        description="The column by which rows are newer, for append and merge; of several the "
        "first that is not NULL, such as updated_at before created_at.",
    )
    key: tuple[Name, ...] = Field(
        default=(),
        description="The columns that tell rows apart, for merge; empty takes the primary key.",
    )
    lag_seconds: int = Field(
        default=60,
        ge=0,
        description="How long before now a window by time ends, so that rows which are written "
        "now and committed later are not skipped.",
    )
    look_back: int = Field(
        default=0,
        ge=0,
        description="How far before the checkpoint merge begins to read: seconds for times, days "
        "for dates, a difference for numbers.",
    )
    detect_deletes: DetectDeletes = DetectDeletes.OFF
    destination_table: DestinationName | None = Field(
        default=None, description="The table's name in the destination; null derives it."
    )
    partition_by: Partitioning | None = Field(
        default=None,
        description="How the table is parted where the destination can, such as BigQuery. A change "
        "takes effect when the table is brought from the start.",
    )
    cluster_by: tuple[Name, ...] = Field(
        default=(),
        max_length=MOST_CLUSTERED,
        description="The columns by which rows are sorted within it, the most important first.",
    )

    # A field each, so that an error names it. What is wrong itself is not among the others.

    @field_validator("columns", "cursor", "key", "cluster_by")
    @classmethod
    def _each_column_once(cls, columns: tuple[Name, ...] | None) -> tuple[Name, ...] | None:
        if columns and len(set(columns)) < len(columns):
            raise ValueError("a column is listed twice")
        return columns

    @field_validator("cursor")
    @classmethod
    def _cursor_fits_mode(
        cls, cursor: tuple[Name, ...], others: ValidationInfo
    ) -> tuple[Name, ...]:
        mode = others.data.get("mode")
        if mode is Mode.FULL and cursor:
            raise ValueError("mode 'full' reads everything and has no cursor")
        if mode in (Mode.APPEND, Mode.MERGE) and not cursor:
            raise ValueError(f"mode '{mode}' needs a cursor")
        return cursor

    @field_validator("key")
    @classmethod
    def _key_fits_mode(cls, key: tuple[Name, ...], others: ValidationInfo) -> tuple[Name, ...]:
        mode = others.data.get("mode")
        if mode in (Mode.FULL, Mode.APPEND) and key:
            raise ValueError(f"is for mode 'merge', and the mode is '{mode}'")
        _check_taken(key, others)
        return key

    @field_validator("look_back")
    @classmethod
    def _look_back_fits_mode(cls, look_back: int, others: ValidationInfo) -> int:
        mode = others.data.get("mode")
        if mode in (Mode.FULL, Mode.APPEND) and look_back:
            raise ValueError(f"is for mode 'merge', and the mode is '{mode}'")
        return look_back

    @field_validator("detect_deletes")
    @classmethod
    def _detect_deletes_fits_mode(
        cls, detect_deletes: DetectDeletes, others: ValidationInfo
    ) -> DetectDeletes:
        mode = others.data.get("mode")
        if mode in (Mode.FULL, Mode.APPEND) and detect_deletes is not DetectDeletes.OFF:
            raise ValueError(f"is for mode 'merge', and the mode is '{mode}'")
        return detect_deletes

    @field_validator("partition_by")
    @classmethod
    def _parted_by_what_is_taken(
        cls, partition_by: Partitioning | None, others: ValidationInfo
    ) -> Partitioning | None:
        if partition_by is not None:
            _check_taken((partition_by.column,), others)
        return partition_by

    @field_validator("cluster_by")
    @classmethod
    def _clustered_by_what_is_taken(
        cls, cluster_by: tuple[Name, ...], others: ValidationInfo
    ) -> tuple[Name, ...]:
        _check_taken(cluster_by, others)
        return cluster_by

    @property
    def ref(self) -> TableRef:
        return TableRef(schema_name=self.schema_name, table_name=self.table_name)


def _check_taken(names: tuple[Name, ...], others: ValidationInfo) -> None:
    columns = others.data.get("columns")
    if columns is not None and (lacking := set(names) - set(columns)):
        raise ValueError(f"not all of its columns are taken: {', '.join(sorted(lacking))}")


class Window(Value):
    """A half-open range of cursor values, `(after, upto]`, as the source writes them."""

    cursor: tuple[str, ...] = Field(description="The columns, of which the first not NULL counts.")
    after: str | None = Field(description="Where the checkpoint stands; null reads from the start.")
    read_after: str | None = Field(
        description="Where reading begins: `after`, or further back by the look-back."
    )
    upto: str | None = Field(description="Where it ends; null if there is nothing to take.")
    past: bool = Field(
        default=False,
        description="Whether it lies before the checkpoint and is taken again, which then stays.",
    )
    null_rows: int = Field(
        default=0, ge=0, description="Rows without a cursor value, which no window takes."
    )
    remarks: tuple[str, ...] = Field(
        default=(), description="What stands in the way of a promise that no row is skipped."
    )
    filter: str = Field(default="", description="A digest of the filter; empty for none.")

    @property
    def empty(self) -> bool:
        return self.upto is None


class SourceState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    DELETED = "deleted"


class SetupStep(StrEnum):
    """What is to be set up next, once the connection is."""

    TABLES = "tables"
    SCHEDULE = "schedule"
    REVIEW = "review"


class SkippedSlot(Value):
    """A slot of the schedule for which no run was started."""

    slot: AwareDatetime
    at: AwareDatetime = Field(description="When it was skipped.")
    code: str = Field(description="One of the codes of docs/errors.md.")
    reason: str


# The connections that one process may open to a source's server, for reading.
MOST_PARALLEL = 32
CHUNK_ROWS = 500_000


class Source(Value):
    """One database connection and what is taken from it. Holds no credential."""

    model_id: ModelId
    source_id: SourceId
    name: Text
    connection: Connection
    credentials_secret_name: str
    credentials_version: int = Field(default=1, ge=1, description="The secret's version in use.")
    dataset: DestinationName = Field(description="The schema or dataset in the destination.")
    selection: tuple[Selection, ...] = ()
    unfit: UnfitPolicy = UnfitPolicy.FAIL
    drift: DriftPolicy = DriftPolicy.ADD
    verify: Verification = Verification.COUNTS
    parallel: int = Field(
        default=1,
        ge=1,
        le=MOST_PARALLEL,
        description="How many chunks are read at once, each over a connection of its own.",
    )
    chunk_rows: int = Field(
        default=CHUNK_ROWS,
        ge=1,
        description="About how many rows a chunk has; a table with fewer is one chunk.",
    )
    schedule: Schedule = Manual()
    setup_step: SetupStep = Field(
        default=SetupStep.TABLES,
        description="Where somebody goes on who comes back to the set-up.",
    )
    state: SourceState = SourceState.DRAFT
    next_run_at: AwareDatetime | None = Field(
        default=None,
        description="The next slot of the schedule; null unless the source is active and has one.",
    )
    slot_taken_at: AwareDatetime | None = Field(
        default=None,
        description="When somebody began to start the run of next_run_at, if that is not over.",
    )
    last_skipped: SkippedSlot | None = Field(
        default=None, description="The last slot that was skipped, and why."
    )
    moved_at: AwareDatetime | None = Field(
        default=None,
        description="When somebody said that the database is the one of before, moved or upgraded "
        "with all of its rows.",
    )
    created_at: AwareDatetime
    updated_at: AwareDatetime
    etag: str = Field(
        default="",
        description="Send it back with a change. It stays as it is when a scheduled run starts.",
    )

    def rescheduled(self, now: datetime) -> Self:
        """The source with the first slot after `now` if it is active, and nothing taken."""
        active = self.state is SourceState.ACTIVE
        slot = self.schedule.next_slot(now) if active else None
        return self.model_copy(update={"next_run_at": slot, "slot_taken_at": None})


def credentials_secret_name(model_id: str, source_id: str) -> str:
    return f"model-{model_id}-source-{source_id}-credentials"


# --- runs -------------------------------------------------------------------------------------


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def live(self) -> bool:
        return self in (RunState.QUEUED, RunState.RUNNING)


class TableState(StrEnum):
    WAITING = "waiting"
    READING = "reading"
    STAGED = "staged"
    PUBLISHED = "published"
    FAILED = "failed"


class TableRun(TableRef):
    """How far a run has come with one table."""

    dataset: str
    destination_table: str
    state: TableState = TableState.WAITING
    estimated_rows: int | None = Field(default=None, ge=0)
    rows: int = Field(default=0, ge=0, description="Rows read so far.")
    bytes: int = Field(default=0, ge=0, description="Bytes received from the source so far.")
    chunks: int = Field(default=0, ge=0, description="Slices in which it is read; 0 if unknown.")
    chunks_done: int = Field(default=0, ge=0)
    seconds: float = Field(default=0.0, ge=0, description="Time spent reading so far.")
    rows_per_second: float = Field(default=0.0, ge=0, description="Rows divided by seconds.")
    unfit: dict[str, int] = Field(
        default_factory=dict, description="Values replaced by NULL so far, by column."
    )
    mode: Mode = Mode.FULL
    window: Window | None = Field(
        default=None, description="The range of cursor values that is taken, for append and merge."
    )
    deleted: int = Field(
        default=0, ge=0, description="Rows that were found to be deleted in the source."
    )
    sweep_bytes: int = Field(
        default=0, ge=0, description="Bytes received from the source to find deleted rows."
    )

    @property
    def ref(self) -> TableRef:
        return TableRef(schema_name=self.schema_name, table_name=self.table_name)


class Trigger(StrEnum):
    """What started a run."""

    MANUAL = "manual"
    SCHEDULE = "schedule"


class Phases(Value):
    """Where a run's time went, in seconds; reading and writing by all workers together.

    Sweeping looks for rows that are deleted in the source. Loading brings the staged rows into the
    destination's tables, unseen; publishing shows them.
    """

    plan: float = Field(default=0.0, ge=0)
    read: float = Field(default=0.0, ge=0)
    write: float = Field(default=0.0, ge=0)
    sweep: float = Field(default=0.0, ge=0)
    load: float = Field(default=0.0, ge=0)
    publish: float = Field(default=0.0, ge=0)


class Attempt(Value):
    """A process, or group of processes, that has worked at a run."""

    execution: str | None = Field(description="The launcher's name for it.")
    started_at: AwareDatetime
    finished_at: AwareDatetime | None = None
    error: Problem | None = None


class Plan(Value):
    """What a run has decided before it read a row, beside the windows of its tables.

    A later attempt keeps to it, and is refused if what it was made for has changed.
    """

    wish: str = Field(description="A digest of the connection, the selection, and how it is taken.")
    schemas: dict[str, str] = Field(description="By target, a digest of the columns and types.")
    orders: dict[str, str] = Field(
        default_factory=dict,
        description="By target, a digest of what decides the order of the rows of its chunks.",
    )
    follows: dict[str, str] = Field(
        description="By target, the run that the destination held when this one began."
    )
    snapshot: str = Field(description="The source's name for what the run sees.")
    database: Identity | None = Field(
        default=None, description="By what the source's database is known again."
    )


class Backfill(TableRef):
    """A past range of cursor values of one table, `(after, upto]`, to be taken again."""

    after: Text = Field(description="Where it begins; this value itself is not taken.")
    upto: Text = Field(description="Where it ends; this value is taken.")

    @property
    def ref(self) -> TableRef:
        return TableRef(schema_name=self.schema_name, table_name=self.table_name)


class Run(Value):
    """One execution for one source."""

    model_id: ModelId
    source_id: SourceId
    run_id: RunId
    trigger: Trigger = Trigger.MANUAL
    slot: AwareDatetime | None = Field(
        default=None, description="The slot of the schedule that the run is for."
    )
    backfill: Backfill | None = Field(
        default=None, description="What the run takes instead of what is new."
    )
    state: RunState = RunState.QUEUED
    requested_at: AwareDatetime
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    heartbeat_at: AwareDatetime | None = None
    cancel_requested: bool = False
    execution: str | None = Field(default=None, description="The launcher's name for the process.")
    tables: tuple[TableRun, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    plan: Plan | None = None
    resumable: bool = Field(
        default=False, description="Whether what it has staged is kept, so that it can go on."
    )
    phases: Phases = Phases()
    warnings: tuple[str, ...] = Field(
        default=(), description="What a reader of the data should know, a sentence each."
    )
    error: Problem | None = None
    etag: str = ""
