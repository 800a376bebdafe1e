"""Batches that a thread receives and decodes while the ones before are worked on."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

import pyarrow as pa

LIMIT_BYTES = 8 * 1024 * 1024


class Ahead:
    """Runs the iterator in a thread. Iterate inside `with`, once.

    The thread waits while `LIMIT_BYTES` or more are ready, so at most that and one batch are;
    then the socket's buffers fill and the server waits too. `abandon` has to break whatever the
    iterator waits for; it is called if it is left early, and if it raises.
    """

    def __init__(
        self, batches: Iterator[pa.RecordBatch], abandon: Callable[[], None], name: str
    ) -> None:
        self._batches = batches
        self._abandon = abandon
        self._ready: deque[pa.RecordBatch] = deque()
        self._bytes = 0
        self._error: Exception | None = None
        self._ended = False
        self._left = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """End the thread."""
        with self._changed:
            self._left = True
            self._ready.clear()
            self._changed.notify_all()
        while self._thread.is_alive():
            self._abandon()
            self._thread.join(0.05)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while (batch := self._next()) is not None:
            yield batch
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _next(self) -> pa.RecordBatch | None:
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended)
            if not self._ready:
                return None
            batch = self._ready.popleft()
            self._bytes -= batch.nbytes
            self._changed.notify_all()
            return batch

    def _run(self) -> None:
        try:
            for batch in self._batches:
                if not self._handed_over(batch):
                    break
        except Exception as error:  # noqa: BLE001 - raised again by whoever iterates
            self._error = error
            self._abandon()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _handed_over(self, batch: pa.RecordBatch) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < LIMIT_BYTES or self._left)
            self._ready.append(batch)
            self._bytes += batch.nbytes
            self._changed.notify_all()
            return not self._left
