"""A job's sign of life, and the ways in which a job is told to end early."""

from __future__ import annotations

import logging
import signal
import threading
from contextvars import copy_context
from itertools import count
from types import FrameType

from headrace.documents import Documents
from headrace.errors import INTERNAL_ERROR, RUN_INTERRUPTED, HeadraceError
from headrace.extraction import lease
from headrace.extraction.settle import cancelled
from headrace.model import Run, TableRun, now
from headrace.records import Runs

log = logging.getLogger(__name__)

_SECONDS = 1.0
_BEATS_PER_RENEWAL = 15


class Stop(BaseException):
    """Ends the job's work wherever it stands; no `except Exception` holds it up."""

    def __init__(self, error: HeadraceError) -> None:
        super().__init__(error.detail)
        self.error = error


class Heartbeat:
    """Writes the run's progress once a second, renews the lease, and notices a cancellation.

    SIGTERM, a cancellation and a lost lease all raise `Stop` in the main thread, even while it
    waits for the database, until the tables are about to be published: from then on the run
    goes to its end. Made and started in the main thread.
    """

    def __init__(self, documents: Documents, run: Run) -> None:
        self._documents = documents
        self._run = run
        self._tables = run.tables
        self._reason: HeadraceError | None = None
        self._deaf = False
        self._over = threading.Event()
        beat_in_context = copy_context()
        self._thread = threading.Thread(
            target=lambda: beat_in_context.run(self._beat), name="heartbeat", daemon=True
        )
        signal.signal(signal.SIGTERM, self._on_signal)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> tuple[TableRun, ...]:
        """No `Stop` comes after this; returns the tables as they were shown last."""
        self._deaf = True
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        return self._tables

    def show(self, tables: tuple[TableRun, ...]) -> None:
        """The progress of the extraction (`headrace.extraction.progress`)."""
        self._tables = tables

    def approve(self) -> None:
        """Let the tables be published, unless the run is to end; from now on no `Stop` comes."""
        self.check()
        self._deaf = True

    def check(self) -> None:
        """Raise Stop if the run was cancelled, has ended or has lost its lease."""
        try:
            self._reason = self._reason or self._refusal()
            if self._reason:
                raise Stop(self._reason)
            lease.renew(self._documents, self._run)
        except HeadraceError as error:
            raise Stop(error) from error

    def _refusal(self) -> HeadraceError | None:
        """Write the sign of life, and see whether someone has written that the run shall end."""
        run = Runs(self._documents).update(self._run, self._mark)
        if run.cancel_requested:
            return cancelled(run)
        if len(run.attempts) > len(self._run.attempts):
            return self._interrupted("is gone on with by another process")
        return None if run.state.live else self._interrupted(f"is recorded as {run.state}")

    def _mark(self, run: Run) -> Run:
        if not run.state.live or len(run.attempts) > len(self._run.attempts):
            return run
        return run.model_copy(update={"tables": self._tables, "heartbeat_at": now()})

    def _interrupted(self, why: str) -> HeadraceError:
        return HeadraceError(RUN_INTERRUPTED, f"Run '{self._run.run_id}' {why}.")

    def _beat(self) -> None:
        written = now()
        for beat in count(1):
            if self._over.wait(_SECONDS):
                return
            try:
                if refusal := self._refusal():
                    self._interrupt(refusal)
                if beat % _BEATS_PER_RENEWAL == 0:
                    lease.renew(self._documents, self._run)
                written = now()
            except HeadraceError as error:
                if error.transient and now() - written < lease.DURATION:
                    log.warning("the heartbeat could not be written: %s", error.detail)
                else:
                    self._interrupt(error)
            except Exception:
                log.exception("the heartbeat failed in a way that nobody foresaw")
                detail = f"The heartbeat of run '{self._run.run_id}' failed; its log says where."
                self._interrupt(HeadraceError(INTERNAL_ERROR, detail))

    def _interrupt(self, reason: HeadraceError) -> None:
        self._reason = reason
        main = threading.main_thread().ident
        if main is not None and not self._deaf:
            signal.pthread_kill(main, signal.SIGTERM)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if not self._deaf:
            self._deaf = True  # the cleaning up that follows is not interrupted
            self._reason = self._reason or self._interrupted("was told to end by a signal")
            raise Stop(self._reason)
