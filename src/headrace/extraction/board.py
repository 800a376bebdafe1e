"""Where each table of a run stands, as its workers tell."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock

from headrace.errors import HeadraceError
from headrace.extraction.chunk_runs import ChunkRun, ChunkState
from headrace.extraction.progress import Progress
from headrace.extraction.worker import Figures
from headrace.logs import log_context
from headrace.model import Phases, TableRun, TableState
from headrace.tables import TableRef


@dataclass
class _Standing:
    """What is known of a table's chunks."""

    chunks: int = 0
    chunks_done: int = 0
    done: Figures = field(default_factory=Figures)
    under_way: dict[str, Figures] = field(default_factory=dict)
    began: float | None = None

    def add(self, chunk: ChunkRun) -> None:
        self.under_way.pop(chunk.name, None)
        self.chunks_done += 1
        self.done += Figures(
            chunk.rows, chunk.bytes, chunk.read_seconds, chunk.write_seconds, chunk.unfit
        )

    def shown(self, table: TableRun) -> TableRun:
        figures = sum(self.under_way.values(), self.done)
        seconds = table.seconds if self.began is None else time.monotonic() - self.began
        state = TableState.READING if figures.rows or self.under_way else TableState.WAITING
        if self.chunks_done == self.chunks:
            state = TableState.STAGED
        return table.model_copy(
            update={
                "state": state,
                "chunks": self.chunks,
                "chunks_done": self.chunks_done,
                "rows": figures.rows,
                "bytes": figures.bytes,
                "seconds": seconds,
                "rows_per_second": figures.rows / seconds if seconds else 0.0,
                "unfit": dict(figures.unfit),
            }
        )


class Board:
    """The tables, warnings and phases of a run, told by many threads.

    `progress` is told of each change.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = RLock()
        self._tables: dict[TableRef, TableRun] = {}
        self._standing: dict[TableRef, _Standing] = {}
        self._seconds: dict[str, float] = {}
        self._warnings: dict[str, None] = {}

    @property
    def tables(self) -> tuple[TableRun, ...]:
        with self._lock:
            return tuple(self._tables.values())

    @property
    def warnings(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._warnings)

    @property
    def phases(self) -> Phases:
        with self._lock:
            done = sum((standing.done for standing in self._standing.values()), Figures())
            return Phases(**self._seconds, read=done.read_seconds, write=done.write_seconds)

    def begin(self, tables: Iterable[TableRun]) -> None:
        with self._lock:
            self._tables = {table.ref: table for table in tables}
            self._tell()

    def planned(self, records: Collection[ChunkRun]) -> None:
        """The chunks of all tables, as they are recorded; a table without any is staged.

        Told again, it says what other processes have done.
        """
        with self._lock:
            for ref, table in self._tables.items():
                mine = [record for record in records if record.ref == ref]
                before = self._standing.get(ref, _Standing())
                standing = self._standing[ref] = _Standing(
                    chunks=len(mine), under_way=before.under_way, began=before.began
                )
                for record in mine:
                    if record.state is ChunkState.DONE:
                        standing.add(record)
                self._tables[ref] = standing.shown(table)
            self._tell()

    def reading(self, chunk: ChunkRun, figures: Figures) -> None:
        with self._lock:
            standing = self._standing[chunk.ref]
            standing.under_way[chunk.name] = figures
            standing.began = standing.began or time.monotonic() - figures.read_seconds
            self._show(chunk.ref)

    def dropped(self, chunk: ChunkRun) -> None:
        """What was read of it counts no more."""
        with self._lock:
            if self._standing[chunk.ref].under_way.pop(chunk.name, None):
                self._show(chunk.ref)

    def split(self, chunk: ChunkRun, parts: int) -> None:
        with self._lock:
            self._standing[chunk.ref].chunks += parts - 1
            self._show(chunk.ref)

    def done(self, chunk: ChunkRun) -> None:
        with self._lock:
            self._standing[chunk.ref].add(chunk)
            self._show(chunk.ref)

    def warn(self, sentence: str) -> None:
        with self._lock:
            self._warnings[sentence] = None

    def took(self, **seconds: float) -> None:
        """How long phases took; see `Phases`."""
        with self._lock:
            self._seconds.update(seconds)

    def swept(self, table: TableRef, deleted: int, received: int) -> None:
        """How many rows were found to be deleted, and the bytes that were received for that."""
        with self._lock:
            figures = {"deleted": deleted, "sweep_bytes": received}
            self._tables[table] = self._tables[table].model_copy(update=figures)
            self._tell()

    def published(self) -> None:
        with self._lock:
            for ref, table in self._tables.items():
                self._tables[ref] = table.model_copy(update={"state": TableState.PUBLISHED})
            self._tell()

    @contextmanager
    def working_on(self, table: TableRef) -> Iterator[None]:
        """Logs name the table; it is shown as failed if it does."""
        with log_context(table=str(table)):
            try:
                yield
            except HeadraceError:
                with self._lock:
                    state = {"state": TableState.FAILED}
                    self._tables[table] = self._tables[table].model_copy(update=state)
                    self._tell()
                raise

    def _show(self, ref: TableRef) -> None:
        table = self._tables[ref]
        if table.state is not TableState.FAILED:
            self._tables[ref] = self._standing[ref].shown(table)
        self._tell()

    def _tell(self) -> None:
        self._progress(tuple(self._tables.values()))
