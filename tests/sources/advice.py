"""Short ways to ask for a table's cursors and modes."""

from __future__ import annotations

from headrace import sources
from headrace.tables import CursorCandidate, Mode, ModeAdvice, TableDescription, TableRef


def described(connected: sources.Database, table: TableRef) -> TableDescription:
    return connected.describe_table(table, type_name=str)


def cursors(description: TableDescription) -> list[str]:
    """The candidates, the best one first, as one would write them."""
    return [",".join(candidate.cursor) for candidate in description.cursors]


def candidate(description: TableDescription, *cursor: str) -> CursorCandidate:
    (found,) = [each for each in description.cursors if each.cursor == cursor]
    return found


def sound(description: TableDescription) -> list[Mode]:
    """The modes that can be relied on, the recommended one first; the others come after."""
    assert {advice.mode for advice in description.modes} == set(Mode)
    flags = [advice.sound for advice in description.modes]
    assert flags == sorted(flags, reverse=True)
    return [advice.mode for advice in description.modes if advice.sound]


def advice(description: TableDescription, mode: Mode) -> ModeAdvice:
    (found,) = [each for each in description.modes if each.mode is mode]
    return found
