"""What a run asks the source's database before it reads a row: what there is to take, and how."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headrace import naming
from headrace.chunks import Chunk
from headrace.destinations import Checkpoint, Destination, Target
from headrace.extraction.board import Board
from headrace.extraction.chunk_runs import ChunkRuns
from headrace.extraction.increments import PlannedRead, planned_read, windows
from headrace.extraction.past import past_windows
from headrace.extraction.plan import check_kept, chunks_of, planned, tables_of, windows_of
from headrace.model import Plan, Run, Source, Window
from headrace.sources import Database
from headrace.tables import TableRef

log = logging.getLogger(__name__)

Known = Mapping[Target, Checkpoint]


@dataclass(frozen=True)
class Planned:
    """How each table is read and what it becomes, the chunks of all, and what that depends on."""

    reads: Sequence[PlannedRead]
    chunks: Sequence[tuple[TableRef, Chunk]]
    plan: Plan


@dataclass(frozen=True)
class Planning:
    """Plans a run, and writes nothing, so that it can be done once more when it breaks off.

    `known` are the checkpoints of the run's source.
    """

    source: Source
    run: Run
    known: Known
    board: Board

    def anew(self, database: Database, destination: Destination) -> Planned:
        """Fix the windows, and cut the tables into chunks.

        Raises the errors of `windows`, `past_windows` and `planned_read`.
        """
        if self.run.backfill is None:
            # It takes the snapshot anew.
            taken = windows(database, self.source, destination, self.known)
        else:
            taken = past_windows(database, self.source, self.known, self.run.backfill)
        database.snapshot()  # so may that, and all that follows is of the same
        chosen = [selection.ref for selection in self.source.selection]
        self.board.begin(tables_of(self.source, database.list_tables(chosen), taken))
        reads = self._reads(database, taken)
        return self._planned(database, reads, chunks_of(database, self.source, reads))

    def again(self, database: Database, chunks: ChunkRuns) -> Planned:
        """Keep to the plan of the attempt before. Raises RUN_NOT_RESUMABLE."""
        reads = self._reads(database, windows_of(self.run))
        in_chunks = [(record.ref, record.chunk) for record in chunks.all()]
        found = self._planned(database, reads, in_chunks)
        check_kept(self.run, found.plan)
        return found

    def _reads(self, database: Database, taken: Mapping[TableRef, Window]) -> Sequence[PlannedRead]:
        reads = []
        for selection in self.source.selection:
            checkpoint = self.known.get(naming.target(self.source, selection))
            with self.board.working_on(selection.ref):
                window = taken.get(selection.ref)
                reads.append(planned_read(database, self.source, selection, checkpoint, window))
        return reads

    def _planned(
        self,
        database: Database,
        reads: Sequence[PlannedRead],
        chunks: Sequence[tuple[TableRef, Chunk]],
    ) -> Planned:
        return Planned(reads, chunks, planned(database, self.source, reads, self.known, chunks))


def known_to(destination: Destination, source: Source) -> Known:
    return {c.target: c for c in destination.checkpoints(source.model_id, source.source_id)}
