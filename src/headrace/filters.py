"""Which rows of a table are taken: conditions that all have to hold, and how they are written."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Sequence
from enum import StrEnum

from pydantic import Field, ValidationInfo, field_validator

from headrace.errors import INVALID_INPUT, HeadraceError
from headrace.errors import Field as WrongField
from headrace.values import Name, Value


class Comparison(StrEnum):
    """How a column is compared, by the order and the collation that it has in its database.

    NULL fulfils none of them but `is null`.
    """

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    ONE_OF = "in"
    IS_NULL = "is null"
    IS_NOT_NULL = "is not null"


_WITHOUT_VALUE = (Comparison.IS_NULL, Comparison.IS_NOT_NULL)


class Condition(Value):
    """What a row has to fulfil to be taken."""

    column: Name
    comparison: Comparison
    values: tuple[str, ...] = Field(
        default=(),
        validate_default=True,
        description="As the database writes values of the column, bytes in hexadecimal; one, "
        "several for `in`, none for `is null` and `is not null`.",
    )

    @field_validator("values")
    @classmethod
    def _as_many_as_compared(
        cls, values: tuple[str, ...], others: ValidationInfo
    ) -> tuple[str, ...]:
        comparison = others.data.get("comparison")
        if comparison in _WITHOUT_VALUE and values:
            raise ValueError(f"'{comparison}' takes no value")
        if comparison is Comparison.ONE_OF and not values:
            raise ValueError("'in' takes at least one value")
        if comparison not in (*_WITHOUT_VALUE, Comparison.ONE_OF, None) and len(values) != 1:
            raise ValueError(f"'{comparison}' takes one value")
        return values

    def __str__(self) -> str:
        return " ".join([self.column, self.comparison, ", ".join(self.values)]).rstrip()


def digest(conditions: Sequence[Condition]) -> str:
    """What tells filters apart; empty for none."""
    if not conditions:
        return ""
    written = "\n".join(sorted(condition.model_dump_json() for condition in conditions))
    return hashlib.sha256(written.encode()).hexdigest()


_WRITTEN = re.compile(
    r"""\s*(?:"(?P<quoted>(?:[^"]|"")+)"|(?P<bare>[^\s"=!<>]+))\s*"""
    r"(?P<comparison>is\s+not\s+null|is\s+null|in\b|!=|<=|>=|=|<|>)\s*(?P<values>.*?)\s*",
    re.IGNORECASE | re.DOTALL,
)


def parse(written: str) -> Condition:
    """`amount >= 10`, `"Order state" in open, paid`, `note is not null`.

    A value with a comma in it stands in double quotes for `in`. Raises INVALID_INPUT.
    """
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise HeadraceError(
            INVALID_INPUT,
            "A condition can't be read.",
            fields=[WrongField("where", f"'{written}' is not written like 'column >= value'")],
        )
    column = found["bare"] or found["quoted"].replace('""', '"')
    comparison = Comparison(" ".join(found["comparison"].lower().split()))
    values: list[str] = []
    if comparison is Comparison.ONE_OF:
        values = next(csv.reader([found["values"]], skipinitialspace=True), [])
    elif comparison not in _WITHOUT_VALUE:
        values = [found["values"]]
    try:
        return Condition(column=column, comparison=comparison, values=tuple(values))
    except ValueError as error:
        raise HeadraceError(
            INVALID_INPUT,
            "A condition can't be read.",
            fields=[WrongField("where", f"'{written}' has too many values, or none")],
        ) from error
