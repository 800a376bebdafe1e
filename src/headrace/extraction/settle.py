"""Ends the record of a run whose process has ended without a word."""

from __future__ import annotations

import logging

from headrace.errors import RUN_CANCELLED, RUN_LOST, HeadraceError
from headrace.extraction import lease
from headrace.launchers import Launcher
from headrace.model import Problem, Run, RunState, now
from headrace.records import Runs
from headrace.services import Services

log = logging.getLogger(__name__)


def settle(services: Services, run: Run) -> Run:
    """The run as it is. One that is recorded as live, but whose process is gone, is ended.

    It failed as RUN_LOST, or was cancelled if that had been asked for; its lease is released
    and its staging discarded.
    """
    if not run.state.live or not _gone(services.launcher, run):
        return run
    return lose(services, run)


def lose(services: Services, run: Run) -> Run:
    """End a run from outside; one that has ended in the meantime keeps its own end."""
    lost = Runs(services.documents).update(run, _lost)
    lease.release(services.documents, run)
    try:
        services.destination.discard(run.run_id)
    except HeadraceError as error:
        log.warning("the staging of run %s stays behind: %s", run.run_id, error.detail)
    return lost


def ended(run: Run, state: RunState, error: HeadraceError | None) -> Run:
    """The run with its end, unless it has one already."""
    if not run.state.live:
        return run
    problem = Problem.of(error) if error else None
    return run.model_copy(update={"state": state, "finished_at": now(), "error": problem})


def _lost(run: Run) -> Run:
    if run.cancel_requested:
        error = HeadraceError(RUN_CANCELLED, f"Run '{run.run_id}' was cancelled.")
        return ended(run, RunState.CANCELLED, error)
    error = HeadraceError(RUN_LOST, f"The process of run '{run.run_id}' is gone.")
    return ended(run, RunState.FAILED, error)


def _gone(launcher: Launcher, run: Run) -> bool:
    if run.execution is None:  # being launched, or the launching process died
        return now() - run.requested_at > lease.DURATION
    return not launcher.alive(run.execution)
