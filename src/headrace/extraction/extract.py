"""Brings the selected tables of a source into a destination: all of them, or none."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from headrace.chunks import WHOLE
from headrace.destinations import Destination, Publication, StagedTable
from headrace.documents import Documents
from headrace.errors import CONNECTION_LOST, HeadraceError
from headrace.extraction.board import Board
from headrace.extraction.chunk_runs import ChunkRun, ChunkRuns, ChunkState
from headrace.extraction.deletes import Place, Sweep
from headrace.extraction.past import taken_by
from headrace.extraction.plan import check_whole, tell_snapshot
from headrace.extraction.planning import Planned, Planning, known_to
from headrace.extraction.reading import Reading, Workers
from headrace.extraction.retries import over, retrying
from headrace.extraction.snapshots import Connect, Snapshots, WorkerConnection
from headrace.extraction.staged_tables import staged, warn_of_digests, warn_of_snapshots
from headrace.model import Run, Source
from headrace.records import Runs

log = logging.getLogger(__name__)

# How often a table is read that has to be read from one snapshot.
_ROUNDS = 5


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
        connection = WorkerConnection(Snapshots(ports.connect, ""), ports.connect())
        opened.callback(connection.drop)
        planning = Planning(source, run, known, board)
        ask = partial(retrying(), over, connection)
        if run.plan is None:
            planned = ask(partial(planning.anew, destination=ports.destination))
            run = _stored(ports, run, planned, board)
        else:
            board.begin(run.tables)
            planned = ask(partial(planning.again, chunks=chunks))
            tell_snapshot(ports.documents, run, planned.plan.snapshot)
            log.info("going on with the plan of the attempt before")
        staging = ports.destination.staging(run.run_id)
        moments.resumable()
        reading = Reading(
            source=source,
            reads={read.selection.ref: read for read in planned.reads},
            staging=staging,
            chunks=chunks,
            connect=ports.connect,
        )
        _reset_lost(reading)
        workers = Workers(reading, board, connection.open(WHOLE))
        opened.callback(workers.close)
        board.planned(chunks.all())
        board.took(plan=time.monotonic() - began)
        records = _read(workers, chunks, board, partial(tell_snapshot, ports.documents, run))
        check_whole(planned.reads, records)
        began = time.monotonic()
        place = Place(ports.destination, staging, run.run_id)
        sweeps = [Sweep(read, source.unfit, staged(read, records), place) for read in planned.reads]
        tables = [_swept(workers, board, sweep) for sweep in sweeps]
        board.took(sweep=time.monotonic() - began)
    warn_of_snapshots(board, records)
    for table in tables:
        warn_of_digests(board, source, table)
    moments.publishing()
    # What reading took goes back, so that publishing does not add its own on top.
    pa.default_memory_pool().release_unused()
    log.info("publishing %d tables", len(tables))
    follows = {target: checkpoint.run_id for target, checkpoint in known.items()}
    publication = Publication(source.model_id, source.source_id, run.run_id, tuple(tables), follows)
    took = ports.destination.publish(publication)
    board.took(load=took.load_seconds, publish=took.publish_seconds)
    board.published()


def _stored(ports: Ports, run: Run, planned: Planned, board: Board) -> Run:
    """Have the destination agree, and store the plan: first the chunks, then what makes them count.

    Raises the errors of `Destination.check`.
    """
    tables = [read.planned for read in planned.reads]
    ports.destination.check(run.model_id, run.source_id, tables)
    ChunkRuns(ports.documents, run).write(planned.chunks)
    changes = {"plan": planned.plan, "tables": board.tables}
    return Runs(ports.documents).update(run, lambda stored: stored.model_copy(update=changes))


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
    """Have all chunks read; those that have to be of one snapshot again, if they are of several.

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
    return record.chunk.of_one_snapshot and any(
        other.ref == record.ref and other.snapshot != record.snapshot for other in records
    )
