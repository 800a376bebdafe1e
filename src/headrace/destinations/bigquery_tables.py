"""Tables and datasets of BigQuery: what there is, and what is made or changed before rows come."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from unicodedata import category

import pyarrow as pa
from google.api_core.exceptions import Conflict, NotFound
from google.cloud import bigquery

from headrace.destinations import DELETED_AT, PlannedTable, Target
from headrace.destinations.bigquery_layout import clauses
from headrace.destinations.bigquery_sql import Jobs, Query
from headrace.destinations.bigquery_types import TYPES, type_name
from headrace.destinations.drift import holds
from headrace.errors import COLUMN_NAME_REFUSED, SCHEMA_CHANGED, HeadraceError
from headrace.googlesql.identifiers import quoted
from headrace.model import DetectDeletes

# A look at a table is a request.
LOOKERS = 8

_MARK = (DELETED_AT, "TIMESTAMP")
_NAMES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
_ARROW = {str(arrow): name for arrow, name in TYPES.items()}
_DECIMAL = re.compile(r"decimal128\((\d+), (\d+)\)")
_DIGITS_OF_INT64 = 19

# Of what BigQuery's flexible names are made: signs, and Unicode's categories.
_SIGNS = frozenset("&%=+:'<>#|\t ")
_CATEGORIES = ("L", "M", "N", "Pc", "Pd")
_LONGEST_NAME = 300
_RESERVED_COLUMNS = (
    "_TABLE_",
    "_FILE_",
    "_PARTITION",
    "_ROW_TIMESTAMP",
    "__ROOT__",
    "_COLIDENTIFIER",
)


@dataclass(frozen=True)
class Found:
    """A table that is there; `columns` are its types by name, as SQL writes them.

    `layout` is to be compared with `layout_of` alone.
    """

    created: datetime
    rows: int
    columns: Mapping[str, str]
    layout: tuple[object, ...]


class Tables:
    """The tables of a project."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def find(self, target: Target) -> Found | None:
        """None only if there is no such table."""
        name = f"{self._jobs.project}.{target}"

        def ask() -> Found | None:
            try:
                return _found(self._jobs.client.get_table(name, **self._jobs.once))
            except NotFound:
                return None

        return self._jobs.calls(f"look at table {target}", ask)

    def find_all(self, targets: Sequence[Target]) -> Mapping[Target, Found | None]:
        with ThreadPoolExecutor(LOOKERS) as lookers:
            return dict(zip(targets, lookers.map(self.find, targets), strict=True))

    def names(self, dataset: str) -> Sequence[str]:
        """Of the tables of a dataset; none if it is not there."""

        def ask() -> list[str]:
            with suppress(NotFound):
                found = self._jobs.client.list_tables(
                    f"{self._jobs.project}.{dataset}", **self._jobs.once
                )
                return [item.table_id for item in found]
            return []

        return self._jobs.calls(f"list the tables of dataset {dataset}", ask)

    def make_dataset(self, dataset: str, like: str | None = None) -> None:
        """One that is there is no error. It is encrypted by default as the dataset `like` is."""
        made = bigquery.Dataset(f"{self._jobs.project}.{dataset}")
        made.location = self._jobs.location

        def ask() -> None:
            if like is not None:
                there = self._jobs.client.get_dataset(
                    f"{self._jobs.project}.{like}", **self._jobs.once
                )
                made.default_encryption_configuration = there.default_encryption_configuration
            with suppress(Conflict):
                self._jobs.client.create_dataset(made, **self._jobs.once)

        self._jobs.calls(f"make dataset {dataset}", ask)

    def remove(self, target: Target) -> None:
        """Absent is no error."""
        name = f"{self._jobs.project}.{target}"

        def ask() -> None:
            self._jobs.client.delete_table(name, not_found_ok=True, **self._jobs.once)

        self._jobs.calls(f"remove table {target}", ask)

    def make(self, table: PlannedTable) -> None:
        """Make it without rows; one that is there stays as it is."""
        name = self._jobs.name(table.target)
        self._change(table, f"CREATE TABLE IF NOT EXISTS {name} {definition(table)}")

    def add_columns(self, table: PlannedTable, found: Mapping[str, object]) -> None:
        """Let a table that has the columns `found` have all that are brought."""
        added = [
            f"ADD COLUMN IF NOT EXISTS {quoted(column)} {type_}"
            for column, type_ in columns_of(table).items()
            if column not in found
        ]
        if added:
            name = self._jobs.name(table.target)
            self._change(table, f"ALTER TABLE {name} {', '.join(added)}")

    def grow(self, table: PlannedTable, known: Mapping[str, str]) -> None:
        """Let it have the columns that are brought, and each a type that holds what is brought.

        `known` are its Arrow types by column. Doing it again does nothing. Raises SCHEMA_CHANGED.
        """
        wider = {
            field.name: _wider(table, field, known[field.name])
            for field in table.schema
            if field.name in known
        }
        self.add_columns(table, known)
        name = self._jobs.name(table.target)
        for column, type_ in wider.items():
            if type_:
                change = f"ALTER COLUMN {quoted(column)} SET DATA TYPE {type_}"
                self._change(table, f"ALTER TABLE {name} {change}")

    def _change(self, table: PlannedTable, sql: str) -> None:
        self._jobs.rows(f"change table {table.target}", Query(sql))


