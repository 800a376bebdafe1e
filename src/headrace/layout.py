"""How a table lies in a destination that parts its tables: by a column, and sorted by others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from headrace.values import Name, Value

# BigQuery's, which alone has any of this today.
MOST_PARTITIONS = 10_000
MOST_CLUSTERED = 4


class Granularity(StrEnum):
    """How much time one partition holds."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class LayoutUse(StrEnum):
    """What a column may do for the layout of its table: part it, or sort it."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    RANGE = "range"
    CLUSTER = "cluster"


class NumberRange(Value):
    """Numbers from `start` to below `end`, in partitions of `interval` each.

    Rows with other numbers share one partition.
    """

    start: int
    end: int
    interval: int = Field(ge=1)

    @field_validator("end")
    @classmethod
    def _end_after_start(cls, end: int, others: ValidationInfo) -> int:
        if end <= others.data.get("start", end - 1):
            raise ValueError("must be greater than 'start'")
        return end

    @field_validator("interval")
    @classmethod
    def _not_too_many(cls, interval: int, others: ValidationInfo) -> int:
        start, end = others.data.get("start"), others.data.get("end")
        if start is not None and end is not None and (end - start) > interval * MOST_PARTITIONS:
            raise ValueError(f"makes more than {MOST_PARTITIONS:,} partitions")
        return interval


class Partitioning(Value):
    """Rows that lie in the same span of time, or range of numbers, lie together."""

    column: Name
    granularity: Granularity | None = Field(
        default=None, description="For dates and times: how much one partition holds."
    )
    range: NumberRange | None = Field(
        default=None, description="For whole numbers: which of them a partition holds."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.granularity is None) == (self.range is None):
            raise ValueError("takes either a granularity or a range")
        return self

    @property
    def use(self) -> LayoutUse:
        """What the column has to be able to do."""
        return LayoutUse(self.granularity) if self.granularity else LayoutUse.RANGE

    def of(self, column: str) -> Self:
        """The same by a column of another name."""
        return self.model_copy(update={"column": column})


@dataclass(frozen=True)
class Layout:
    """All of it, by the columns' names in the destination."""

    partition_by: Partitioning | None = None
    cluster_by: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.partition_by is not None or bool(self.cluster_by)

    @property
    def uses(self) -> tuple[tuple[str, LayoutUse], ...]:
        """Each column that is named, with what it has to be able to do."""
        parted = ((self.partition_by.column, self.partition_by.use),) if self.partition_by else ()
        return (*parted, *((name, LayoutUse.CLUSTER) for name in self.cluster_by))


NO_LAYOUT = Layout()
