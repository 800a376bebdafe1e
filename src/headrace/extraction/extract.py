"""Brings the selected tables of a source into a destination: all of them, or none."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from headrace import naming
from headrace.destinations import (
    Checkpoint,
    Destination,
    ExpectedDigests,
    Publication,
    StagedTable,
    Target,
)
from headrace.documents import Documents
from headrace.errors import CONNECTION_LOST, HeadraceError
from headrace.extraction.board import Board
from headrace.extraction.chunk_runs import ChunkRun, ChunkRuns, ChunkState
from headrace.extraction.deletes import Place, Sweep
from headrace.extraction.increments import PlannedRead, planned_read, source_names, windows
from headrace.extraction.past import past_windows, taken_by
from headrace.extraction.plan import (
    check_kept,
    check_whole,
    chunks_of,
    planned,
    tables_of,
    tell_snapshot,
    windows_of,
)
from headrace.extraction.reading import Reading, Workers
from headrace.extraction.snapshots import Connect
from headrace.model import Run, Source, Verification, Window
from headrace.records import Runs
from headrace.sources import Database
from headrace.tables import TableRef

log = logging.getLogger(__name__)

# How often a table is read that has to be read from one snapshot.
_ROUNDS = 5

Known = Mapping[Target, Checkpoint]


@dataclass(frozen=True)
class Ports:
    """What a run is done with; `connect` opens the source's database."""

    connect: Connect
    destination: Destination
    documents: Documents


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Moments:
    """What is called in the extraction's own thread; raising ends it."""

    resumable: Callable[[], None] = _nothing
    """From here on the run could go on if its process died, as far as its staging is kept."""
    publishing: Callable[[], None] = _nothing
    """The last moment at which the destination is as it was."""


def extract(
    source: Source, run: Run, ports: Ports, board: Board, moments: Moments = Moments()
) -> None:
    """Read each table into staging, chunk by chunk, then publish them together.

    The run has to be stored. If it has a plan already, it goes on with that: chunks that are done
    are not read again. Before a row is read, the destination has agreed to all tables. On any
    error the destination is as it was. What is staged stays until somebody discards it.

    Raises the errors of connecting, of reading, of the destination, ROWS_DISAGREE, and
    RUN_NOT_RESUMABLE if what the plan was made for has changed, and DOCUMENTS_UNREADABLE if chunks
    of it are gone.
    """
    source = taken_by(run, source)
    # Fail before the long part if the destination can't be read.
    known = known_to(ports.destination, source)
    if any(checkpoint.run_id == run.run_id for checkpoint in known.values()):
        board.begin(run.tables)
        board.published()  # by an attempt that could not say so any more
        return
    if run.plan is None:
        ports.destination.discard(run.run_id)
    began = time.monotonic()
    chunks = ChunkRuns(ports.documents, run)
    with ExitStack() as opened:
        database = ports.connect()
        opened.callback(database.close)
        if run.plan is None:
            reads, run = _plan(database, source, run, (ports, board, known))
        else:
            reads = _planned_before(database, source, run, (chunks, board, known))
            tell_snapshot(ports.documents, run, database.snapshot())
        staging = ports.destination.staging(run.run_id)
        moments.resumable()
        reading = Reading(
            source=source,
            reads={read.selection.ref: read for read in reads},
            staging=staging,
            chunks=chunks,
            connect=ports.connect,
        )
        _reset_lost(reading)
        workers = Workers(reading, board, database)
        opened.callback(workers.close)
        board.planned(chunks.all())
        board.took(plan=time.monotonic() - began)
        records = _read(workers, chunks, board, partial(tell_snapshot, ports.documents, run))
        check_whole(reads, records)
        began = time.monotonic()
        place = Place(ports.destination, staging, run.run_id)
        sweeps = [Sweep(read, source.unfit, _staged(read, records), place) for read in reads]
        tables = [_swept(workers, board, sweep) for sweep in sweeps]
        board.took(sweep=time.monotonic() - began)
    _warn_of_snapshots(board, records)
    for read, table in zip(reads, tables, strict=True):
        _warn_of_digests(board, source, read, table)
    moments.publishing()
    # What reading took goes back, so that publishing does not add its own on top.
    pa.default_memory_pool().release_unused()
    log.info("publishing %d tables", len(tables))
    follows = {target: checkpoint.run_id for target, checkpoint in known.items()}
    publication = Publication(source.model_id, source.source_id, run.run_id, tuple(tables), follows)
    took = ports.destination.publish(publication)
    board.took(load=took.load_seconds, publish=took.publish_seconds)
    board.published()


def known_to(destination: Destination, source: Source) -> Known:
    return {c.target: c for c in destination.checkpoints(source.model_id, source.source_id)}


def planned_reads(
    database: Database,
    source: Source,
    known: Known,
    taken: Mapping[TableRef, Window],
    board: Board,
) -> Sequence[PlannedRead]:
    """How each table is read, and what it becomes. Raises the errors of `planned_read`."""
    reads = []
    for selection in source.selection:
        checkpoint = known.get(naming.target(source, selection))
        with board.working_on(selection.ref):
            window = taken.get(selection.ref)
            reads.append(planned_read(database, source, selection, checkpoint, window))
    return reads


