"""How a table's columns differ from those that are brought, and which types hold which others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

# Each type and those of which it holds every value; Arrow's names.
_HOLDS: dict[str, tuple[str, ...]] = {
    "int16": ("int8", "uint8"),
    "int32": ("int8", "int16", "uint8", "uint16"),
    "int64": ("int8", "int16", "int32", "uint8", "uint16", "uint32"),
    "uint16": ("uint8",),
    "uint32": ("uint8", "uint16"),
    "uint64": ("uint8", "uint16", "uint32"),
    "double": ("float", "int8", "int16", "int32", "uint8", "uint16", "uint32"),
}
_DIGITS = {
    **{"int8": 3, "uint8": 3, "int16": 5, "uint16": 5, "int32": 10, "uint32": 10},
    **{"int64": 19, "uint64": 20},
}


@dataclass(frozen=True)
class Drift:
    """The differences between the columns of a table and those of what is brought."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    widened: tuple[str, ...]
    """Columns whose type has come to hold more; the table's has to follow."""
    incompatible: tuple[str, ...]
    """Columns of which neither type holds the other's values."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.widened or self.incompatible)


def drift(known: Sequence[Mapping[str, str]], brought: pa.Schema) -> Drift:
    """`known` are the table's columns as a checkpoint holds them (`staged.columns_of`)."""
    types = {column["name"]: column["arrow_type"] for column in known}
    widened: list[str] = []
    incompatible: list[str] = []
    for field in brought:
        before, after = types.get(field.name), str(field.type)
        if before is None or holds(before, after):
            continue
        (widened if holds(after, before) else incompatible).append(field.name)
    return Drift(
        added=tuple(name for name in brought.names if name not in types),
        removed=tuple(name for name in types if name not in brought.names),
        widened=tuple(widened),
        incompatible=tuple(incompatible),
    )


def holds(wide: str, narrow: str) -> bool:
    """Whether each value of the second type is one of the first; of Arrow types by name."""
    if wide == narrow or narrow in _HOLDS.get(wide, ()):
        return True
    if not (outer := _decimal(wide)):
        return False
    precision, scale = _decimal(narrow) or (_DIGITS.get(narrow, 99), 0)
    return outer[1] >= scale and outer[0] - outer[1] >= precision - scale


def _decimal(name: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"decimal128\((\d+), (\d+)\)", name)
    return (int(found[1]), int(found[2])) if found else None


def merged(
    known: Sequence[Mapping[str, str]], brought: Sequence[Mapping[str, str]]
) -> tuple[Mapping[str, str], ...]:
    """The table's columns after an increment: all that were, in the wider of their types."""
    new = {column["name"]: column for column in brought}

    def kept(column: Mapping[str, str]) -> Mapping[str, str]:
        newer = new.get(column["name"], column)
        return column if holds(column["arrow_type"], newer["arrow_type"]) else newer

    names = {column["name"] for column in known}
    return (*map(kept, known), *(column for column in brought if column["name"] not in names))
