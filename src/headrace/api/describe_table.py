"""Describe one table of a source: columns, keys, indexes, and some rows on request."""

from __future__ import annotations

from contextlib import closing
from functools import partial

from pydantic import Field

from headrace import credentials, sources
from headrace.destinations.types import name_or_none
from headrace.records import Sources
from headrace.services import Services
from headrace.tables import Column, TableDescription, TableRef
from headrace.values import ModelId, SourceId


class DescribeTable(TableRef):
    model_id: ModelId
    source_id: SourceId
    sample_rows: int = Field(default=0, ge=0, le=5, description="How many rows to show.")


def describe_table(services: Services, request: DescribeTable) -> TableDescription:
    """The table as it is now, with the types that its columns get in the destination."""
    source = Sources(services.documents).get(request.model_id, request.source_id)
    password = credentials.load(services.vault, source)
    table = TableRef(schema_name=request.schema_name, table_name=request.table_name)
    type_name = partial(name_or_none, services.destination)
    network = services.settings.network
    with closing(sources.connect(source.connection, password, network)) as database:
        described = database.describe_table(
            table, type_name=type_name, sample_rows=request.sample_rows
        )
    destination = services.destination
    described = described.possible_in(destination.modes).laid_out_in(destination.layouts)
    return described.model_copy(update={"columns": tuple(map(_noted, described.columns))})


def _noted(column: Column) -> Column:
    if column.destination_type is not None:
        return column
    note = "The destination has no type for it: leave it out of the selection."
    return column.model_copy(update={"note": f"{column.note} {note}" if column.note else note})
