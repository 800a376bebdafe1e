"""The values of MySQL's types that their columns can't hold, as SQL that finds them."""

from __future__ import annotations

import pyarrow as pa

from headrace.model import UnfitPolicy
from headrace.sources.mysql.types import Carried, ColumnType
from headrace.sources.survey import UnfitCase, too_many_digits
from headrace.sources.wire.columns import Kind

NULL, TEXT = UnfitPolicy.NULL, UnfitPolicy.TEXT

_ZERO = "YEAR({0}) = 0 AND MONTH({0}) = 0 AND DAYOFMONTH({0}) = 0"
_LACKING = "YEAR({0}) = 0 OR MONTH({0}) = 0 OR DAYOFMONTH({0}) = 0"
_DATES = (
    UnfitCase("zero dates", _ZERO, NULL),
    UnfitCase("partial dates and the year 0", f"({_LACKING}) AND NOT ({_ZERO})", TEXT),
    UnfitCase("days that no calendar has", "DAYOFMONTH({0}) > DAYOFMONTH(LAST_DAY({0}))", TEXT),
)
_CASES = {
    "date": _DATES,
    "datetime": _DATES,
    "timestamp": _DATES,
    "time": (
        UnfitCase("negative times", "{0} < '00:00:00'", TEXT),
        UnfitCase("times of a day and longer", "{0} >= '24:00:00'", TEXT),
    ),
}


def cases(column_type: ColumnType, form: Carried) -> tuple[UnfitCase, ...]:
    """Which values of a column do not fit as it is carried."""
    if form.kind == Kind.DECIMAL and column_type.takes_decimal:
        return _digits(form.arrow)
    if form.kind == Kind.TEXT and form.binary:
        return (_no_text(form.expression),)
    return _CASES.get(column_type.name, ()) if form.unfit else ()


def _digits(decimal: pa.Decimal128Type) -> tuple[UnfitCase, ...]:
    whole = decimal.precision - decimal.scale
    return (
        UnfitCase(too_many_digits(whole, "before"), f"ABS({{0}}) >= 1{'0' * whole}", TEXT),
        UnfitCase(
            too_many_digits(decimal.scale, "after"),
            f"{{0}} <> TRUNCATE({{0}}, {decimal.scale})",
            TEXT,
        ),
    )


def _no_text(sent: str) -> UnfitCase:
    """What is sent is no UTF-8. MySQL makes NULL of it, MariaDB puts '?' in."""
    condition = (
        f"{{0}} IS NOT NULL AND NOT (CAST(CONVERT({sent} USING utf8mb4) AS BINARY) <=> {sent})"
    )
    return UnfitCase("bytes that are no characters of the column's set", condition, NULL)
