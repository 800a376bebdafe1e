"""Cancels a run."""

from __future__ import annotations

from headrace.extraction.settle import settle
from headrace.model import Run
from headrace.records import Runs
from headrace.services import Services


def cancel(services: Services, model_id: str, source_id: str, run_id: str) -> Run:
    """Ask a live run to end; its job does so within about a second, unless it is publishing.

    A run whose process is gone is cancelled at once; one that has ended is returned as it is.
    Raises RUN_NOT_FOUND.
    """
    runs = Runs(services.documents)
    run = runs.get(model_id, source_id, run_id)
    if not run.state.live:
        return run
    return settle(services, runs.update(run, _requested))


def _requested(run: Run) -> Run:
    return run.model_copy(update={"cancel_requested": True}) if run.state.live else run
