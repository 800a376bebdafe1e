"""Say how each of several tables is best taken, over one connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from typing import Self

from pydantic import Field

from headrace import credentials, sources
from headrace.destinations.types import name_or_none
from headrace.model import Selection
from headrace.records import Sources
from headrace.services import Services
from headrace.tables import TableDescription, TableRef
from headrace.values import ModelId, SourceId, Value

_MOST = 100


class AdviseTables(Value):
    model_id: ModelId
    source_id: SourceId
    tables: tuple[TableRef, ...] = Field(min_length=1, max_length=_MOST)


class AdvisedTable(TableRef):
    selection: Selection
    reason: str = Field(description="Why it is best taken so, in a sentence or two.")


class AdvisedTables(Value):
    """Those of the tables that exist, in the order asked for."""

    tables: tuple[AdvisedTable, ...]

    @classmethod
    def of(cls, tables: Iterable[AdvisedTable]) -> Self:
        return cls(tables=tuple(tables))


def advise_tables(services: Services, request: AdviseTables) -> Iterator[AdvisedTable]:
    """From catalogues and statistics alone, each table's advice as soon as it is known.

    Tables that are not there, or not any more, are left out.
    """
    source = Sources(services.documents).get(request.model_id, request.source_id)
    password = credentials.load(services.vault, source)
    network = services.settings.network
    type_name = partial(name_or_none, services.destination)
    with closing(sources.connect(source.connection, password, network)) as database:
        there = {_ref(table) for table in database.list_tables(only=request.tables)}
        for table in request.tables:
            if table in there:
                described = database.describe_table(table, type_name=type_name)
                yield _advised(described.possible_in(services.destination.modes))


def _advised(described: TableDescription) -> AdvisedTable:
    """The recommended mode, without the columns for which the destination has no type."""
    table, best = _ref(described.table), described.modes[0]
    names = tuple(column.name for column in described.columns if column.destination_type)
    all_fit = len(names) == len(described.columns)
    selection = Selection(
        schema_name=table.schema_name,
        table_name=table.table_name,
        # Without a single one left there is nothing to choose, and the run says why.
        columns=None if all_fit or not names else names,
        mode=best.mode,
        cursor=best.cursor,
        key=best.key,
    )
    return AdvisedTable(
        schema_name=table.schema_name,
        table_name=table.table_name,
        selection=selection,
        reason=best.reason,
    )


def _ref(table: TableRef) -> TableRef:
    return TableRef(schema_name=table.schema_name, table_name=table.table_name)
