"""The tables of a source, as it describes them, and how they may be taken."""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, Field

from headrace.layout import LayoutUse
from headrace.values import Name, Value


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
    layouts: tuple[LayoutUse, ...] = Field(
        default=(),
        description="What the column may do for the table's layout in the destination.",
    )


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
    possible: bool = Field(
        default=True,
        description="Whether it can be done at all, by somebody who knows more of the table.",
    )
    reason: str
    cursor: tuple[str, ...] = ()
    key: tuple[str, ...] = ()


class TableDescription(Value):
    table: TableSummary
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...]
    foreign_keys: tuple[ForeignKey, ...]
    keys: tuple[tuple[str, ...], ...] = Field(
        default=(), description="What keeps all rows apart, the primary key first."
    )
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
            else ModeAdvice(
                mode=advice.mode,
                sound=False,
                possible=False,
                reason="The destination can't do it.",
            )
            for advice in self.modes
        )
        ordered = tuple(sorted(advised, key=lambda advice: not advice.sound))
        return self.model_copy(update={"modes": ordered})

    def laid_out_in(self, layouts: Callable[[str], Collection[LayoutUse]]) -> Self:
        """With what each column may do for the layout, by its type's name in the destination."""
        columns = tuple(
            column.model_copy(update={"layouts": tuple(sorted(layouts(column.destination_type)))})
            if column.destination_type
            else column
            for column in self.columns
        )
        return self.model_copy(update={"columns": columns})
