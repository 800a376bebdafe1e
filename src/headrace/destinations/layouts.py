"""The layouts of tables are judged before a row is read."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.destinations import Destination, PlannedTable
from headrace.errors import LAYOUT_NOT_POSSIBLE, HeadraceError
from headrace.layout import LayoutUse

_WORDS = {LayoutUse.RANGE: "partitioned by ranges of", LayoutUse.CLUSTER: "clustered by"}


def check_layouts(destination: Destination, tables: Sequence[PlannedTable]) -> None:
    """Refuse what the destination can't do by a column of that type, or by any.

    Raises LAYOUT_NOT_POSSIBLE.
    """
    for table in tables:
        for name, use in table.layout.uses:
            if name not in table.schema.names:
                raise _refused(table, f"column '{name}' is not among those that are taken")
            type_name = destination.type_name(table.schema.field(name).type)
            if use not in destination.layouts(type_name):
                words = _WORDS.get(use, f"partitioned by the {use} of")
                raise _refused(table, f"here no table can be {words} '{name}', a {type_name}")


def _refused(table: PlannedTable, why: str) -> HeadraceError:
    return HeadraceError(LAYOUT_NOT_POSSIBLE, f"Table {table.source_table}: {why}.")
