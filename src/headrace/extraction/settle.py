"""Ends the record of a run whose process has ended without a word.

The destination has the last word on what became of it: a process may be killed after its tables
were published and before that was recorded.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from headrace.destinations import Destination
from headrace.errors import (
    CHECKPOINT_MOVED,
    RUN_CANCELLED,
    RUN_LOST,
    STAGING_CORRUPTED,
    TABLE_CHANGED,
    HeadraceError,
)
from headrace.extraction import lease
from headrace.extraction.discard import discard
from headrace.launchers import Launcher
from headrace.model import Run, RunState, TableState, now
from headrace.problems import Problem
from headrace.records import Runs
from headrace.services import Services
from headrace.tables import TableRef

log = logging.getLogger(__name__)


def settle(services: Services, run: Run) -> Run:
    """The run as it is. One that is recorded as live, but whose process is gone, is ended.

    While nobody can say whether its process is gone, or the destination can't whether it has
    published, it stays live; the `error` of the run that is returned then says why.
    """
    if not run.state.live:
        return run
    try:
        if not gone(services.launcher, run):
            return run
        published = _published(services.destination, run)
    except HeadraceError as error:
        log.warning("how run %s ended can't be told: %s", run.run_id, error.detail)
        return run.model_copy(update={"error": Problem.of(error)})
    return _end(services, run, published)


def lose(services: Services, run: Run) -> Run:
    """End a run from outside; one that has ended in the meantime keeps its own end.

    It has succeeded if the destination holds what it brought. Otherwise it was cancelled if that
    had been asked for, else it failed as RUN_LOST. Its lease is released, and its staging discarded
    unless it can go on with that. Raises the destination's errors, without which its end can't be
    told.
    """
    return _end(services, run, _published(services.destination, run))


def gone(launcher: Launcher, run: Run) -> bool:
    """Whether a live run has no process any more, as far as anyone can tell.

    Raises the launcher's errors if it can't be asked.
    """
    if run.execution is None:  # being launched, or the launching process died
        heard_of = max(run.requested_at, run.heartbeat_at or run.requested_at)
        return now() - heard_of > lease.DURATION
    return not launcher.alive(run.execution)


def ended(run: Run, state: RunState, error: HeadraceError | None) -> Run:
    """The run with its end, unless it has one already.

    What a run has staged that had a plan and met a passing fault is worth keeping.
    """
    if not run.state.live:
        return run
    problem = Problem.of(error) if error else None
    passing = error is not None and error.transient and error.kind not in _SPOILT
    end = {"finished_at": now(), "error": problem}
    attempts = run.attempts
    if attempts:
        attempts = (*attempts[:-1], attempts[-1].model_copy(update=end))
    return run.model_copy(
        update={
            **end,
            "state": state,
            "attempts": attempts,
            "resumable": state is RunState.FAILED and run.plan is not None and passing,
        }
    )


def cancelled(run: Run) -> HeadraceError:
    return HeadraceError(RUN_CANCELLED, f"Run '{run.run_id}' was cancelled.")


# Faults that another run may be free of, but not this one.
_SPOILT = (CHECKPOINT_MOVED, STAGING_CORRUPTED, TABLE_CHANGED)

# The rows of each table that a run has published.
Published = Mapping[TableRef, int]


def _published(destination: Destination, run: Run) -> Published:
    checkpoints = destination.checkpoints(run.model_id, run.source_id)
    return {c.source_table: c.rows for c in checkpoints if c.run_id == run.run_id}


def _end(services: Services, run: Run, published: Published) -> Run:
    def end(stored: Run) -> Run:
        if _goes_on(stored, run):
            return stored
        judged = _judged(stored, published)
        if not judged.resumable:
            discard(services.destination, run.run_id)  # first: nobody ends it again
        return judged

    lost = Runs(services.documents).update(run, end)
    if not lost.state.live:
        lease.release(services.documents, run)
    return lost


def _goes_on(stored: Run, run: Run) -> bool:
    """Whether the run that was looked at is another process's by now."""
    return stored.state.live and (stored.execution, len(stored.attempts)) != (
        run.execution,
        len(run.attempts),
    )


def _judged(run: Run, published: Published) -> Run:
    if not run.state.live:
        return run
    if published:
        tables = tuple(
            table.model_copy(update={"state": TableState.PUBLISHED, "rows": published[table.ref]})
            if table.ref in published
            else table
            for table in run.tables
        )
        return ended(run.model_copy(update={"tables": tables}), RunState.SUCCEEDED, None)
    if run.cancel_requested:
        return ended(run, RunState.CANCELLED, cancelled(run))
    error = HeadraceError(RUN_LOST, f"The process of run '{run.run_id}' is gone.")
    return ended(run, RunState.FAILED, error)
