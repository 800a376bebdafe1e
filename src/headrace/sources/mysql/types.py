"""What each type of MySQL and MariaDB becomes in Arrow, and how its values travel.

A type that Arrow can hold to the last digit gets its own; all others are carried as text or as
bytes, and a note says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyarrow as pa
from pymysql.constants import FIELD_TYPE

from headrace.model import DecimalType, UnfitPolicy
from headrace.sources.mysql.driver import WireField
from headrace.sources.wire.columns import Kind

AS_TEXT = "carried as text"

_TEXTS = frozenset(
    {
        FIELD_TYPE.VARCHAR,
        FIELD_TYPE.VAR_STRING,
        FIELD_TYPE.STRING,
        FIELD_TYPE.TINY_BLOB,
        FIELD_TYPE.MEDIUM_BLOB,
        FIELD_TYPE.LONG_BLOB,
        FIELD_TYPE.BLOB,
        FIELD_TYPE.ENUM,
        FIELD_TYPE.SET,
    }
)
_INTEGERS = frozenset(
    {
        FIELD_TYPE.TINY,
        FIELD_TYPE.SHORT,
        FIELD_TYPE.INT24,
        FIELD_TYPE.LONG,
        FIELD_TYPE.LONGLONG,
    }
)
_DECIMALS = frozenset({FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL})
_DATES = frozenset({FIELD_TYPE.DATE, FIELD_TYPE.NEWDATE})
_ZERO_DATES = "zero and partial dates, the year 0, and days that no calendar has"


@dataclass(frozen=True)
class ColumnType:
    """A column's type: its name in information_schema, and what else tells how it is carried."""

    name: str
    unsigned: bool = False
    precision: int = 0
    scale: int = 0
    character_set: str | None = None

    @property
    def takes_decimal(self) -> bool:
        """Whether it is a number of more digits than decimals have, for which one may be chosen."""
        return self.name == "decimal" and _decimal(self).kind != Kind.DECIMAL


@dataclass(frozen=True)
class Carried:
    """How a column is carried: the Arrow type, and the kind of value that travels.

    `codes` are the type codes with which a server may announce such values, `binary` whether it
    announces strings as bytes, `scale` the digits after the point with which it announces a
    decimal. `unfit` says which of the type's values the Arrow type can't hold.
    `expression` is what is selected, `{0}` being the column.
    """

    arrow: pa.DataType
    kind: Kind
    codes: frozenset[int]
    binary: bool = False
    scale: int = 0
    note: str | None = None
    unfit: str | None = None
    expression: str = "{0}"

    def comes_as(self, announced: WireField) -> bool:
        """Whether the server announces values that can be decoded as these."""
        code = announced.type_code
        if code == FIELD_TYPE.NULL:  # a view's constant: no value will come
            return True
        if code in _INTEGERS:
            same = announced.unsigned == pa.types.is_unsigned_integer(self.arrow)
        elif code in _TEXTS:
            same = announced.binary == self.binary
        elif self.kind == Kind.DECIMAL:
            same = announced.scale == self.scale
        else:
            same = True
        return code in self.codes and same


def _numbers(arrow: pa.DataType, kind: Kind, code: int) -> Carried:
    return Carried(arrow, kind, frozenset({code}))


TEXT = Carried(pa.string(), Kind.TEXT, _TEXTS)
BYTES = Carried(pa.binary(), Kind.BYTES, _TEXTS, binary=True)
_WRITTEN = replace(TEXT, note=AS_TEXT, expression="CAST({0} AS CHAR CHARACTER SET utf8mb4)")
_AS_CHOSEN = replace(_WRITTEN, note=f"{AS_TEXT}, as chosen")
_AS_SENT = replace(TEXT, note=AS_TEXT)
_WKB = replace(
    BYTES, note="carried as well-known binary, without its SRID", expression="ST_AsBinary({0})"
)
_DATETIME = Carried(
    pa.timestamp("us"), Kind.TIMESTAMP, frozenset({FIELD_TYPE.DATETIME}), unfit=_ZERO_DATES
)

# Servers put a '?' or the replacement character where a byte is no character of the column's set,
# and say nothing. These sets have a character for every byte, or are refused when stored.
_WHOLE_SETS = {
    *("utf8mb4", "utf16", "utf16le", "utf32", "ucs2"),
    *("latin1", "latin2", "latin5", "latin7", "cp850", "cp852", "cp866"),
    *("koi8r", "koi8u", "keybcs2", "macce", "macroman"),
}
# The bytes of these are UTF-8 as they are: they come unconverted, and the decoder looks at them.
_UTF8_SETS = {"utf8", "utf8mb3", "ascii"}
_AS_BYTES = "CAST({0} AS BINARY)"
_UTF8 = replace(TEXT, binary=True, expression=_AS_BYTES)
# Of all others a value is sent as the byte FF, which is never UTF-8, if converting it has added
# such signs. In none of them is the byte of '?' a part of another character.
_CONVERTED = replace(
    TEXT,
    binary=True,
    expression="IF(LENGTH({0}) - LENGTH(REPLACE(CAST({0} AS BINARY), '?', '')) <> "
    "CHAR_LENGTH(CONVERT({0} USING utf8mb4)) - CHAR_LENGTH(REPLACE(REPLACE("
    "CONVERT({0} USING utf8mb4), '?', ''), '\N{REPLACEMENT CHARACTER}', '')), "
    "X'FF', CAST(CONVERT({0} USING utf8mb4) AS BINARY))",
)

