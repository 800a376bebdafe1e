"""What each Arrow type becomes in BigQuery.

The ranges are those of GoogleSQL's data types.
"""

from __future__ import annotations

import pyarrow as pa

from headrace.destinations.types import name_in
from headrace.errors import TYPE_NOT_CARRIED, HeadraceError

# BigQuery has one width of integer and of float, both signed.
TYPES = {
    pa.bool_(): "BOOL",
    pa.int8(): "INT64",
    pa.int16(): "INT64",
    pa.int32(): "INT64",
    pa.int64(): "INT64",
    pa.uint8(): "INT64",
    pa.uint16(): "INT64",
    pa.uint32(): "INT64",
    pa.uint64(): "NUMERIC(20, 0)",
    pa.float32(): "FLOAT64",
    pa.float64(): "FLOAT64",
    pa.date32(): "DATE",
    pa.time64("us"): "TIME",
    pa.timestamp("us"): "DATETIME",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP",
    pa.string(): "STRING",
    pa.large_string(): "STRING",
    pa.binary(): "BYTES",
    pa.large_binary(): "BYTES",
}

# The most digits before and after the point, the narrower type first.
DECIMALS = {"NUMERIC": (29, 9), "BIGNUMERIC": (38, 38)}

_YEARS = "years before 1 and after 9999"
_BEYOND = {
    pa.date32(): _YEARS,
    pa.timestamp("us"): _YEARS,
    pa.timestamp("us", tz="UTC"): _YEARS,
}
_IN_LISTS = "NULL as an element; NULL instead of an array becomes an empty one"


def type_name(arrow_type: pa.DataType) -> str:
    """The type that a column of this Arrow type gets. Raises TYPE_NOT_CARRIED."""
    return name_in(TYPES, _decimal(arrow_type), "ARRAY<{element}>", arrow_type)


def beyond(arrow_type: pa.DataType) -> str | None:
    """Which values of the Arrow type BigQuery's type does not have."""
    if pa.types.is_list(arrow_type):
        inner = beyond(arrow_type.value_type)
        return f"{_IN_LISTS}; {inner}" if inner else _IN_LISTS
    return _BEYOND.get(arrow_type)


def _decimal(arrow_type: pa.DataType) -> str:
    """The pattern for the decimals of a type, if it is one or has them as elements."""
    value = arrow_type.value_type if pa.types.is_list(arrow_type) else arrow_type
    if not pa.types.is_decimal(value):
        return ""
    for name, (before, after) in DECIMALS.items():
        if value.precision - value.scale <= before and value.scale <= after:
            return f"{name}({{precision}}, {{scale}})"
    raise HeadraceError(TYPE_NOT_CARRIED, f"BigQuery has no type for Arrow's {value}.")
