"""Brings the selected tables of a source into a destination: all of them, or none."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, closing

import pyarrow as pa

from headrace.destinations import Destination, Publication, StagedTable, Staging
from headrace.errors import HeadraceError
from headrace.extraction.plan import plan
from headrace.extraction.progress import Progress
from headrace.extraction.worker import stage
from headrace.logs import log_context
from headrace.model import Selection, Source, TableRun, TableState
from headrace.sources import Database, TableReader

log = logging.getLogger(__name__)


def extract(
    source: Source,
    connect: Callable[[], Database],
    destination: Destination,
    run_id: str,
    progress: Progress,
) -> tuple[TableRun, ...]:
    """Read each table into staging, then publish them together; returns them as published.

    `connect` opens the source's database. On any error the destination is as it was, and the
    staging is gone. Raises the errors of connecting, of reading, of the destination, and
    ROWS_DISAGREE.
    """
    # Fail before the long part if the destination can't be read.
    destination.checkpoints(source.model_id, source.source_id)
    destination.discard(run_id)  # of an earlier attempt at the same run
    try:
        with closing(connect()) as database:
            board = _Board(plan(source, database.list_tables()), progress)
            staging = destination.staging(run_id)
            tables = tuple(
                _stage(
                    database.read(selection, source.unfit), selection, destination, staging, board
                )
                for selection in source.selection
            )
        # What reading took goes back, so that publishing does not add its own on top.
        pa.default_memory_pool().release_unused()
        log.info("publishing %d tables", len(tables))
        destination.publish(Publication(source.model_id, source.source_id, run_id, tables))
    finally:
        _discard(destination, run_id)
    return board.published()


class _Board:
    """Where each table of the run stands."""

    def __init__(self, tables: tuple[TableRun, ...], progress: Progress) -> None:
        self._tables = {table.ref: table for table in tables}
        self._progress = progress

    def __getitem__(self, selection: Selection) -> TableRun:
        return self._tables[selection.ref]

    def show(self, table: TableRun) -> None:
        self._tables[table.ref] = table
        self._progress(tuple(self._tables.values()))

    def published(self) -> tuple[TableRun, ...]:
        for ref, table in self._tables.items():
            self._tables[ref] = table.model_copy(update={"state": TableState.PUBLISHED})
        tables = tuple(self._tables.values())
        self._progress(tables)
        return tables


def _stage(
    reading: AbstractContextManager[TableReader],
    selection: Selection,
    destination: Destination,
    staging: Staging,
    board: _Board,
) -> StagedTable:
    with log_context(table=str(selection.ref)):
        try:
            with reading as reader:
                _check_types(destination, selection, reader)
                staged = stage(reader, board[selection], staging, board.show)
        except HeadraceError:
            board.show(board[selection].model_copy(update={"state": TableState.FAILED}))
            raise
        log.info("staged %d rows", staged.rows)
        return staged


def _check_types(destination: Destination, selection: Selection, reader: TableReader) -> None:
    """Refuse a type that can't be published before its table is read."""
    for field in reader.schema:
        try:
            destination.type_name(field.type)
        except HeadraceError as error:
            raise HeadraceError(
                error.kind, f"Table {selection.ref}, column '{field.name}': {error.detail}"
            ) from error


def _discard(destination: Destination, run_id: str) -> None:
    """What is left of a staging costs room, but spoils nothing."""
    try:
        destination.discard(run_id)
    except HeadraceError as error:
        log.warning("the staging stays behind: %s", error.detail)
