"""Say what would become of one table of a source, before it is taken."""

from __future__ import annotations

from contextlib import closing

from pydantic import Field, ValidationInfo, field_validator

from headrace import credentials, sources
from headrace.model import Selection, Source
from headrace.preflight import preflight as table_preflight
from headrace.preflight.report import Preflight
from headrace.records import Sources
from headrace.services import Services
from headrace.sources.survey import MAX_ROWS
from headrace.tables import TableRef
from headrace.values import ModelId, SourceId


class PreflightTable(TableRef):
    model_id: ModelId
    source_id: SourceId
    sample_rows: int = Field(
        default=MAX_ROWS,
        ge=0,
        le=MAX_ROWS,
        description="At most how many rows to look at; with 0 the statistics alone.",
    )
    selection: Selection | None = Field(
        default=None, description="The table as it may be selected, before that is saved."
    )

    @field_validator("selection")
    @classmethod
    def _of_this_table(
        cls, selection: Selection | None, others: ValidationInfo
    ) -> Selection | None:
        if selection:
            names = (selection.schema_name, selection.table_name)
            if names != (others.data.get("schema_name"), others.data.get("table_name")):
                raise ValueError("is of another table")
        return selection


def preflight(services: Services, request: PreflightTable) -> Preflight:
    """Of the table as the request selects it, or else the source, or else of all its columns."""
    source = Sources(services.documents).get(request.model_id, request.source_id)
    password = credentials.load(services.vault, source)
    network = services.settings.network
    with closing(sources.connect(source.connection, password, network)) as database:
        return table_preflight.preflight(
            database,
            source,
            _selected(source, request),
            services.destination,
            request.sample_rows,
        )


def _selected(source: Source, request: PreflightTable) -> Selection:
    if request.selection:
        return request.selection
    table = TableRef(schema_name=request.schema_name, table_name=request.table_name)
    for selection in source.selection:
        if selection.ref == table:
            return selection
    return Selection(schema_name=table.schema_name, table_name=table.table_name)
