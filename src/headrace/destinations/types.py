"""The name that a destination gives to an Arrow type: a table for each destination."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from headrace.destinations import Destination
from headrace.errors import TYPE_NOT_CARRIED, HeadraceError


def name_in(
    names: Mapping[pa.DataType, str], decimal: str, listed: str, arrow_type: pa.DataType
) -> str:
    """Look a type up; `decimal` and `listed` are the patterns for decimals and for lists.

    Raises TYPE_NOT_CARRIED for a type that the table does not have.
    """
    if pa.types.is_list(arrow_type):
        return listed.format(element=name_in(names, decimal, listed, arrow_type.value_type))
    if pa.types.is_decimal128(arrow_type):
        return decimal.format(precision=arrow_type.precision, scale=arrow_type.scale)
    name = names.get(arrow_type)
    if name is None:
        raise HeadraceError(
            TYPE_NOT_CARRIED, f"The destination has no type for Arrow's {arrow_type}."
        )
    return name


def name_or_none(destination: Destination, arrow_type: pa.DataType) -> str | None:
    """The destination's name for a type, None if it has none."""
    try:
        return destination.type_name(arrow_type)
    except HeadraceError as error:
        if error.kind is not TYPE_NOT_CARRIED:
            raise
        return None
