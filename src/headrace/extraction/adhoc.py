"""One extraction by hand, of a source that is stored nowhere."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from contextlib import closing

from headrace import naming
from headrace.connections import Connection
from headrace.destinations import Destination
from headrace.documents.sqlite import SqliteDocuments
from headrace.errors import INVALID_INPUT, Field, HeadraceError
from headrace.extraction.board import Board
from headrace.extraction.discard import discard
from headrace.extraction.extract import Ports, extract
from headrace.extraction.plan import tables_of
from headrace.extraction.progress import Progress
from headrace.extraction.snapshots import Connect
from headrace.ids import new_id
from headrace.model import Run, Selection, Source, SourceState, TableRun, now
from headrace.records import Runs

# The model that owns what is extracted by hand.
MODEL_ID = "command-line"

_PART = r'"(?:[^"]|"")+"|[^".]+'
_TABLE = re.compile(rf"(?:({_PART})\.)?({_PART})")


def adhoc_source(connection: Connection, tables: Sequence[str], dataset: str | None) -> Source:
    """A source of the named tables: `orders`, `sales.orders`, or quoted as in SQL.

    Its id stands for the dataset: the next extraction by hand into it may replace the tables of
    this one, by whatever name the server was called, and nobody else's. Raises INVALID_INPUT
    naming every wrong table.
    """
    name = dataset or naming.dataset_name(connection.database)
    wrong = [
        Field(table, "is not written like schema.table")
        for table in tables
        if not _is_named(connection, table)
    ]
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", name):
        wrong.append(Field("dataset", "holds letters, digits and underscores alone"))
    if wrong:
        raise HeadraceError(INVALID_INPUT, "The tables can't be taken.", fields=wrong)
    return Source(
        model_id=MODEL_ID,
        source_id=hashlib.sha256(name.lower().encode()).hexdigest()[:24],
        name=name,
        connection=connection,
        credentials_secret_name="",
        dataset=name,
        selection=tuple(
            {(chosen := _selection(connection, table)).ref: chosen for table in tables}.values()
        ),
        state=SourceState.ACTIVE,
        created_at=now(),
        updated_at=now(),
    )


def extract_once(
    source: Source, connect: Connect, destination: Destination, progress: Progress
) -> tuple[TableRun, ...]:
    """Extract, with documents that last no longer; returns the tables as published.

    On any error the destination is as it was, and the staging is gone. Raises what
    `headrace.extraction.extract.extract` raises.
    """
    run = Run(
        model_id=source.model_id,
        source_id=source.source_id,
        run_id=new_id(),
        requested_at=now(),
        tables=tables_of(source),
    )
    board = Board(progress)
    with closing(SqliteDocuments(None)) as documents:
        try:
            ports = Ports(connect, destination, documents)
            extract(source, Runs(documents).create(run), ports, board)
        finally:
            discard(destination, run.run_id)
    return board.tables


def _is_named(connection: Connection, table: str) -> bool:
    match = _TABLE.fullmatch(table)
    return match is not None and bool(match[1] or connection.default_schema)


def _selection(connection: Connection, table: str) -> Selection:
    match = _TABLE.fullmatch(table)
    assert match  # noqa: S101 - checked by the only caller
    schema, name = match.groups()
    return Selection(
        schema_name=_unquoted(schema) if schema else connection.default_schema,
        table_name=_unquoted(name),
    )


def _unquoted(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part
