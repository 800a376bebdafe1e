"""List the tables that a source's user can see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Self

from pydantic import Field

from headrace import credentials, sources
from headrace.records import Sources
from headrace.services import Services
from headrace.tables import TableRef, TableSummary
from headrace.values import ModelId, SourceId, Value


class ListTables(Value):
    model_id: ModelId
    source_id: SourceId
    tables: tuple[TableRef, ...] | None = Field(
        default=None, description="These alone, as far as they exist; null lists all."
    )


class TableList(Value):
    """All tables, by schema and name."""

    tables: tuple[TableSummary, ...]

    @classmethod
    def of(cls, tables: Iterable[TableSummary]) -> Self:
        return cls(tables=tuple(tables))


def list_tables(services: Services, request: ListTables) -> Iterator[TableSummary]:
    """One table after the other, as the database tells them; closing the iterator hangs up."""
    source = Sources(services.documents).get(request.model_id, request.source_id)
    password = credentials.load(services.vault, source)
    network = services.settings.network
    with closing(sources.connect(source.connection, password, network)) as database:
        yield from database.list_tables(only=request.tables)