_UNSIGNED = {
    "tinyint": _numbers(pa.uint8(), Kind.BITS8, FIELD_TYPE.TINY),
    "smallint": _numbers(pa.uint16(), Kind.BITS16, FIELD_TYPE.SHORT),
    "mediumint": _numbers(pa.uint32(), Kind.BITS32, FIELD_TYPE.INT24),
    "int": _numbers(pa.uint32(), Kind.BITS32, FIELD_TYPE.LONG),
    "bigint": _numbers(pa.uint64(), Kind.BITS64, FIELD_TYPE.LONGLONG),
}

# Two bytes are what a year takes in the binary protocol; it has 0 to 2155. Microseconds are all
# that the servers keep.
_EXACT = {
    "tinyint": _numbers(pa.int8(), Kind.BITS8, FIELD_TYPE.TINY),
    "tinyint(1)": replace(
        _numbers(pa.int8(), Kind.BITS8, FIELD_TYPE.TINY),
        note="carried as a number: besides 0 and 1 it may hold all from -128 to 127",
    ),
    "smallint": _numbers(pa.int16(), Kind.BITS16, FIELD_TYPE.SHORT),
    "mediumint": _numbers(pa.int32(), Kind.BITS32, FIELD_TYPE.INT24),
    "int": _numbers(pa.int32(), Kind.BITS32, FIELD_TYPE.LONG),
    "bigint": _numbers(pa.int64(), Kind.BITS64, FIELD_TYPE.LONGLONG),
    "year": _numbers(pa.int16(), Kind.BITS16, FIELD_TYPE.YEAR),
    "bit": _numbers(pa.uint64(), Kind.BIT, FIELD_TYPE.BIT),
    "float": _numbers(pa.float32(), Kind.BITS32, FIELD_TYPE.FLOAT),
    "double": _numbers(pa.float64(), Kind.BITS64, FIELD_TYPE.DOUBLE),
    "date": Carried(pa.date32(), Kind.DATE, _DATES, unfit=_ZERO_DATES),
    "datetime": _DATETIME,
    "timestamp": replace(
        _DATETIME, arrow=pa.timestamp("us", "UTC"), codes=frozenset({FIELD_TYPE.TIMESTAMP})
    ),
    "time": Carried(
        pa.time64("us"),
        Kind.TIME,
        frozenset({FIELD_TYPE.TIME}),
        unfit="times that are negative, or a day and longer",
    ),
    "char": TEXT,
    "varchar": TEXT,
    "tinytext": TEXT,
    "text": TEXT,
    "mediumtext": TEXT,
    "longtext": TEXT,
    "enum": TEXT,
    "set": TEXT,
    "json": replace(_AS_SENT, codes=_TEXTS | {FIELD_TYPE.JSON}),
    "uuid": _AS_SENT,
    "inet4": _AS_SENT,
    "inet6": _AS_SENT,
    "binary": BYTES,
    "varbinary": BYTES,
    "tinyblob": BYTES,
    "blob": BYTES,
    "mediumblob": BYTES,
    "longblob": BYTES,
    # To convert it to text would be to take its bytes for characters.
    "vector": replace(
        BYTES, note="carried as bytes: 32-bit floats, the lowest byte first", expression=_AS_BYTES
    ),
    "geometry": _WKB,
    "point": _WKB,
    "linestring": _WKB,
    "polygon": _WKB,
    "multipoint": _WKB,
    "multilinestring": _WKB,
    "multipolygon": _WKB,
    "geometrycollection": _WKB,
    "geomcollection": _WKB,
}


def carried(
    column_type: ColumnType,
    policy: UnfitPolicy = UnfitPolicy.FAIL,
    decimal: DecimalType | None = None,
) -> Carried:
    """How values of the type are carried under the policy for those that do not fit.

    `decimal` is what was chosen for a type that takes one.
    """
    name = column_type.name
    if decimal:
        chosen = _chosen_decimal(column_type, decimal)
    elif name == "decimal":
        chosen = _decimal(column_type)
    elif column_type.unsigned and name in _UNSIGNED:
        chosen = _UNSIGNED[name]
    elif _EXACT.get(name) is TEXT:
        chosen = _text(column_type.character_set)
    else:
        chosen = _EXACT.get(name, _WRITTEN)
    return _AS_CHOSEN if policy is UnfitPolicy.TEXT and chosen.unfit else chosen


def _text(character_set: str | None) -> Carried:
    if character_set in _UTF8_SETS:
        return _UTF8
    return TEXT if character_set is None or character_set in _WHOLE_SETS else _CONVERTED


def _decimal(column_type: ColumnType) -> Carried:
    precision, scale = column_type.precision, column_type.scale
    if precision > 38:
        note = f"{AS_TEXT}: decimals hold at most 38 digits"
        return Carried(pa.string(), Kind.TEXT, _DECIMALS, note=note)
    return Carried(pa.decimal128(precision, scale), Kind.DECIMAL, _DECIMALS, scale=scale)


def _chosen_decimal(column_type: ColumnType, chosen: DecimalType) -> Carried:
    return Carried(
        pa.decimal128(chosen.precision, chosen.scale),
        Kind.DECIMAL,
        _DECIMALS,
        scale=column_type.scale,
        unfit="numbers of more digits",
    )
