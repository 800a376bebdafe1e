"""Brings the selected tables of a source into a destination: all of them, or none."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pyarrow as pa

from headrace import naming
from headrace.destinations import Destination, Publication, StagedTable, Staging
from headrace.errors import TABLE_CHANGED, HeadraceError
from headrace.extraction.column_names import told_apart
from headrace.extraction.increments import PlannedRead, planned_read, windows
from headrace.extraction.plan import plan
from headrace.extraction.progress import Progress
from headrace.extraction.worker import stage
from headrace.logs import log_context
from headrace.model import Selection, Source, TableRun, TableState
from headrace.sources import Database

log = logging.getLogger(__name__)


def extract(
    source: Source,
    connect: Callable[[], Database],
    destination: Destination,
    run_id: str,
    progress: Progress,
) -> tuple[TableRun, ...]:
    """Read each table into staging, then publish them together; returns them as published.

    `connect` opens the source's database. Before a row is read, the destination has agreed to
    all tables. On any error the destination is as it was, and the staging is gone. Raises the
    errors of connecting, of reading, of the destination, and ROWS_DISAGREE.
    """
    # Fail before the long part if the destination can't be read.
    known = {c.target: c for c in destination.checkpoints(source.model_id, source.source_id)}
    destination.discard(run_id)  # of an earlier attempt at the same run
    try:
        with closing(connect()) as database:
            taken = windows(database, source, destination, known)  # it takes the snapshot anew
            chosen = [selection.ref for selection in source.selection]
            board = _Board(plan(source, database.list_tables(chosen), taken), progress)
            reads = []
            for selection in source.selection:
                checkpoint = known.get(naming.target(source, selection))
                with board.working_on(selection):
                    reads.append(
                        planned_read(
                            database, source, selection, checkpoint, taken.get(selection.ref)
                        )
                    )
            destination.check(source.model_id, source.source_id, [r.planned for r in reads])
            staging = destination.staging(run_id)
            tables = tuple(_stage(database, source, read, staging, board) for read in reads)
        # What reading took goes back, so that publishing does not add its own on top.
        pa.default_memory_pool().release_unused()
        log.info("publishing %d tables", len(tables))
        follows = {target: checkpoint.run_id for target, checkpoint in known.items()}
        destination.publish(Publication(source.model_id, source.source_id, run_id, tables, follows))
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

    @contextmanager
    def working_on(self, selection: Selection) -> Iterator[None]:
        """Logs name the table; it is shown as failed if it does."""
        with log_context(table=str(selection.ref)):
            try:
                yield
            except HeadraceError:
                self.show(self[selection].model_copy(update={"state": TableState.FAILED}))
                raise


def _stage(
    database: Database, source: Source, read: PlannedRead, staging: Staging, board: _Board
) -> StagedTable:
    planned = read.planned
    with board.working_on(read.selection):
        if read.window is not None and read.window.empty:
            board.show(board[read.selection].model_copy(update={"state": TableState.STAGED}))
            return StagedTable(**vars(planned))
        with database.read(read.selection, source.unfit, read.window) as reader:
            if told_apart(reader.schema) != planned.schema:
                raise HeadraceError(
                    TABLE_CHANGED, f"Reading {planned.source_table}: its columns changed meanwhile."
                )
            table = board[read.selection]
            staged = stage(reader, table, staging, board.show, planned.increment)
        log.info("staged %d rows", staged.rows)
        return staged


def _discard(destination: Destination, run_id: str) -> None:
    """What is left of a staging costs room, but spoils nothing."""
    try:
        destination.discard(run_id)
    except HeadraceError as error:
        log.warning("the staging stays behind: %s", error.detail)
