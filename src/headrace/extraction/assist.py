"""What a run's further processes do: they read chunks of its plan, and nothing else.

The first process plans, publishes, and has the last word; the others may come, go or fail as they
like. A chunk that one of them gave up is read by whoever claims it next.
"""

from __future__ import annotations

import logging
import time

from headrace.errors import RUN_INTERRUPTED, HeadraceError
from headrace.extraction import lease
from headrace.extraction.board import Board
from headrace.extraction.chunk_runs import ChunkRuns
from headrace.extraction.extract import Ports
from headrace.extraction.past import taken_by
from headrace.extraction.planning import Planning, known_to
from headrace.extraction.progress import silent
from headrace.extraction.reading import Reading, Workers
from headrace.model import Run, Source, now
from headrace.records import Runs

log = logging.getLogger(__name__)

_SECONDS = 1.0


def assist(source: Source, run: Run, ports: Ports) -> None:
    """Read chunks until none is left, or the run has ended; raises what reading them raises.

    Raises RUN_INTERRUPTED when the run has ended, or its first process gives no sign of life.
    """
    run = _watched(ports, run)
    while run.plan is None:
        time.sleep(_SECONDS)
        run = _watched(ports, run)
    source = taken_by(run, source)
    board = Board(silent)
    board.begin(run.tables)
    database = ports.connect(run.plan.snapshot)
    try:
        chunks = ChunkRuns(ports.documents, run)
        known = known_to(ports.destination, source)
        planned = Planning(source, run, known, board).again(database, chunks)
        board.planned(chunks.all())
        reading = Reading(
            source=source,
            reads={read.selection.ref: read for read in planned.reads},
            staging=ports.destination.staging(run.run_id),
            chunks=chunks,
            connect=ports.connect,
        )
    except BaseException:
        database.close()
        raise
    workers = Workers(reading, board, database)
    told = run.plan.snapshot

    def watch() -> None:
        nonlocal told
        plan = _watched(ports, run).plan
        if plan is not None and plan.snapshot != told:
            told = plan.snapshot
            workers.see(told)

    try:
        watch()  # another attempt may have begun since, and see something else
        workers.run(watch)
    finally:
        workers.close()


def _watched(ports: Ports, run: Run) -> Run:
    stored = Runs(ports.documents).get(run.model_id, run.source_id, run.run_id)
    heard_of = stored.heartbeat_at or stored.requested_at
    if not stored.state.live or now() - heard_of > lease.DURATION:
        raise HeadraceError(RUN_INTERRUPTED, f"Run '{run.run_id}' goes on no more.")
    return stored