def _plan(
    database: Database, source: Source, run: Run, others: tuple[Ports, Board, Known]
) -> tuple[Sequence[PlannedRead], Run]:
    """Make the plan and store it: first the chunks, then what makes them count."""
    ports, board, known = others
    if run.backfill is None:
        taken = windows(database, source, ports.destination, known)  # it takes the snapshot anew
    else:
        taken = past_windows(database, source, known, run.backfill)
    database.snapshot()  # so may that, and all that follows is of the same
    chosen = [selection.ref for selection in source.selection]
    board.begin(tables_of(source, database.list_tables(chosen), taken))
    reads = planned_reads(database, source, known, taken, board)
    ports.destination.check(source.model_id, source.source_id, [r.planned for r in reads])
    chunks = chunks_of(database, source, reads)
    ChunkRuns(ports.documents, run).write(chunks)
    plan = planned(database, source, reads, known, chunks)
    changes = {"plan": plan, "tables": board.tables}
    runs = Runs(ports.documents)
    return reads, runs.update(run, lambda stored: stored.model_copy(update=changes))


def _planned_before(
    database: Database, source: Source, run: Run, others: tuple[ChunkRuns, Board, Known]
) -> Sequence[PlannedRead]:
    chunks, board, known = others
    board.begin(run.tables)
    reads = planned_reads(database, source, known, windows_of(run), board)
    in_chunks = [(record.ref, record.chunk) for record in chunks.all()]
    check_kept(run, planned(database, source, reads, known, in_chunks))
    log.info("going on with the plan of the attempt before")
    return reads


def _refresh(board: Board, chunks: ChunkRuns) -> None:
    """Show what other processes have done; if that can't be told now, it can later."""
    try:
        board.planned(chunks.all())
    except HeadraceError as error:
        if not error.transient:
            raise
        log.warning("how far the chunks are can't be told: %s", error.detail)


def _reset_lost(reading: Reading) -> None:
    """Have read again what an attempt before has claimed and not done, or whose files are gone."""
    for record in reading.chunks.all():
        if record.state is ChunkState.CLAIMED or not all(
            reading.staging.filesystem.get_file_info(file.path).size == file.bytes
            for file in record.files
        ):
            reading.chunks.reset(record)


def _read(
    workers: Workers, chunks: ChunkRuns, board: Board, tell: Callable[[str], None]
) -> Sequence[ChunkRun]:
    """Have all chunks read; those by place again that were read from several snapshots.

    Other processes are told which snapshot these are to be read from.
    """
    for _ in range(_ROUNDS):
        workers.run(partial(_refresh, board, chunks))
        records = chunks.all()
        board.planned(records)
        mixed = [record for record in records if _mixed(record, records)]
        if not mixed:
            return records
        tell(workers.snapshot)
        for record in mixed:
            if record.snapshot != workers.snapshot:
                log.warning("chunk %s of %s is read anew, in one snapshot", record.name, record.ref)
                chunks.reset(record)
        board.planned(chunks.all())
    raise HeadraceError(
        CONNECTION_LOST,
        f"Reading {mixed[0].ref}: connections broke so often that it could not be read from one "
        "snapshot.",
    )


def _swept(workers: Workers, board: Board, sweep: Sweep) -> StagedTable:
    """The table with what is deleted in the source, where that is looked for."""
    if not sweep.wanted:
        return sweep.table
    ref = sweep.read.selection.ref
    swept = workers.over_connection(ref, sweep.over)
    board.swept(ref, swept.deleted, swept.bytes)
    return swept.table


def _mixed(record: ChunkRun, records: Sequence[ChunkRun]) -> bool:
    return record.chunk.physical and any(
        other.ref == record.ref and other.snapshot != record.snapshot for other in records
    )


def _warn_of_snapshots(board: Board, records: Sequence[ChunkRun]) -> None:
    for table in dict.fromkeys(record.ref for record in records):
        seen = {record.snapshot for record in records if record.ref == table}
        if len(seen) > 1:
            board.warn(
                f"Table {table} was read from {len(seen)} snapshots, which the database began one "
                "after another: rows that were changed in between may be of either."
            )


def _staged(read: PlannedRead, records: Sequence[ChunkRun]) -> StagedTable:
    mine = [record for record in records if record.ref == read.selection.ref]
    files = tuple(file for record in mine for file in record.files)
    expected = tuple(_expected(read, record) for record in mine if record.digests)
    return StagedTable(**vars(read.planned), files=files, expected=expected)


def _expected(read: PlannedRead, record: ChunkRun) -> ExpectedDigests:
    digests = {
        name: record.digests[source_name]
        for name, source_name in source_names(read.planned.schema).items()
        if source_name in record.digests
    }
    return ExpectedDigests(record.described, tuple(f.path for f in record.files), digests)


def _warn_of_digests(board: Board, source: Source, read: PlannedRead, staged: StagedTable) -> None:
    if source.verify is not Verification.DIGEST or not staged.expected:
        return
    lacking = set(staged.schema.names) - set(staged.expected[0].digests)
    if lacking:
        board.warn(
            f"Table {read.selection.ref}: the values of {', '.join(sorted(lacking))} were not "
            "held against the source's, which has no digest of them."
        )
