"""What each type of PostgreSQL becomes in Arrow, and how its values travel.

A type that Arrow can hold to the last digit gets its own; all others are carried as the text
that PostgreSQL writes, and a note says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyarrow as pa

from headrace.model import DecimalType, UnfitPolicy
from headrace.sources.wire.columns import Kind

AS_TEXT = "carried as text"


@dataclass(frozen=True)
class ColumnType:
    """A type without its domain.

    The name is that in pg_catalog, for a type of an extension with the extension's in front, such
    as `postgis.geometry`; None if somebody else made it.
    """

    name: str | None
    modifier: int
    enum: bool = False
    element: ColumnType | None = None
    """Of an array that is declared with one dimension, or whose declaration does not say."""

    @property
    def takes_decimal(self) -> bool:
        """Whether it is a number of more digits than decimals have, for which one may be chosen."""
        return self.name == "numeric" and _native(self).kind != Kind.DECIMAL


@dataclass(frozen=True)
class Carried:
    """How a column is carried: the Arrow type, and the kind of value that travels.

    `element` is the kind of a list's elements. `unfit` says which of the type's values the Arrow
    type can't hold. With `written` what travels is what the type's output function writes, which
    is the text that psql shows.
    """

    arrow: pa.DataType
    kind: Kind
    element: Kind | None = None
    note: str | None = None
    unfit: str | None = None
    written: bool = False


_TEXT = Carried(pa.string(), Kind.TEXT)
_WRITTEN = Carried(pa.string(), Kind.TEXT, note=AS_TEXT, written=True)
_AS_CHOSEN = Carried(pa.string(), Kind.TEXT, note=f"{AS_TEXT}, as chosen", written=True)
# What PostGIS sends in binary form, as it is.
_EWKB = Carried(
    pa.binary(), Kind.BYTES, note="carried as extended well-known binary, with its SRID"
)

# Microseconds are all that PostgreSQL keeps; Arrow counts them from 1970 and so ends 30 years
# earlier than PostgreSQL, which counts from 2000. In binary form the types of text are the text.
_EXACT: dict[str | None, Carried] = {
    "bool": Carried(pa.bool_(), Kind.BOOL),
    "int2": Carried(pa.int16(), Kind.BITS16),
    "int4": Carried(pa.int32(), Kind.BITS32),
    "int8": Carried(pa.int64(), Kind.BITS64),
    "oid": Carried(pa.int64(), Kind.UINT32),
    "float4": Carried(pa.float32(), Kind.BITS32),
    "float8": Carried(pa.float64(), Kind.BITS64),
    "date": Carried(pa.date32(), Kind.DATE, unfit="infinity and -infinity"),
    "time": Carried(pa.time64("us"), Kind.TIME, unfit="24:00:00"),
    "timestamp": Carried(
        pa.timestamp("us"), Kind.TIMESTAMP, unfit="infinity, -infinity, after January 294247"
    ),
    "timestamptz": Carried(
        pa.timestamp("us", "UTC"), Kind.TIMESTAMP, unfit="infinity, -infinity, after January 294247"
    ),
    "text": _TEXT,
    "varchar": _TEXT,
    "bpchar": _TEXT,
    "name": _TEXT,
    "bytea": Carried(pa.binary(), Kind.BYTES),
    "uuid": Carried(pa.string(), Kind.UUID, note=AS_TEXT),
    "json": Carried(pa.string(), Kind.TEXT, note=AS_TEXT),
    "jsonb": Carried(pa.string(), Kind.JSONB, note=AS_TEXT),
    "char": Carried(pa.string(), Kind.TEXT, written=True),
    "postgis.geometry": _EWKB,
    "postgis.geography": _EWKB,
}


def carried(
    column_type: ColumnType,
    policy: UnfitPolicy = UnfitPolicy.FAIL,
    decimal: DecimalType | None = None,
) -> Carried:
    """How values of the type are carried under the policy for those that do not fit.

    `decimal` is what was chosen for a type that takes one.
    """
    chosen = _chosen_decimal(decimal) if decimal else _native(column_type)
    return _AS_CHOSEN if policy is UnfitPolicy.TEXT and chosen.unfit else chosen


def _native(column_type: ColumnType) -> Carried:
    if column_type.name == "numeric":
        return _numeric(column_type.modifier)
    if column_type.enum:
        return _TEXT
    if column_type.element is not None:
        return _list(_native(column_type.element))
    return _EXACT.get(column_type.name, _WRITTEN)


def _list(element: Carried) -> Carried:
    """PostgreSQL holds no array to its declared dimension, nor to begin at 1."""
    if element.written:
        return _WRITTEN
    unfit = "arrays of several dimensions, and those that do not begin at 1"
    if element.unfit:
        unfit += f"; those with {element.unfit}"
    return replace(
        element,
        arrow=pa.list_(pa.field("element", element.arrow)),
        kind=Kind.LIST,
        element=element.kind,
        note=element.note and f"elements {element.note}",
        unfit=unfit,
    )


def _numeric(modifier: int) -> Carried:
    """Precision and scale are packed as in numeric.c: 16 bits, and 11 bits with a sign.

    The scale may be negative or beyond the precision: then zeros before or after the point are
    no digits of the precision, but are of the decimal's.
    """
    if modifier < 4:
        note = f"{AS_TEXT}: numeric without precision has no limit to its digits"
        return Carried(pa.string(), Kind.TEXT, note=note, written=True)
    precision = ((modifier - 4) >> 16) & 0xFFFF
    scale = (((modifier - 4) & 0x7FF) ^ 1024) - 1024
    digits = max(precision - scale, 0) + max(scale, 0)
    if digits > 38:
        note = f"{AS_TEXT}: decimals hold at most 38 digits"
        return Carried(pa.string(), Kind.TEXT, note=note, written=True)
    return Carried(pa.decimal128(digits, max(scale, 0)), Kind.DECIMAL, unfit="NaN")


def _chosen_decimal(chosen: DecimalType) -> Carried:
    return Carried(
        pa.decimal128(chosen.precision, chosen.scale),
        Kind.DECIMAL,
        unfit="NaN, infinity, -infinity, and numbers of more digits",
    )
