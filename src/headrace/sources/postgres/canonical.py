"""PostgreSQL's SQL for canonical texts (`headrace.digests`)."""

from __future__ import annotations

import pyarrow as pa

from headrace.sources.postgres.columns import SourceColumn
from headrace.sources.postgres.identifiers import quoted
from headrace.sources.postgres.types import Carried
from headrace.sources.postgres.unfit import cases

# What a type sends in binary form is exact in every version: microseconds since 2000, or bits.
_SENT = "('x' || encode({sent}, 'hex'))::bit(64)::int8"
_INSTANT = f"({_SENT} + 946684800000000)::text"

_TEXTS = {
    pa.bool_(): "{0}::bool::text",
    pa.int16(): "{0}::int2::text",
    pa.int32(): "{0}::int4::text",
    pa.int64(): "{0}::int8::text",
    pa.float32(): "encode(float8send({0}::float8), 'hex')",
    pa.float64(): "encode(float8send({0}::float8), 'hex')",
    pa.date32(): "({0} - '1970-01-01'::date)::text",
    pa.time64("us"): f"({_SENT})::text".format(sent="time_send({0})"),
    pa.timestamp("us"): _INSTANT.format(sent="timestamp_send({0})"),
    pa.timestamp("us", "UTC"): _INSTANT.format(sent="timestamptz_send({0})"),
    pa.binary(): "encode({0}::bytea, 'hex')",
    # What the type's output function writes; a cast to text would trim char(n).
    pa.string(): "CASE WHEN {0} IS NOT NULL THEN format('%s', {0}) END",
}
_LIST = (
    "CASE WHEN {0} IS NOT NULL THEN (SELECT coalesce(string_agg(coalesce("
    "octet_length(convert_to(t, 'UTF8')) || ':' || t, 'N'), ',' ORDER BY place), '') "
    "FROM (SELECT {element}, place FROM unnest({0}) WITH ORDINALITY e(e, place)) e(t, place)) END"
)
# Their values are texts already.
_PLAIN = ("text", "varchar")


def canonical(column: SourceColumn, form: Carried) -> str:
    """The expression for the canonical text of the column's values as they are carried.

    It is NULL for NULL, and for what the column can't hold.
    """
    return _fitting(column, form, _text(column, form))


def present(column: SourceColumn, form: Carried) -> str:
    """An expression that is NULL where `canonical` is, and takes less to compute."""
    return _fitting(column, form, quoted(column.name))


def hashed(text: str) -> str:
    """The expression for a canonical text's hash."""
    return f"('x' || substr(md5(convert_to({text}, 'UTF8')), 1, 15))::bit(60)::int8"


def _fitting(column: SourceColumn, form: Carried, expression: str) -> str:
    name = quoted(column.name)
    unfit = cases(column.type, form) if form.unfit else ()
    if not unfit:
        return expression
    found = " OR ".join(f"({case.condition.format(name)})" for case in unfit)
    return f"CASE WHEN {found} THEN NULL ELSE {expression} END"


def _text(column: SourceColumn, form: Carried) -> str:
    name = quoted(column.name)
    if form.written:
        return column.written
    if column.type.name in _PLAIN:
        return f"{name}::text"
    if pa.types.is_list(form.arrow):
        return _LIST.format(name, element=_of_arrow("e", form.arrow.value_type))
    return _of_arrow(name, form.arrow)


def _of_arrow(expression: str, arrow: pa.DataType) -> str:
    if pa.types.is_decimal(arrow):
        return f"round({expression}, {arrow.scale})::text"
    return _TEXTS[arrow].format(expression)
