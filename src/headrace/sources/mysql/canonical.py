"""MySQL's and MariaDB's SQL for canonical texts (`headrace.digests`)."""

from __future__ import annotations

import pyarrow as pa

from headrace.sources.mysql.columns import SourceColumn
from headrace.sources.mysql.identifiers import quoted
from headrace.sources.mysql.types import Carried
from headrace.sources.mysql.unfit import cases
from headrace.sources.wire.columns import Kind

# A cast takes the zeros away with which a column may be filled up.
_SIGNED = "CAST(CAST({0} AS SIGNED) AS CHAR)"
_UNSIGNED = "CAST(CAST({0} AS UNSIGNED) AS CHAR)"
# A point's well-known binary has the bits of its first number after five bytes, the lowest first;
# written as text, a number would be rounded.
_FLOAT = "LOWER(HEX(REVERSE(SUBSTR(ST_AsBinary(POINT({0}, 0)), 6, 8))))"
_INSTANT = "CAST(TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', {0}) AS CHAR)"

_TEXTS = {
    pa.int8(): _SIGNED,
    pa.int16(): _SIGNED,
    pa.int32(): _SIGNED,
    pa.int64(): _SIGNED,
    pa.uint8(): _UNSIGNED,
    pa.uint16(): _UNSIGNED,
    pa.uint32(): _UNSIGNED,
    pa.uint64(): _UNSIGNED,
    pa.float32(): _FLOAT,
    pa.float64(): _FLOAT,
    pa.date32(): "CAST(DATEDIFF({0}, DATE'1970-01-01') AS CHAR)",
    pa.time64("us"): "CAST(((HOUR({0}) * 60 + MINUTE({0})) * 60 + SECOND({0})) * 1000000 "
    "+ MICROSECOND({0}) AS CHAR)",
    pa.timestamp("us"): _INSTANT,
    pa.timestamp("us", "UTC"): _INSTANT,
    pa.binary(): "LOWER(HEX({0}))",
}


def canonical(column: SourceColumn, form: Carried) -> str:
    """The expression for the canonical text of the column's values as they are carried.

    It is NULL for NULL, and for what the column can't hold. Its bytes are UTF-8.
    """
    return _fitting(column, form, _text(column, form))


def present(column: SourceColumn, form: Carried) -> str:
    """An expression that is NULL where `canonical` is, and takes less to compute."""
    return _fitting(column, form, quoted(column.name))


def hashed(text: str) -> str:
    """The expression for a canonical text's hash."""
    return f"CAST(CONV(LEFT(MD5({text}), 15), 16, 10) AS UNSIGNED)"


def _fitting(column: SourceColumn, form: Carried, expression: str) -> str:
    name = quoted(column.name)
    unfit = cases(column.type, form)
    if not unfit:
        return expression
    found = " OR ".join(f"({case.condition.format(name)})" for case in unfit)
    return f"CASE WHEN {found} THEN NULL ELSE {expression} END"


def _text(column: SourceColumn, form: Carried) -> str:
    selected = form.expression.format(quoted(column.name))
    if form.kind == Kind.TEXT:
        return selected if form.binary else f"CONVERT({selected} USING utf8mb4)"
    if form.kind == Kind.DECIMAL:
        return _decimal(selected, column.type.scale, form.arrow.scale)
    return _TEXTS[form.arrow].format(selected)


def _decimal(number: str, digits: int, wanted: int) -> str:
    """The number with as many digits after the point as are wanted; it has no others than zeros.

    No more than the column has are asked for: how many a decimal may have depends on the server.
    """
    text = f"CAST(CAST({number} AS DECIMAL(65, {min(digits, wanted)})) AS CHAR)"
    if wanted <= digits:
        return text
    zeros = "0" * (wanted - digits)
    return f"CONCAT({text}, '{'' if digits else '.'}{zeros}')"
