"""The list of tables, from what BigQuery knows of them: no table is read, no row counted."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from headrace.errors import PERMISSION_DENIED, HeadraceError
from headrace.googlesql.identifiers import literal, quoted
from headrace.sources.bigquery.errors import translated
from headrace.sources.bigquery.session import Described, Session
from headrace.tables import TableKind, TableRef, TableSummary

# One statement a dataset, whatever the number of its tables; it reads no table's rows.
_SUMMARIES = """
SELECT t.table_name, t.table_type, s.row_count, s.size_bytes, s.last_modified_time,
    c.number, c.partitioned, k.names, o.option_value
FROM {dataset}.INFORMATION_SCHEMA.TABLES t
LEFT JOIN {dataset}.__TABLES__ s ON s.table_id = t.table_name
LEFT JOIN (
    SELECT table_name, COUNT(*) AS number,
        COUNTIF(is_partitioning_column = 'YES') > 0 AS partitioned
    FROM {dataset}.INFORMATION_SCHEMA.COLUMNS GROUP BY table_name
) c ON c.table_name = t.table_name
LEFT JOIN (
    SELECT u.table_name, ARRAY_AGG(u.column_name ORDER BY u.ordinal_position) AS names
    FROM {dataset}.INFORMATION_SCHEMA.KEY_COLUMN_USAGE u
    JOIN {dataset}.INFORMATION_SCHEMA.TABLE_CONSTRAINTS p USING (constraint_name, table_name)
    WHERE p.constraint_type = 'PRIMARY KEY' GROUP BY u.table_name
) k ON k.table_name = t.table_name
LEFT JOIN {dataset}.INFORMATION_SCHEMA.TABLE_OPTIONS o
    ON o.table_name = t.table_name AND o.option_name = 'description'
{chosen}ORDER BY t.table_name
"""

# As INFORMATION_SCHEMA names them, and as the API does.
_KINDS = {
    "BASE TABLE": TableKind.TABLE,
    "CLONE": TableKind.TABLE,
    "TABLE": TableKind.TABLE,
    "SNAPSHOT": TableKind.TABLE,
    "VIEW": TableKind.VIEW,
    "MATERIALIZED VIEW": TableKind.MATERIALIZED_VIEW,
    "MATERIALIZED_VIEW": TableKind.MATERIALIZED_VIEW,
}
_WITHOUT_ROWS = (TableKind.VIEW, TableKind.FOREIGN)


def list_tables(session: Session) -> Iterator[TableSummary]:
    """All tables by dataset and name, one dataset after the other."""
    for dataset in datasets(session):
        yield from _of_dataset(session, dataset)


def datasets(session: Session) -> Sequence[str]:
    """Those that are named, else all that the account can see, by name."""
    if session.connection.datasets:
        return session.connection.named_datasets
    with translated("Listing the datasets"):
        found = session.clients.rest.list_datasets(
            session.connection.project,
            retry=session.patience.retry,
            timeout=session.patience.attempt,
        )
        return sorted(str(dataset.dataset_id) for dataset in found)


def summarise(session: Session, tables: Collection[TableRef]) -> Iterator[TableSummary]:
    """The lines of those tables that exist."""
    ordered = sorted(tables, key=lambda table: (table.schema_name, table.table_name))
    for dataset, of_dataset in groupby(ordered, key=lambda table: table.schema_name):
        names = [table.table_name for table in of_dataset]
        yield from _of_dataset(session, dataset, names)


def summarised(described: Described) -> TableSummary:
    """The line of a table of which all is known."""
    about = described.resource
    kind = _KINDS.get(described.kind, TableKind.FOREIGN)
    partitioned = bool(about.get("timePartitioning") or about.get("rangePartitioning"))
    if partitioned and kind is TableKind.TABLE:
        kind = TableKind.PARTITIONED
    with_rows = kind not in _WITHOUT_ROWS
    return TableSummary(
        schema_name=described.ref.schema_name,
        table_name=described.ref.table_name,
        kind=kind,
        estimated_rows=int(about["numRows"]) if with_rows and "numRows" in about else None,
        bytes=int(about["numBytes"]) if with_rows and "numBytes" in about else None,
        updated_at=_moment(about.get("lastModifiedTime")) if with_rows else None,
        comment=about.get("description") or None,
        primary_key=described.primary_key,
        column_count=len(described.fields),
        readable=True,
    )


def _of_dataset(
    session: Session, dataset: str, only: Sequence[str] | None = None
) -> Iterator[TableSummary]:
    """Who may not read all of a dataset is not told sizes, but may be told names."""
    what = f"Listing the tables of {dataset}"
    name = f"{quoted(session.connection.project)}.{quoted(dataset)}"
    chosen = ""
    if only is not None:
        chosen = f"WHERE t.table_name IN ({', '.join(map(literal, only))})\n"
    try:
        lines = session.query(what, _SUMMARIES.format(dataset=name, chosen=chosen))
    except HeadraceError as error:
        if error.kind is not PERMISSION_DENIED:
            raise
        yield from _named(session, dataset, only)
        return
    for line in lines:
        yield _summary(dataset, line)


def _summary(dataset: str, line: tuple[Any, ...]) -> TableSummary:
    name, type_, rows, size, modified, columns, partitioned, key, comment = line
    kind = _KINDS.get(type_, TableKind.FOREIGN)
    if partitioned and kind is TableKind.TABLE:
        kind = TableKind.PARTITIONED
    with_rows = kind not in _WITHOUT_ROWS
    return TableSummary(
        schema_name=dataset,
        table_name=name,
        kind=kind,
        estimated_rows=rows if with_rows else None,
        bytes=size if with_rows else None,
        updated_at=_moment(modified) if with_rows else None,
        comment=_unquoted(comment),
        primary_key=tuple(key or ()),
        column_count=columns or 0,
        readable=True,
    )


def _named(session: Session, dataset: str, only: Sequence[str] | None) -> Iterator[TableSummary]:
    with translated(f"Listing the tables of {dataset}"):
        listed = session.clients.rest.list_tables(
            f"{session.connection.project}.{dataset}",
            retry=session.patience.retry,
            timeout=session.patience.attempt,
        )
        for table in listed:
            if only is not None and table.table_id not in only:
                continue
            kind = _KINDS.get(str(table.table_type), TableKind.FOREIGN)
            yield TableSummary(
                schema_name=dataset,
                table_name=table.table_id,
                kind=kind,
                estimated_rows=None,
                bytes=None,
                comment=None,
                primary_key=(),
                column_count=0,
                readable=True,
            )


def _moment(milliseconds: object) -> datetime | None:
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC)


def _unquoted(option: str | None) -> str | None:
    """An option's value, which is told as a text in SQL."""
    if option is None:
        return None
    with suppress(ValueError):
        return str(json.loads(option)) or None
    return option.strip("\"'") or None
