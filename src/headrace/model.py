"""The values that Headrace speaks of: sources, tables, checks, runs.

They are the API's JSON, the documents' content and the OpenAPI schemas, all at once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, Field, ValidationInfo, field_validator, model_validator

from headrace.connections import Connection
from headrace.errors import HeadraceError
from headrace.schedules import Manual, Schedule
from headrace.values import DestinationName, ModelId, Name, RunId, SourceId, Text, Value


def now() -> datetime:
    return datetime.now(UTC)


# --- problems ---------------------------------------------------------------------------------


class WrongField(Value):
    path: str = Field(description="Where the field is, such as connection.port.")
    message: str
    suggestion: str | None = Field(
        default=None, description="What was probably meant, if that can be told."
    )


class Problem(Value):
    """What went wrong and what to do next (RFC 9457, extended by code, hint, fields, retryable)."""

    title: str
    status: int = Field(ge=400, le=599)
    code: str = Field(description="One of the codes of docs/errors.md.")
    detail: str = Field(description="What was being done to what, and why it failed.")
    hint: str = Field(description="The next step.")
    retryable: bool = Field(description="Whether the same call may succeed later by itself.")
    fields: tuple[WrongField, ...] = ()

    @classmethod
    def of(cls, error: HeadraceError) -> Self:
        return cls(
            title=error.kind.title,
            status=error.kind.status,
            code=error.code,
            detail=error.detail,
            hint=error.hint,
            retryable=error.transient,
            fields=tuple(
                WrongField(path=f.path, message=f.message, suggestion=f.suggestion)
                for f in error.fields
            ),
        )


# --- the connection test ----------------------------------------------------------------------


class CheckStatus(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    WARNED = "warned"
    SKIPPED = "skipped"


class Layer(StrEnum):
    """What a connection is made of, from the outside in."""

    ADDRESS = "address"
    DNS = "dns"
    TCP = "tcp"
    PROTOCOL = "protocol"
    TLS = "tls"
    LOGIN = "login"
    DATABASE = "database"
    RIGHTS = "rights"
    FITNESS = "fitness"


class Fact(Value):
    """One thing that a check learned, such as the certificate's issuer."""

    name: str = Field(description="What it is, for a person.")
    value: str = Field(description="What was found, for a person.")
    advice: str | None = Field(default=None, description="What to do about it, if anything.")


class Grants(Value):
    """The SQL that makes a user who may read the selection and nothing else.

    To be run by an administrator of the database, who puts a password in its place.
    """

    create: str = Field(description="Makes the user and grants the rights.")
    verify: str = Field(description="Shows the rights that the user has.")
    revoke: str = Field(description="Takes the rights back and removes the user.")


class Check(Value):
    """The result of testing one layer."""

    layer: Layer
    status: CheckStatus
    milliseconds: int = Field(ge=0)
    found: str = Field(description="What was found, in one sentence.")
    code: str | None = Field(default=None, description="The error's code, if it failed.")
    hint: str | None = Field(default=None, description="The next step, if there is one.")
    copy_text: str | None = Field(
        default=None, description="What to copy for the next step: SQL, a line of a file, …."
    )
    fields: tuple[WrongField, ...] = Field(
        default=(), description="The fields of the connection that are probably at fault."
    )
    facts: tuple[Fact, ...] = Field(default=(), description="What else was learned.")
    grants: Grants | None = Field(
        default=None, description="Of the layer 'rights': the SQL for a user who may only read."
    )


# --- tables -----------------------------------------------------------------------------------


class TableKind(StrEnum):
    TABLE = "table"
    PARTITIONED = "partitioned"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized_view"
    FOREIGN = "foreign"


class TableRef(Value):
    """A table of a source, by its names as the database writes them."""

    schema_name: Name
    table_name: Name

    def __str__(self) -> str:
        return f"{self.schema_name}.{self.table_name}"


class TableSummary(TableRef):
    """A line of the list of tables; read from catalogues, nothing is counted."""

    kind: TableKind
    estimated_rows: int | None = Field(
        ge=0, description="The database's estimate; null if it has none."
    )
    bytes: int | None = Field(ge=0, description="On disk, with indexes; null for views.")
    engine: str | None = Field(
        default=None, description="The storage engine, where a database has several."
    )
    updated_at: AwareDatetime | None = Field(
        default=None, description="When rows were last changed; null if the database can't tell."
    )
    comment: str | None
    primary_key: tuple[str, ...]
    column_count: int = Field(ge=0)
    partition_count: int = Field(default=0, ge=0)
    readable: bool = Field(description="Whether the user may SELECT from it.")


class Column(Value):
    name: str
    source_type: str = Field(description="The type as the database writes it.")
    nullable: bool
    comment: str | None
    generated: bool
    arrow_type: str
    destination_type: str | None = Field(
        description="The type in the configured destination; null if it has none for the column."
    )
    note: str | None = Field(description="Said when the type is not carried as it is.")


class Index(Value):
    name: str
    columns: tuple[str, ...] = Field(description="Columns and expressions, in order.")
    unique: bool
    primary: bool
    partial: bool = Field(
        default=False, description="Whether it covers only the rows that fulfil a condition."
    )


class ForeignKey(Value):
    name: str
    columns: tuple[str, ...]
    references: TableRef
    referenced_columns: tuple[str, ...]


class Mode(StrEnum):
    """What a run does with a table.

    full reads everything and replaces the table, append adds the rows that are newer than the
    checkpoint, merge puts these in place of the ones with the same key.
    """

    FULL = "full"
    APPEND = "append"
    MERGE = "merge"


