"""Describe one table of a source: columns, keys, indexes, and some rows on request."""

from __future__ import annotations

from contextlib import closing

from pydantic import Field

from headrace import credentials, sources
from headrace.model import TableDescription, TableRef
from headrace.records import Sources
from headrace.services import Services
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
    network = services.settings.network
    with closing(sources.connect(source.connection, password, network)) as database:
        return database.describe_table(
            table, type_name=services.destination.type_name, sample_rows=request.sample_rows
        )
