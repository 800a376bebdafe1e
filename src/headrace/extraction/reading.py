"""The workers of a process: threads that claim chunks and read them, until none is left."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass
from typing import TypeVar

from headrace.chunks import Chunk
from headrace.destinations import Staging
from headrace.digests import Digest
from headrace.errors import TOO_MANY_CONNECTIONS, HeadraceError
from headrace.extraction.board import Board
from headrace.extraction.chunk_runs import (
    LEASE,
    RENEWAL_SECONDS,
    ChunkRun,
    ChunkRuns,
    ChunkState,
    Held,
)
from headrace.extraction.increments import PlannedRead
from headrace.extraction.retries import ATTEMPTS, over, passes, retrying, retrying_for
from headrace.extraction.snapshots import Connect, Snapshots, WorkerConnection
from headrace.extraction.worker import Figures, stage
from headrace.ids import new_id
from headrace.logs import log_context
from headrace.model import Source, Verification, now
from headrace.sources import Database
from headrace.tables import TableRef

log = logging.getLogger(__name__)

T = TypeVar("T")

# One that is just logging in can't be interrupted, but reads nothing any more either.
_LONGEST_END_SECONDS = 5.0

# How often a worker that finds nothing to do looks whether another's chunk has become free.
_IDLE_SECONDS = 0.5
_TICK_SECONDS = 2.0


@dataclass(frozen=True)
class Reading:
    """What is read, how, and where it goes."""

    source: Source
    reads: Mapping[TableRef, PlannedRead]
    staging: Staging
    chunks: ChunkRuns
    connect: Connect


class _StoppedError(Exception):
    """Another worker has failed, or the run was told to end."""


class _NotLetInError(Exception):
    """The server has no connection for this worker, and others have theirs."""


class Workers:
    """Threads that read chunks: as many as the source's `parallel`, or as the server lets in.

    `first` is a connection that is there already; the first worker takes it over.
    """

    def __init__(self, reading: Reading, board: Board, first: Database) -> None:
        self._reading = reading
        self._board = board
        self._snapshots = Snapshots(reading.connect, first.snapshot())
        self._over = threading.Event()
        self._failure: BaseException | None = None
        self._held: set[Held] = set()
        self._lock = threading.Lock()
        self._name = new_id()
        others = reading.source.parallel - 1
        self._connections = [
            WorkerConnection(self._snapshots, first),
            *(WorkerConnection(self._snapshots, None) for _ in range(others)),
        ]

    @property
    def snapshot(self) -> str:
        """What connections are to see: see `Snapshots`."""
        return self._snapshots.wanted

    def see(self, snapshot: str) -> None:
        """Have connections that are made from now on see that one, and what is read by place."""
        self._snapshots.wanted = snapshot

    def run(self, tick: Callable[[], object] = lambda: None) -> None:
        """Return when all chunks are done; raise the first error that no retry has mended.

        `tick` is called in this thread every few seconds; raising ends the reading.
        """
        self._over.clear()
        threads = [
            self._thread(f"worker {number}", self._work, number, connection)
            for number, connection in enumerate(self._connections)
        ]
        renewing = self._thread("renewal", self._renew)
        try:
            for thread in threads:
                thread.join(_TICK_SECONDS)
                while thread.is_alive():
                    tick()
                    thread.join(_TICK_SECONDS)
        finally:
            self._end(threads)
            renewing.join()
        if self._failure:
            raise self._failure

    def over_connection(self, table: TableRef, work: Callable[[Database], T]) -> T:
        """Do that with the table in this thread, over one of the connections, once `run` is over.

        What a transient fault has broken off is done again, as the reading of a chunk is.
        """
        self._over.clear()
        with self._board.working_on(table):
            done: T = retrying(self._pause)(over, self._connections[0], work)
            return done

    def close(self) -> None:
        for connection in self._connections:
            connection.drop()

    def _thread(self, name: str, work: Callable[..., None], *args: object) -> threading.Thread:
        context = copy_context()  # so that its logs name the run
        thread = threading.Thread(target=lambda: context.run(work, *args), name=name, daemon=True)
        thread.start()
        return thread

    def _end(self, threads: list[threading.Thread]) -> None:
        self._over.set()
        until = time.monotonic() + _LONGEST_END_SECONDS
        while any(thread.is_alive() for thread in threads) and time.monotonic() < until:
            for connection in self._connections:
                connection.abandon()
            for thread in threads:
                thread.join(0.1)

    def _work(self, number: int, connection: WorkerConnection) -> None:
        after = None
        try:
            while not self._over.is_set():
                held = self._patiently(self._reading.chunks.claim, f"{self._name}-{number}", after)
                if held is None:
                    if self._patiently(self._finished):
                        return
                    self._over.wait(_IDLE_SECONDS)
                    continue
                after = held.record.name
                self._take(held, connection)
        except _StoppedError:
            return
        except _NotLetInError:
            self._board.warn(
                f"The server let fewer than {len(self._connections)} connections in; the tables "
                "were read over those that it did."
            )
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            with self._lock:
                self._failure = self._failure or error
            self._over.set()

    def _patiently(self, ask: Callable[..., T], *args: object) -> T:
        """Ask the documents, again and again if they can't be reached for a moment."""
        done: T = retrying_for(LEASE.total_seconds(), self._pause)(ask, *args)
        return done

    def _finished(self) -> bool:
        return all(c.state is ChunkState.DONE for c in self._reading.chunks.all())

    def _take(self, held: Held, connection: WorkerConnection) -> None:
        chunk = held.record
        with self._holding(held), self._board.working_on(chunk.ref), log_context(chunk=chunk.name):
            try:
                for attempt in retrying(self._pause):
                    with attempt:
                        self._try(held, connection, attempt.retry_state.attempt_number)
            except HeadraceError as error:
                if not passes(error):
                    raise
                detail = f"Reading {chunk.ref} was tried {ATTEMPTS} times. {error.detail}"
                raise HeadraceError(error.kind, detail, hint=error.hint) from error

    def _try(self, held: Held, connection: WorkerConnection, attempt: int) -> None:
        try:
            database = self._opened(connection, held.record.chunk)
            self._check_going_on()
            self._read(held, database, attempt)
        except BaseException:
            connection.drop()
            self._board.dropped(held.record)
            self._check_going_on()
            raise

    def _opened(self, connection: WorkerConnection, chunk: Chunk) -> Database:
        try:
            return connection.open(chunk)
        except HeadraceError as error:
            others = any(other.database for other in self._connections if other is not connection)
            if error.kind is TOO_MANY_CONNECTIONS and others and not connection.ever:
                raise _NotLetInError from error
            raise

    def _check_going_on(self) -> None:
        if self._over.is_set():
            raise _StoppedError from None

    def _read(self, held: Held, database: Database, attempt: int) -> None:
        reading, record = self._reading, held.record
        read, chunk = reading.reads[record.ref], record.chunk
        if read.cut:
            parts = database.split(read.selection, chunk, reading.source.chunk_rows)
            if len(parts) > 1:
                log.info("too large a chunk is split into %d", len(parts))
                reading.chunks.split(held, parts)
                self._board.split(record, len(parts))
                return
        target = read.planned.target
        # Whoever had the chunk before may still be writing: its files keep another name.
        place = (reading.staging, f"{target}-{record.name}-{new_id()[-8:]}")
        unfit = reading.source.unfit
        with database.read(read.selection, unfit, read.window, chunk) as reader:
            staged = stage(reader, read.planned, place, self._reporting(record))
        digests: Mapping[str, Digest] = {}
        if reading.source.verify is Verification.DIGEST:
            digests = database.digest(read.selection, unfit, read.window, chunk)
        done = record.model_copy(
            update={
                **vars(staged.figures),
                "files": staged.files,
                "digests": dict(digests),
                "snapshot": database.snapshot(),
                "finished_at": now(),
                "attempts": record.attempts + attempt - 1,
            }
        )
        if not reading.chunks.record(held, done):
            self._board.dropped(record)
            log.warning("another worker has taken the chunk over")
            return
        log.info("staged %d rows", staged.figures.rows)
        self._board.done(done)

    def _reporting(self, chunk: ChunkRun) -> Callable[[Figures], None]:
        def report(figures: Figures) -> None:
            self._check_going_on()
            self._board.reading(chunk, figures)

        return report

    def _pause(self, seconds: float) -> None:
        if self._over.wait(seconds):
            raise _StoppedError

    @contextmanager
    def _holding(self, held: Held) -> Iterator[None]:
        with self._lock:
            self._held.add(held)
        try:
            yield
        except BaseException as error:
            known = error if isinstance(error, HeadraceError) else None
            with suppress(HeadraceError):  # then its lease ends by itself
                self._reading.chunks.release(held, known)
            raise
        finally:
            with self._lock:
                self._held.discard(held)

    def _renew(self) -> None:
        while not self._over.wait(RENEWAL_SECONDS):
            with self._lock:
                held = tuple(self._held)
            for one in held:
                try:
                    self._reading.chunks.renew(one)
                except HeadraceError as error:
                    log.warning("the lease of a chunk could not be renewed: %s", error.detail)
