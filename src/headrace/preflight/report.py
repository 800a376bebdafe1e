"""What a preflight says."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from headrace.checks import CheckStatus
from headrace.model import DecimalType, Selection, UnfitPolicy
from headrace.tables import TableRef
from headrace.values import Value


class Sample(Value):
    """The rows that were looked at."""

    rows: int = Field(ge=0)
    whole: bool = Field(description="Whether these are all rows of the table.")
    random: bool = Field(description="Whether they lie on pages chosen at random, or come first.")
    found: str = Field(description="The same in one sentence.")


class Digits(Value):
    """The most digits that numbers of the sample have."""

    before: int = Field(ge=0, description="Before the point.")
    after: int = Field(ge=0, description="After the point, zeros at the end not counted.")


class Action(StrEnum):
    UNFIT = "unfit"
    DECIMAL = "decimal"
    LEAVE_OUT = "leave_out"


class Advice(Value):
    """One thing to set for a column."""

    action: Action
    policy: UnfitPolicy | None = Field(default=None, description="Of the action 'unfit'.")
    decimal: DecimalType | None = Field(default=None, description="Of the action 'decimal'.")
    setting: str = Field(description="The field of the selection, and its value as JSON.")
    option: str = Field(description="The option of `headrace extract`.")
    reason: str = Field(description="What comes of it.")


class ColumnPreflight(Value):
    """What would become of a column."""

    name: str
    source_type: str = Field(description="The type as the database writes it.")
    arrow_type: str
    destination_name: str = Field(description="What the column is called in the destination.")
    destination_type: str | None = Field(
        description="The type in the destination; null if that has none, or is not named."
    )
    note: str | None = Field(description="Said when the type is not carried as it is.")
    unfit: str | None = Field(description="Which values of the type do not fit as it is carried.")
    unfit_rows: int | None = Field(
        ge=0, description="How many rows of the sample hold such values; null if it is not known."
    )
    unfit_values: dict[str, int] = Field(description="The same by what the values are.")
    unfit_in_statistics: tuple[str, ...] = Field(
        description="Those that the database's statistics list."
    )
    null_fraction: float | None = Field(
        ge=0, le=1, description="How many of the rows are NULL, as the statistics have it."
    )
    largest_bytes: int | None = Field(
        ge=0, description="The length of the sample's largest value; null where none is long."
    )
    digits: Digits | None = Field(
        description="Of numbers without precision, or of more than 38 digits."
    )
    status: CheckStatus = Field(description="failed if the run would fail.")
    outcome: str = Field(description="What would happen, in a few sentences.")
    advice: tuple[Advice, ...] = Field(description="What to set; empty if nothing is to be done.")


class Preflight(TableRef):
    """What would become of a table's columns, as far as a sample and the statistics tell."""

    dataset: str
    destination_table: str
    estimated_rows: int | None = Field(
        ge=0, description="The database's estimate; null if it has none."
    )
    sample: Sample
    statistics: str = Field(description="Which statistics were looked at, in one sentence.")
    status: CheckStatus = Field(description="The worst of all columns.")
    obstacles: tuple[str, ...] = Field(
        description="What stands in the way of the table as a whole."
    )
    columns: tuple[ColumnPreflight, ...]
    suggested: Selection | None = Field(
        description="The selection with all advice followed; null if no column would be left."
    )
