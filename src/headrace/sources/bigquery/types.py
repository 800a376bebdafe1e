"""What each type of BigQuery becomes in Arrow, and how its values are written.

A type that Arrow can hold to the last digit gets its own; all others are carried as text, and a
note says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import pyarrow as pa

from headrace.model import DecimalType, UnfitPolicy

AS_TEXT = "carried as text"
AS_JSON = "carried as JSON"

# A schema calls some types by the names of legacy SQL ("Data types").
_NAMES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}


@dataclass(frozen=True)
class ColumnType:
    """A type as a table's schema has it; of an array it is the type of the elements.

    `parameters` are those in parentheses: a length, or precision and scale.
    """

    name: str
    parameters: tuple[int, ...] = ()
    repeated: bool = False
    fields: Mapping[str, ColumnType] = field(default_factory=dict)
    """Of a STRUCT those in it, in their order."""
    bounds: str | None = None
    """Of a RANGE the type of its two ends."""

    def __str__(self) -> str:
        written = self.name
        if self.fields:
            written += f"<{', '.join(f'{name} {type_}' for name, type_ in self.fields.items())}>"
        if self.bounds:
            written += f"<{self.bounds}>"
        if self.parameters:
            written += f"({', '.join(map(str, self.parameters))})"
        return f"ARRAY<{written}>" if self.repeated else written

    @property
    def takes_decimal(self) -> bool:
        """Whether it is a number of more digits than decimals have, for which one may be chosen."""
        return self.name == "BIGNUMERIC" and not self.repeated and _native(self).form is Form.DIGITS


class Form(Enum):
    """What becomes of the Arrow values that BigQuery sends."""

    SENT = "as they are sent, in another width perhaps"
    DIGITS = "numbers, written with all their digits"
    INTERVAL = "intervals, written as BigQuery writes them"
    RANGE = "ranges, written as BigQuery writes them"
    JSON = "what has parts, written as JSON"


@dataclass(frozen=True)
class Carried:
    """How a column is carried; `unfit` says which values of its type Arrow's can't hold."""

    arrow: pa.DataType
    form: Form = Form.SENT
    note: str | None = None
    unfit: str | None = None


_DIGITS = Carried(
    pa.string(),
    Form.DIGITS,
    f"{AS_TEXT}: BIGNUMERIC has up to 77 digits, and decimals hold at most 38",
)
_JSON = Carried(pa.string(), Form.JSON, AS_JSON)
# Anything that is not listed is carried as it is sent, if that is text, or fails.
_EXACT = {
    "BOOL": Carried(pa.bool_()),
    "INT64": Carried(pa.int64()),
    "FLOAT64": Carried(pa.float64()),
    "STRING": Carried(pa.string()),
    "BYTES": Carried(pa.binary()),
    "DATE": Carried(pa.date32()),
    "TIME": Carried(pa.time64("us")),
    "DATETIME": Carried(pa.timestamp("us")),
    "TIMESTAMP": Carried(pa.timestamp("us", "UTC")),
    "GEOGRAPHY": Carried(pa.string(), note=f"{AS_TEXT}: well-known text"),
    "JSON": Carried(pa.string(), note=AS_TEXT),
    "INTERVAL": Carried(pa.string(), Form.INTERVAL, AS_TEXT),
    "RANGE": Carried(pa.string(), Form.RANGE, AS_TEXT),
    "STRUCT": _JSON,
}
_UNKNOWN = Carried(pa.string(), note=AS_TEXT)
# The digits in all, and those after the point, of a number without parameters.
_DECIMALS = {"NUMERIC": (38, 9), "BIGNUMERIC": (77, 38)}
_MOST_DIGITS = 38


def carried(
    column_type: ColumnType,
    policy: UnfitPolicy = UnfitPolicy.FAIL,
    decimal: DecimalType | None = None,
) -> Carried:
    """How values of the type are carried under the policy for those that do not fit.

    `decimal` is what was chosen for a type that takes one.
    """
    if decimal is None:
        return _native(column_type)
    if policy is UnfitPolicy.TEXT:
        return Carried(pa.string(), Form.DIGITS, f"{AS_TEXT}, as chosen")
    arrow = pa.decimal128(decimal.precision, decimal.scale)
    return Carried(arrow, unfit="numbers of more digits")


def _native(column_type: ColumnType) -> Carried:
    scalar = _scalar(column_type)
    if not column_type.repeated:
        return scalar
    if scalar.form is not Form.SENT:
        return _JSON
    arrow = pa.list_(pa.field("element", scalar.arrow))
    return Carried(arrow, note=scalar.note and f"elements {scalar.note}")


def _scalar(column_type: ColumnType) -> Carried:
    if column_type.name not in _DECIMALS:
        return _EXACT.get(column_type.name, _UNKNOWN)
    precision, scale = (*column_type.parameters, *_DECIMALS[column_type.name])[:2]
    if len(column_type.parameters) == 1:
        scale = 0
    if precision > _MOST_DIGITS:
        return _DIGITS
    return Carried(pa.decimal128(precision, scale))


def column_type(described: Mapping[str, object]) -> ColumnType:
    """The type of a field of a table's schema, as the API describes it (`TableFieldSchema`)."""
    name = str(described["type"]).upper()
    parameters = tuple(
        int(str(described[part]))
        for part in ("precision", "scale", "maxLength")
        if described.get(part)
    )
    fields = described.get("fields") or ()
    assert isinstance(fields, (list, tuple))  # noqa: S101 - the API's own form
    bounds = described.get("rangeElementType")
    return ColumnType(
        name=_NAMES.get(name, name),
        parameters=parameters,
        repeated=described.get("mode") == "REPEATED",
        fields={str(each["name"]): column_type(each) for each in fields},
        bounds=str(bounds["type"]) if isinstance(bounds, Mapping) else None,
    )
