"""The columns of a table, as BigQuery describes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from headrace.model import Selection, UnfitPolicy
from headrace.sources.bigquery.types import Carried, ColumnType, carried, column_type


@dataclass(frozen=True)
class SourceColumn:
    """A column (`headrace.sources.chosen.SourceColumn`)."""

    name: str
    type: ColumnType
    nullable: bool
    comment: str | None
    default: str | None = None
    """The expression of a value that a row is added without."""
    collated: bool = False
    """Whether upper and lower case are compared as one."""

    @property
    def source_type(self) -> str:
        return str(self.type)

    @property
    def readable(self) -> bool:
        """Rights to single columns are not told; reading says so."""
        return True

    @property
    def takes_decimal(self) -> bool:
        return self.type.takes_decimal


def columns_of(fields: Iterable[Mapping[str, object]]) -> Sequence[SourceColumn]:
    """The columns of a schema, as the API describes its fields."""
    return [
        SourceColumn(
            name=str(field["name"]),
            type=column_type(field),
            nullable=field.get("mode") != "REQUIRED",
            comment=str(field["description"]) if field.get("description") else None,
            default=str(field["defaultValueExpression"])
            if field.get("defaultValueExpression")
            else None,
            collated=bool(field.get("collation")),
        )
        for field in fields
    ]


@dataclass(frozen=True)
class Taken:
    """A column that is read: what BigQuery has, and what it becomes."""

    column: SourceColumn
    form: Carried
    nullify: bool = False

    @property
    def field(self) -> pa.Field:
        metadata = {"headrace.source_type": self.column.source_type}
        return pa.field(self.column.name, self.form.arrow, metadata=metadata)


def taken(selection: Selection, unfit: UnfitPolicy, columns: Iterable[SourceColumn]) -> list[Taken]:
    """How the columns are carried under the selection's choices, else under the policy given."""
    found = []
    for column in columns:
        policy = selection.unfit_columns.get(column.name, unfit)
        form = carried(column.type, policy, selection.decimal_columns.get(column.name))
        found.append(Taken(column, form, policy is UnfitPolicy.NULL))
    return found