class CursorCandidate(Value):
    """A cursor by which new rows may be told, judged by catalogues and statistics alone."""

    cursor: tuple[str, ...] = Field(
        description="The column; of several the first that is not NULL counts."
    )
    evidence: tuple[str, ...] = Field(description="What speaks for it, a sentence each.")
    misses: tuple[str, ...] = Field(description="What runs by it would not see, a sentence each.")
    sees_updates: bool = Field(description="Whether it seems to be set anew at each update.")
    scans: bool = Field(
        description="Whether each run reads the whole table in the source, for lack of an index."
    )
    null_fraction: float | None = Field(
        default=None, description="The share of NULLs by the statistics; null if there are none."
    )


class ModeAdvice(Value):
    """Whether a mode can be relied on for the table, and why; with what to choose for it."""

    mode: Mode
    sound: bool
    reason: str
    cursor: tuple[str, ...] = ()
    key: tuple[str, ...] = ()


class TableDescription(Value):
    table: TableSummary
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...]
    foreign_keys: tuple[ForeignKey, ...]
    cursors: tuple[CursorCandidate, ...] = Field(
        default=(), description="The cursors for append and merge, the best one first."
    )
    modes: tuple[ModeAdvice, ...] = Field(
        default=(), description="All modes, the recommended one first."
    )
    sample: tuple[tuple[str | None, ...], ...] | None = Field(
        default=None, description="Up to five rows as text, in the order of the columns."
    )

    def possible_in(self, modes: Collection[Mode]) -> Self:
        """With the advice for a destination that has these modes alone."""
        advised = tuple(
            advice
            if advice.mode in modes
            else ModeAdvice(mode=advice.mode, sound=False, reason="The destination can't do it.")
            for advice in self.modes
        )
        ordered = tuple(sorted(advised, key=lambda advice: not advice.sound))
        return self.model_copy(update={"modes": ordered})


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
    destination_table: DestinationName | None = Field(
        default=None, description="The table's name in the destination; null derives it."
    )

    # A field each, so that an error names it. What is wrong itself is not among the others.

    @field_validator("columns", "cursor", "key")
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
        mode, columns = others.data.get("mode"), others.data.get("columns")
        if mode in (Mode.FULL, Mode.APPEND) and key:
            raise ValueError(f"is for mode 'merge', and the mode is '{mode}'")
        if columns is not None and (lacking := set(key) - set(columns)):
            raise ValueError(f"not all of its columns are taken: {', '.join(sorted(lacking))}")
        return key

    @field_validator("look_back")
    @classmethod
    def _look_back_fits_mode(cls, look_back: int, others: ValidationInfo) -> int:
        mode = others.data.get("mode")
        if mode in (Mode.FULL, Mode.APPEND) and look_back:
            raise ValueError(f"is for mode 'merge', and the mode is '{mode}'")
        return look_back

    @property
    def ref(self) -> TableRef:
        return TableRef(schema_name=self.schema_name, table_name=self.table_name)


class Window(Value):
    """A half-open range of cursor values, `(after, upto]`, as the source writes them."""

    cursor: tuple[str, ...] = Field(description="The columns, of which the first not NULL counts.")
    after: str | None = Field(description="Where the checkpoint stands; null reads from the start.")
    read_after: str | None = Field(
        description="Where reading begins: `after`, or further back by the look-back."
    )
    upto: str | None = Field(description="Where it ends; null if there is nothing to take.")
    null_rows: int = Field(
        default=0, ge=0, description="Rows without a cursor value, which no window takes."
    )
    remarks: tuple[str, ...] = Field(
        default=(), description="What stands in the way of a promise that no row is skipped."
    )

    @property
    def empty(self) -> bool:
        return self.upto is None


class SourceState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    DELETED = "deleted"


class SkippedSlot(Value):
    """A slot of the schedule for which no run was started."""

    slot: AwareDatetime
    at: AwareDatetime = Field(description="When it was skipped.")
    code: str = Field(description="One of the codes of docs/errors.md.")
    reason: str


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
    schedule: Schedule = Manual()
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
    seconds: float = Field(default=0.0, ge=0, description="Time spent reading so far.")
    rows_per_second: float = Field(default=0.0, ge=0, description="Rows divided by seconds.")
    unfit: dict[str, int] = Field(
        default_factory=dict, description="Values replaced by NULL so far, by column."
    )
    mode: Mode = Mode.FULL
    window: Window | None = Field(
        default=None, description="The range of cursor values that is taken, for append and merge."
    )

    @property
    def ref(self) -> TableRef:
        return TableRef(schema_name=self.schema_name, table_name=self.table_name)


class Trigger(StrEnum):
    """What started a run."""

    MANUAL = "manual"
    SCHEDULE = "schedule"


class Run(Value):
    """One execution for one source."""

    model_id: ModelId
    source_id: SourceId
    run_id: RunId
    trigger: Trigger = Trigger.MANUAL
    slot: AwareDatetime | None = Field(
        default=None, description="The slot of the schedule that the run is for."
    )
    state: RunState = RunState.QUEUED
    requested_at: AwareDatetime
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    heartbeat_at: AwareDatetime | None = None
    cancel_requested: bool = False
    execution: str | None = Field(default=None, description="The launcher's name for the process.")
    tables: tuple[TableRun, ...] = ()
    error: Problem | None = None
    etag: str = ""
