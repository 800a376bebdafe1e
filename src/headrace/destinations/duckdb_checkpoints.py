"""What a DuckDB file remembers of its tables, in the schema `_headrace`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import duckdb

from headrace.destinations import Checkpoint, Publication, StagedTable, Target
from headrace.destinations.drift import merged
from headrace.destinations.duckdb_sql import comment, count, exists
from headrace.destinations.staged import columns_of
from headrace.errors import DESTINATION_CONFLICT, HeadraceError
from headrace.identity import Identity
from headrace.tables import TableRef

CHECKPOINTS = Target("_headrace", "checkpoints")
NOBODY = ("", "")  # the model and the source of a table that was let go

# Columns that came later are added to the tables of older files.
BOOKKEEPING = """
CREATE SCHEMA IF NOT EXISTS _headrace;
CREATE TABLE IF NOT EXISTS _headrace.runs (
    run_id VARCHAR PRIMARY KEY,
    model_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    published_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS _headrace.checkpoints (
    dataset VARCHAR NOT NULL,
    destination_table VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    schema_name VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    rows BIGINT NOT NULL,
    columns JSON NOT NULL,
    published_at TIMESTAMPTZ NOT NULL
);
"""
_LATER = {
    "cursor": "JSON",
    "position": "VARCHAR",
    "total": "BIGINT",
    "mark": "VARCHAR",
    "filter": "VARCHAR",
    "database": "JSON",
}
_COLUMNS = (
    "schema_name, table_name, dataset, destination_table, run_id, rows, epoch_us(published_at), "
    "columns"
)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables, or bring those of an older file up to date."""
    connection.execute(BOOKKEEPING)
    present = _columns(connection)
    for name, type_ in _LATER.items():
        if name not in present:
            connection.execute(f'ALTER TABLE _headrace.checkpoints ADD COLUMN "{name}" {type_}')


def read(
    connection: duckdb.DuckDBPyConnection, model_id: str, source_id: str
) -> Sequence[Checkpoint]:
    """The checkpoints of a source, by target."""
    if not exists(connection, CHECKPOINTS):
        return []
    present = _columns(connection)
    later = ", ".join(f'"{name}"' if name in present else "NULL" for name in _LATER)
    rows = connection.execute(
        f"SELECT {_COLUMNS}, {later} FROM _headrace.checkpoints "  # noqa: S608 - constants
        "WHERE model_id = $1 AND source_id = $2 ORDER BY dataset, destination_table",
        [model_id, source_id],
    ).fetchall()
    return [_checkpoint(connection, model_id, source_id, row) for row in rows]


def mark(table: StagedTable, publication: Publication) -> str:
    """What is written on a table that this publication makes: by it the table is known again."""
    return f"Brought by Headrace from {table.source_table}, first by run {publication.run_id}"


def remember_run(connection: duckdb.DuckDBPyConnection, publication: Publication) -> bool:
    """Write down that the run has published; False if it had."""
    known = "SELECT 1 FROM _headrace.runs WHERE run_id = $1"
    if connection.execute(known, [publication.run_id]).fetchone():
        return False
    connection.execute(
        "INSERT INTO _headrace.runs VALUES ($1, $2, $3, $4)",
        [publication.run_id, publication.model_id, publication.source_id, datetime.now(UTC)],
    )
    return True


def remember(
    connection: duckdb.DuckDBPyConnection,
    publication: Publication,
    table: StagedTable,
    before: Checkpoint | None,
) -> None:
    """Write the checkpoint of a table that has just been loaded."""
    columns: Sequence[object] = columns_of(table.schema)
    if before is not None and not table.replaces:
        columns = merged(before.columns, columns_of(table.schema))
    increment = table.increment
    target = [table.target.dataset, table.target.table]
    connection.execute(
        "DELETE FROM _headrace.checkpoints "
        "WHERE lower(dataset) = lower($1) AND lower(destination_table) = lower($2)",
        target,
    )
    connection.execute(
        "INSERT INTO _headrace.checkpoints (dataset, destination_table, model_id, source_id, "
        "schema_name, table_name, run_id, rows, columns, published_at, cursor, position, total, "
        'mark, "filter", "database") '
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        [
            *target,
            publication.model_id,
            publication.source_id,
            table.source_table.schema_name,
            table.source_table.table_name,
            publication.run_id,
            table.rows,
            json.dumps(columns, ensure_ascii=False),
            datetime.now(UTC),
            json.dumps(increment.window.cursor if increment else [], ensure_ascii=False),
            increment.position if increment else None,
            count(connection, table.target),
            comment(connection, table.target),
            increment.window.filter if increment else "",
            increment.database.model_dump_json() if increment and increment.database else None,
        ],
    )


def check_owner(
    connection: duckdb.DuckDBPyConnection, owner: tuple[str, str], target: Target
) -> None:
    """Refuse a table that is there, unless it is the owner's or was let go."""
    if not exists(connection, target):
        return
    known = _owner(connection, target)
    if known is None:
        raise HeadraceError(
            DESTINATION_CONFLICT, f"Table {target} exists already and was not made by Headrace."
        )
    if known not in (owner, NOBODY):
        raise HeadraceError(
            DESTINATION_CONFLICT,
            f"Table {target} belongs to source '{known[1]}' of model '{known[0]}'.",
        )


def disown(connection: duckdb.DuckDBPyConnection, model_id: str, source_id: str) -> None:
    connection.execute(
        "UPDATE _headrace.checkpoints SET model_id = '', source_id = '' "
        "WHERE model_id = $1 AND source_id = $2",
        [model_id, source_id],
    )


def forget(
    connection: duckdb.DuckDBPyConnection, model_id: str, source_id: str, target: Target
) -> None:
    connection.execute(
        "UPDATE _headrace.checkpoints SET position = NULL WHERE model_id = $1 AND source_id = $2 "
        "AND lower(dataset) = lower($3) AND lower(destination_table) = lower($4)",
        [model_id, source_id, target.dataset, target.table],
    )


def _owner(connection: duckdb.DuckDBPyConnection, target: Target) -> tuple[str, str] | None:
    if not exists(connection, CHECKPOINTS):
        return None
    owner: tuple[str, str] | None = connection.execute(
        "SELECT model_id, source_id FROM _headrace.checkpoints "
        "WHERE lower(dataset) = lower($1) AND lower(destination_table) = lower($2)",
        [target.dataset, target.table],
    ).fetchone()
    return owner


def _checkpoint(
    connection: duckdb.DuckDBPyConnection, model_id: str, source_id: str, row: tuple[object, ...]
) -> Checkpoint:
    schema, name, dataset, table, run_id, rows, published, *later = row
    columns, cursor, position, total, on_it, filtered, database = later
    target = Target(str(dataset), str(table))
    if position is not None and not _intact(connection, target, total, on_it):
        position = None
    return Checkpoint(
        model_id=model_id,
        source_id=source_id,
        source_table=TableRef(schema_name=str(schema), table_name=str(name)),
        target=target,
        run_id=str(run_id),
        rows=int(str(rows)),
        published_at=datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(str(published))),
        columns=tuple(json.loads(str(columns))),
        cursor=tuple(json.loads(str(cursor))) if cursor else (),
        position=None if position is None else str(position),
        filter=str(filtered or ""),
        database=Identity.model_validate_json(str(database)) if database else None,
    )


def _intact(
    connection: duckdb.DuckDBPyConnection, target: Target, total: object, mark: object
) -> bool:
    """Whether the table is the one that was published, and was not emptied since."""
    if mark is None or comment(connection, target) != mark:
        return False
    return not total or count(connection, target) > 0


def _columns(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_catalog = "
        "current_database() AND table_schema = '_headrace' AND table_name = 'checkpoints'"
    ).fetchall()
    return {name for (name,) in rows}
