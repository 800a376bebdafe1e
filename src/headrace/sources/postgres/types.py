"""What each type of PostgreSQL becomes in Arrow.

A type that Arrow can hold to the last digit gets its own; all others are carried as the text
that PostgreSQL writes, and a note says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

AS_TEXT = "carried as text"


@dataclass(frozen=True)
class ColumnType:
    """A type without its domain: the name in pg_catalog, or None if it was made by someone."""

    name: str | None
    modifier: int
    enum: bool = False


@dataclass(frozen=True)
class Carried:
    """The Arrow type that carries a column, and a note when it is not the obvious one."""

    arrow: pa.DataType
    note: str | None = None


# Microseconds are all that PostgreSQL keeps.
_EXACT: dict[str | None, Carried] = {
    "bool": Carried(pa.bool_()),
    "int2": Carried(pa.int16()),
    "int4": Carried(pa.int32()),
    "int8": Carried(pa.int64()),
    "oid": Carried(pa.int64()),
    "float4": Carried(pa.float32()),
    "float8": Carried(pa.float64()),
    "date": Carried(pa.date32()),
    "time": Carried(pa.time64("us")),
    "timestamp": Carried(pa.timestamp("us")),
    "timestamptz": Carried(pa.timestamp("us", "UTC")),
    "text": Carried(pa.string()),
    "varchar": Carried(pa.string()),
    "bpchar": Carried(pa.string()),
    "name": Carried(pa.string()),
    "char": Carried(pa.string()),
    "bytea": Carried(pa.binary()),
    "uuid": Carried(pa.string(), AS_TEXT),
    "json": Carried(pa.string(), AS_TEXT),
    "jsonb": Carried(pa.string(), AS_TEXT),
}

_TEXT = Carried(pa.string(), AS_TEXT)
_NUMERIC_WITHOUT_LIMITS = Carried(
    pa.string(), f"{AS_TEXT}: numeric without precision has no limit to its digits"
)
_NUMERIC_TOO_WIDE = Carried(pa.string(), f"{AS_TEXT}: decimals hold at most 38 digits")


def carried(column_type: ColumnType) -> Carried:
    """How values of the type are carried."""
    if column_type.name == "numeric":
        return _numeric(column_type.modifier)
    if column_type.enum:
        return Carried(pa.string())
    return _EXACT.get(column_type.name, _TEXT)


def _numeric(modifier: int) -> Carried:
    """Precision and scale are packed as in numeric.c: 16 bits, and 11 bits with a sign."""
    if modifier < 4:
        return _NUMERIC_WITHOUT_LIMITS
    precision = ((modifier - 4) >> 16) & 0xFFFF
    scale = (((modifier - 4) & 0x7FF) ^ 1024) - 1024
    if precision <= 38 and 0 <= scale <= precision:
        return Carried(pa.decimal128(precision, scale))
    return _NUMERIC_TOO_WIDE
