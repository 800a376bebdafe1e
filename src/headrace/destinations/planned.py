"""What is wrong with tables is said before a row of them is read, as far as it is known then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import pyarrow as pa

from headrace.destinations import DELETED_AT, PlannedTable, Publication, Target
from headrace.errors import (
    CHECKPOINT_MOVED,
    COLUMNS_CLASH,
    DESTINATION_CONFLICT,
    HeadraceError,
)


def check_tables(
    tables: Sequence[PlannedTable],
    reserved_datasets: Collection[str],
    type_name: Callable[[pa.DataType], str],
) -> None:
    """Refuse names and types that the destination does not take.

    SQL readers (DuckDB, BigQuery) ignore the case of table and column names, so names that only
    differ in it clash. Raises DESTINATION_CONFLICT, COLUMNS_CLASH and TYPE_NOT_CARRIED.
    """
    for table in tables:
        if table.target.dataset.lower() in reserved_datasets:
            raise HeadraceError(
                DESTINATION_CONFLICT, f"Table {table.target}: the dataset's name is reserved."
            )
    if clashing := _clashing(str(table.target) for table in tables):
        raise HeadraceError(
            DESTINATION_CONFLICT,
            f"Several tables would be written to the same place: {', '.join(clashing)}.",
        )
    for table in tables:
        if clashing := _clashing(table.schema.names):
            raise HeadraceError(
                COLUMNS_CLASH,
                f"Table {table.source_table} has columns of the same name: {', '.join(clashing)}.",
            )
        if _marked_by_source(table):
            raise HeadraceError(
                COLUMNS_CLASH,
                f"Table {table.source_table} has a column '{DELETED_AT}', which is where Headrace "
                "notes when a row of a merged table was deleted.",
            )
        _check_types(table, type_name)


def check_follows(publication: Publication, runs: Mapping[Target, str]) -> None:
    """Refuse what began before another run had brought one of its tables.

    `runs` are those that the source's checkpoints name now. Raises CHECKPOINT_MOVED.
    """
    if publication.follows is None:
        return
    for table in publication.tables:
        if runs.get(table.target) != publication.follows.get(table.target):
            raise HeadraceError(
                CHECKPOINT_MOVED,
                f"Table {table.target}: it was brought or let go by another since the run began.",
            )


def _marked_by_source(table: PlannedTable) -> bool:
    merges = table.increment is not None and bool(table.increment.key)
    return merges and DELETED_AT in map(str.casefold, table.schema.names)


def _check_types(table: PlannedTable, type_name: Callable[[pa.DataType], str]) -> None:
    for field in table.schema:
        try:
            type_name(field.type)
        except HeadraceError as error:
            raise HeadraceError(
                error.kind, f"Table {table.source_table}, column '{field.name}': {error.detail}"
            ) from error


def _clashing(names: Iterable[str]) -> list[str]:
    written = list(names)
    folded = Counter(name.casefold() for name in written)
    return [name for name in written if folded[name.casefold()] > 1]
