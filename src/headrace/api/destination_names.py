"""What the rows of a source would be called in the destination, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from headrace import naming
from headrace.connections import Connection
from headrace.errors import Field as WrongField
from headrace.model import Selection
from headrace.problems import WrongField as ShownField
from headrace.records import Sources
from headrace.services import Services
from headrace.tables import TableRef
from headrace.values import DestinationName, ModelId, SourceId, Value


class PreviewNames(Value):
    """What is left out is as the source has it."""

    model_id: ModelId
    source_id: SourceId
    dataset: DestinationName | None = None
    selection: tuple[Selection, ...] | None = None


class NamedTable(TableRef):
    """A selected table, and where it goes."""

    destination_table: str
    derived: bool = Field(description="Whether the name follows from the source's own.")


class NamesPreview(Value):
    destination: str = Field(description="The kind of the destination, such as duckdb.")
    dataset: str
    tables: tuple[NamedTable, ...] = Field(description="In the order of the selection.")
    wrong: tuple[ShownField, ...] = Field(description="For what a change would be refused.")


def preview_names(services: Services, request: PreviewNames) -> NamesPreview:
    """Nothing is stored, and neither database is asked."""
    source = Sources(services.documents).get(request.model_id, request.source_id)
    selection = source.selection if request.selection is None else request.selection
    scheme, _, _ = services.settings.destination.partition(":")
    wrong = [
        *wrong_dataset(services, request.dataset),
        *wrong_targets(source.connection, selection),
    ]
    return NamesPreview(
        destination=scheme,
        dataset=request.dataset or source.dataset,
        tables=tuple(_named(source.connection, each) for each in selection),
        wrong=tuple(ShownField(path=field.path, message=field.message) for field in wrong),
    )


def wrong_dataset(services: Services, name: str | None) -> list[WrongField]:
    """What stands in the way of a dataset of this name; nothing if none is asked for."""
    if name is None:
        return []
    dataset = name.lower()
    if dataset.startswith(naming.RESERVED_PREFIX):
        return [WrongField("dataset", f"can't begin with {naming.RESERVED_PREFIX}")]
    if dataset in services.destination.reserved_datasets:
        return [WrongField("dataset", "is a name that the destination keeps for itself")]
    return []


def wrong_targets(connection: Connection, selection: Sequence[Selection]) -> list[WrongField]:
    """What is wrong with where the rows would go. Warehouses fold case, so case tells nothing."""
    wrong = []
    selected: set[TableRef] = set()
    taken: dict[str, TableRef] = {}
    for number, each in enumerate(selection):
        table = _table(connection, each).lower()
        where = f"selection.{number}"
        if each.ref in selected:
            wrong.append(WrongField(f"{where}.table_name", "is selected twice"))
        elif table in taken:
            message = f"'{table}' is also where {taken[table]} goes"
            wrong.append(WrongField(f"{where}.destination_table", message))
        selected.add(each.ref)
        taken.setdefault(table, each.ref)
    return wrong


def _named(connection: Connection, selection: Selection) -> NamedTable:
    return NamedTable(
        schema_name=selection.schema_name,
        table_name=selection.table_name,
        destination_table=_table(connection, selection),
        derived=selection.destination_table is None,
    )


def _table(connection: Connection, selection: Selection) -> str:
    return selection.destination_table or naming.table_name(connection, selection)
