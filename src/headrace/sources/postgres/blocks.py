"""COPY's output in blocks of whole rows, received by a thread while the last block is worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from headrace.sources.postgres.session import Session

BLOCK_BYTES = 4 * 1024 * 1024
_WAITING = 2


class _Abandoned(Exception):  # noqa: N818 - it ends the thread; nobody fails
    """Nobody wants the rest."""


class Blocks:
    """The CSV rows of a statement, each block beginning with a header line of column numbers.

    Iterate inside `with`, once. A block is at most `BLOCK_BYTES` unless a single row is larger,
    and no more than a few exist at a time; when nobody takes them the server waits. PostgreSQL
    sends one row a message ("COPY Operations", section 54.2.6), so blocks end where rows end.

    The header makes a byte-order mark at the start of a value not the first bytes of a block,
    where Arrow would drop it.
    """

    def __init__(self, session: Session, what: str, sql: str, columns: int) -> None:
        self.rows_sent = 0
        self.bytes_received = 0
        self._session = session
        self._what = what
        self._sql = sql
        self._header = (",".join(map(str, range(columns))) + "\n").encode()
        self._block = bytearray(self._header)
        self._queue: queue.Queue[bytearray | Exception | None] = queue.Queue(_WAITING)
        self._abandoned = threading.Event()
        self._thread = threading.Thread(target=self._receive, name="copy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End the thread. If rows are still coming, the session is broken for good."""
        self._abandoned.set()
        while self._thread.is_alive():
            self._session.abandon()
            self._drain()
            self._thread.join(0.05)

    def __iter__(self) -> Iterator[bytearray]:
        while (block := self._queue.get()) is not None:
            if isinstance(block, Exception):
                raise block
            yield block
        self._thread.join()

    def write(self, row: bytes) -> None:
        """Take a row; called by the session, in the thread."""
        if len(self._block) + len(row) > BLOCK_BYTES and len(self._block) > len(self._header):
            self._hand_over()
        self._block += row
        self.bytes_received += len(row)

    def _receive(self) -> None:
        try:
            self.rows_sent = self._session.copy(self._what, self._sql, self)
            if len(self._block) > len(self._header):
                self._hand_over()
            self._queue.put(None)
        except _Abandoned:
            return
        except Exception as error:  # noqa: BLE001 - raised again by whoever iterates
            self._queue.put(error)

    def _hand_over(self) -> None:
        if self._abandoned.is_set():
            raise _Abandoned
        self._queue.put(self._block)
        self._block = bytearray(self._header)

    def _drain(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()
