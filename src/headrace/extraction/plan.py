"""What a run will take, before it takes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from headrace import naming
from headrace.model import Source, TableRun, Window
from headrace.tables import Mode, TableRef, TableSummary


def plan(
    source: Source,
    summaries: Iterable[TableSummary] = (),
    windows: Mapping[TableRef, Window] = MappingProxyType({}),
) -> tuple[TableRun, ...]:
    """The tables of a run, in the order of the selection.

    The summaries give the estimates of their rows. A table that they lack is planned all the
    same: reading it says whether it is gone or forbidden.
    """
    chosen = {selection.ref for selection in source.selection}
    estimates = {
        ref: summary.estimated_rows for summary in summaries if (ref := _ref(summary)) in chosen
    }
    tables = []
    for selection in source.selection:
        target = naming.target(source, selection)
        full = selection.mode is Mode.FULL
        tables.append(
            TableRun(
                schema_name=selection.schema_name,
                table_name=selection.table_name,
                dataset=target.dataset,
                destination_table=target.table,
                estimated_rows=estimates.get(selection.ref) if full else None,
                mode=selection.mode,
                window=windows.get(selection.ref),
            )
        )
    return tuple(tables)


def _ref(table: TableRef) -> TableRef:
    return TableRef(schema_name=table.schema_name, table_name=table.table_name)
