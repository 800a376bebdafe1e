"""The connections of a process to the source, which want to see one snapshot."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from headrace.chunks import Chunk
from headrace.errors import CONNECTION_LOST, PROTOCOL_UNEXPECTED, HeadraceError
from headrace.sources import Database


class Connect(Protocol):
    """Connects to the source; see `headrace.sources.connect` for the snapshot that is wanted."""

    def __call__(self, snapshot: str | None = None) -> Database: ...


class Snapshots:
    """The snapshot that all connections of a process want to see: the last one had, or told."""

    def __init__(self, connect: Connect, wanted: str) -> None:
        self._connect = connect
        self.wanted = wanted

    def join(self) -> Database:
        wanted = self.wanted
        try:
            database = self._connect(wanted)
        except HeadraceError as error:
            if error.kind is PROTOCOL_UNEXPECTED:
                # The database was there: a proxy whose server is gone hangs up without a word.
                raise HeadraceError(CONNECTION_LOST, error.detail) from error
            raise
        try:
            had = database.snapshot()
        except BaseException:
            database.close()
            raise
        if self.wanted == wanted:  # else another one has been had, or told, meanwhile
            self.wanted = had
        return database


class WorkerConnection:
    """A worker's connection to the source, made when it is needed."""

    def __init__(self, snapshots: Snapshots, database: Database | None) -> None:
        self._snapshots = snapshots
        self.database = database
        self.ever = database is not None

    def open(self, chunk: Chunk) -> Database:
        """Some chunks have to be read from the snapshot that the others see."""
        if (
            self.database is not None
            and chunk.of_one_snapshot
            and self.database.snapshot() != self._snapshots.wanted
        ):
            self.drop()
        if self.database is None:
            self.database = self._snapshots.join()
            self.ever = True
        return self.database

    def drop(self) -> None:
        """After an error it is of no further use."""
        if self.database is not None:
            with suppress(HeadraceError, OSError):
                self.database.close()
            self.database = None

    def abandon(self) -> None:
        if self.database is not None:
            self.database.abandon()
