"""Removes what runs have staged."""

from __future__ import annotations

import logging

from headrace.destinations import Destination
from headrace.errors import HeadraceError
from headrace.records import Runs
from headrace.services import Services

log = logging.getLogger(__name__)

# Who starts a run lets those before it go, so that there is one at most among the newest.
_NEWEST = 10


def discard(destination: Destination, run_id: str) -> None:
    """What is left of a staging costs room, but spoils nothing: an error is logged."""
    try:
        destination.discard(run_id)
    except HeadraceError as error:
        log.warning("the staging of run %s stays behind: %s", run_id, error.detail)


def let_go(services: Services, model_id: str, source_id: str, but: str = "") -> None:
    """Discard what the source's runs have kept to go on with, but for the run of that id."""
    runs = Runs(services.documents)
    for run in runs.list(model_id, source_id, limit=_NEWEST):
        if run.resumable and run.run_id != but:
            discard(services.destination, run.run_id)
            runs.update(run, lambda stored: stored.model_copy(update={"resumable": False}))