def check_names(tables: Sequence[PlannedTable]) -> None:
    """Refuse columns that BigQuery can't call so. Raises COLUMN_NAME_REFUSED."""
    for table in tables:
        for name in table.schema.names:
            if not _is_possible(name):
                raise HeadraceError(
                    COLUMN_NAME_REFUSED,
                    f"Table {table.source_table}: BigQuery has no column named '{name}'.",
                )


def _is_possible(column: str) -> bool:
    return (
        0 < len(column) <= _LONGEST_NAME
        and not column.upper().startswith(_RESERVED_COLUMNS)
        and all(c in _SIGNS or category(c).startswith(_CATEGORIES) for c in column)
    )


def columns_of(table: PlannedTable) -> Mapping[str, str]:
    """The types by name of a table that is made anew."""
    columns = {field.name: type_name(field.type) for field in table.schema}
    return {**columns, **dict([_MARK] if marks(table) else [])}


def definition(table: PlannedTable) -> str:
    """What follows the table's name in CREATE TABLE."""
    columns = ", ".join(f"{quoted(name)} {type_}" for name, type_ in columns_of(table).items())
    return f"({columns}){clauses(table)}"


def marks(table: PlannedTable) -> bool:
    """Whether deleted rows are marked in the table."""
    return table.increment is not None and table.increment.detect_deletes is DetectDeletes.SOFT


def fields_of(schema: pa.Schema) -> list[bigquery.SchemaField]:
    """The schema of a load job."""
    return [_field(field.name, field.type) for field in schema]


def layout_of(table: PlannedTable) -> tuple[object, ...]:
    """What `Found.layout` is of a table that is made anew."""
    by, clustered = table.layout.partition_by, table.layout.cluster_by
    if by is None:
        return (None, clustered)
    if by.range is not None:
        return ((by.column, by.range.start, by.range.end, by.range.interval), clustered)
    return ((by.column, str(by.granularity).upper()), clustered)


def _found(table: bigquery.Table) -> Found:
    parted: tuple[object, ...] | None = None
    if table.time_partitioning:
        parted = (table.time_partitioning.field, table.time_partitioning.type_)
    elif table.range_partitioning:
        numbers = table.range_partitioning.range_
        parted = (table.range_partitioning.field, numbers.start, numbers.end, numbers.interval)
    return Found(
        created=table.created,
        rows=int(table.num_rows or 0),
        columns={field.name: _written(field) for field in table.schema},
        layout=(parted, tuple(table.clustering_fields or ())),
    )


def _written(field: bigquery.SchemaField) -> str:
    name = _NAMES.get(field.field_type, field.field_type)
    if field.precision is not None:
        name = f"{name}({field.precision}, {field.scale or 0})"
    return f"ARRAY<{name}>" if field.mode == "REPEATED" else name


def _field(name: str, arrow: pa.DataType) -> bigquery.SchemaField:
    if pa.types.is_list(arrow):
        element = _field(name, arrow.value_type)
        return bigquery.SchemaField(
            name,
            element.field_type,
            mode="REPEATED",
            precision=element.precision,
            scale=element.scale,
        )
    written, _, digits = type_name(arrow).partition("(")
    if not digits:
        return bigquery.SchemaField(name, written)
    precision, scale = map(int, digits.rstrip(")").split(","))
    return bigquery.SchemaField(name, written, precision=precision, scale=scale)


def _wider(table: PlannedTable, field: pa.Field, before: str) -> str | None:
    """The type that the table's column has to get; None if it may stay."""
    if holds(before, str(field.type)):
        return None
    if not holds(str(field.type), before):
        raise HeadraceError(
            SCHEMA_CHANGED,
            f"Table {table.source_table}, column '{field.name}': {field.type} does not hold all "
            f"values of {before}.",
        )
    was, becomes = _name_of(before), type_name(field.type)
    if was == becomes:
        return None
    decimal = pa.types.is_decimal(field.type)
    if was == "INT64" and decimal and field.type.precision - field.type.scale < _DIGITS_OF_INT64:
        # BigQuery asks for room for each INT64, whatever the values are.
        return becomes.partition("(")[0]
    return becomes


def _name_of(arrow: str) -> str | None:
    """BigQuery's type for an Arrow type of that name that can become wider."""
    if digits := _DECIMAL.fullmatch(arrow):
        return type_name(pa.decimal128(int(digits[1]), int(digits[2])))
    return _ARROW.get(arrow)
