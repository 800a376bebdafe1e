"""The values of PostgreSQL's types that their columns can't hold, as SQL that finds them."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from headrace.model import UnfitPolicy
from headrace.sources.postgres.types import Carried, ColumnType
from headrace.sources.survey import UnfitCase, too_many_digits
from headrace.sources.wire.columns import Kind

NULL, TEXT = UnfitPolicy.NULL, UnfitPolicy.TEXT


def _infinities(name: str) -> tuple[UnfitCase, ...]:
    return tuple(
        UnfitCase(literal, f"{{0}} = '{literal}'::{name}", NULL, literal)
        for literal in ("infinity", "-infinity")
    )


def _instants(name: str) -> tuple[UnfitCase, ...]:
    """The last microsecond that an Arrow timestamp could count is infinity elsewhere."""
    last = f"'294247-01-10 04:00:54.775807'::{name}"
    beyond = f"isfinite({{0}}) AND {{0}} >= {last}"
    return (*_infinities(name), UnfitCase("after January 294247", beyond, TEXT))


_NAN = UnfitCase("NaN", "{0} = 'NaN'::numeric", NULL, "NaN")
# Before PostgreSQL 14 there were no infinite numbers, and no way to write one.
_INFINITE = tuple(
    UnfitCase(label, f"{{0}}::text = '{literal}'", NULL, literal)
    for label, literal in (("infinity", "Infinity"), ("-infinity", "-Infinity"))
)
FINITE = "{0}::text NOT IN ('NaN', 'Infinity', '-Infinity')"

_CASES: dict[str | None, tuple[UnfitCase, ...]] = {
    "date": _infinities("date"),
    "time": (UnfitCase("24:00:00", "{0} = '24:00:00'::time", TEXT, "24:00:00"),),
    "timestamp": _instants("timestamp"),
    "timestamptz": _instants("timestamptz"),
    "numeric": (_NAN,),
}
_SHAPES = (
    UnfitCase("arrays of several dimensions", "array_ndims({0}) > 1", TEXT),
    UnfitCase(
        "arrays that do not begin at 1", "array_ndims({0}) = 1 AND array_lower({0}, 1) <> 1", TEXT
    ),
)


def cases(column_type: ColumnType, form: Carried) -> tuple[UnfitCase, ...]:
    """Which values of a column do not fit as it is carried.

    For numbers that are carried as text, those that would fit no decimal.
    """
    if column_type.takes_decimal:
        not_numbers = (_NAN, *_INFINITE)
        return not_numbers if form.kind != Kind.DECIMAL else (*not_numbers, *_digits(form.arrow))
    if form.unfit is None:
        return ()
    if form.kind == Kind.LIST and column_type.element is not None:
        elements = _CASES.get(column_type.element.name, ())
        return (*_SHAPES, *(_among_elements(case) for case in elements))
    return _CASES.get(column_type.name, ())


def _digits(decimal: pa.Decimal128Type) -> tuple[UnfitCase, ...]:
    whole = decimal.precision - decimal.scale
    return (
        UnfitCase(
            too_many_digits(whole, "before"),
            f"{FINITE} AND abs({{0}}) >= 1e{whole}::numeric",
            TEXT,
        ),
        UnfitCase(
            too_many_digits(decimal.scale, "after"),
            f"{FINITE} AND {{0}} <> round({{0}}, {decimal.scale})",
            TEXT,
        ),
    )


def _among_elements(case: UnfitCase) -> UnfitCase:
    condition = case.condition.format("e")
    return replace(
        case,
        label=f"{case.label} among the elements",
        condition=f"EXISTS (SELECT FROM unnest({{0}}) e WHERE {condition})",
        literal=None,
    )
