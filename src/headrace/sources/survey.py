"""What a sample of a table and its statistics tell of each column, before the table is read.

A database says in SQL what is to be looked for; here it is asked for all columns at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyarrow as pa

from headrace.errors import STATEMENT_TIMED_OUT, HeadraceError
from headrace.model import UnfitPolicy
from headrace.tables import TableSummary

MAX_ROWS = 100_000
_MAX_BYTES = 256 * 1024 * 1024

# How long the database may work on the sample: longer than a read waits for a lock, which then
# is what is reported.
SECONDS = 120


@dataclass(frozen=True)
class UnfitCase:
    """Values that a column's type in Arrow can't hold.

    `condition` is the SQL that finds them, `{0}` being the column. `advised` is the policy that
    loses least: null where the value stands for the lack of one, as a zero date does. `literal`
    is how the database writes the value, if it is a single one.
    """

    label: str
    condition: str
    advised: UnfitPolicy
    literal: str | None = None


@dataclass(frozen=True)
class Subject:
    """A column that is surveyed: how it is carried, and what is asked of the sample about it.

    `expression` is the column in SQL, `size` that of its value's length in bytes, `digits` those
    before and after the point; all but the first may lack.
    """

    name: str
    source_type: str
    readable: bool
    policy: UnfitPolicy
    takes_decimal: bool
    arrow: pa.DataType
    note: str | None
    unfit: str | None
    expression: str
    cases: tuple[UnfitCase, ...] = ()
    size: str | None = None
    digits: tuple[str, str] | None = None


@dataclass(frozen=True)
class Question:
    """An expression over a row. The answer is its largest value, or how often it is true."""

    expression: str
    largest: bool


@dataclass(frozen=True)
class Found:
    """What was found of a column, by the labels of its cases; `listed` are in the statistics.

    Of numbers that are carried as text it is what no decimal would hold.
    """

    unfit_rows: int = 0
    by_label: Mapping[str, int] = field(default_factory=dict)
    size: int | None = None
    digits: tuple[int, int] | None = None
    null_fraction: float | None = None
    listed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Survey:
    """What was found, by subject; of a column that may not be read nothing.

    `random` says whether the rows were chosen at random, or are those that came first; `whole`
    whether they are all that the table has, `statistics` which of them were looked at. With
    `hidden` there are columns that the user can't see.
    """

    rows: int
    whole: bool
    random: bool
    estimated_rows: int | None
    statistics: str
    columns: Sequence[tuple[Subject, Found]]
    hidden: bool = False


def too_many_digits(allowed: int, where: str) -> str:
    """The label of numbers that have more digits before or after the point."""
    return f"more than {allowed} digit{'' if allowed == 1 else 's'} {where} the point"


def sample_size(asked: int, table: TableSummary) -> int:
    """How many rows are looked at: fewer than were asked for if they are large."""
    if not table.estimated_rows or not table.bytes:
        return asked
    return min(asked, max(_MAX_BYTES * table.estimated_rows // table.bytes, 1))


def questions(subjects: Sequence[Subject]) -> list[Question]:
    """What is asked about all readable columns; `answers` takes the answers in the same order."""
    return [question for subject in subjects if subject.readable for question in _asked(subject)]


def answers(
    subjects: Sequence[Subject], given: Sequence[int | None]
) -> list[tuple[Subject, Found]]:
    """What the answers to `questions` say about each column."""
    rest = iter(given)
    return [
        (subject, _understood(subject, rest) if subject.readable else Found())
        for subject in subjects
    ]


@contextmanager
def advising_fewer_rows() -> Iterator[None]:
    """A sample that took too long is one that can be made smaller."""
    try:
        yield
    except HeadraceError as error:
        if error.kind is not STATEMENT_TIMED_OUT:
            raise
        hint = (
            "Ask for fewer rows (sample_rows, or --rows), or for none with 0: some views are "
            "computed as a whole before their first row comes."
        )
        raise HeadraceError(error.kind, error.detail, hint=hint) from error


def _asked(subject: Subject) -> Iterator[Question]:
    conditions = [case.condition.format(subject.expression) for case in subject.cases]
    if conditions:
        yield Question(" OR ".join(f"({condition})" for condition in conditions), largest=False)
    for condition in conditions:
        yield Question(condition, largest=False)
    if subject.size is not None:
        yield Question(subject.size, largest=True)
    for digits in subject.digits or ():
        yield Question(digits, largest=True)
    if _has_no_question(subject):  # a view may fail to compute it all the same
        yield Question(f"{subject.expression} IS NOT NULL", largest=False)


def _has_no_question(subject: Subject) -> bool:
    return not (subject.cases or subject.size or subject.digits)


def _understood(subject: Subject, given: Iterator[int | None]) -> Found:
    unfit_rows = (next(given) or 0) if subject.cases else 0
    counts = {case.label: next(given) or 0 for case in subject.cases}
    size = next(given) if subject.size is not None else None
    digits = None
    if subject.digits is not None:
        before, after = next(given), next(given)
        digits = None if before is None or after is None else (before, after)
    if _has_no_question(subject):
        next(given)
    by_label = {label: count for label, count in counts.items() if count}
    return Found(unfit_rows, by_label, size, digits)
