"""What is kept of a source's runs, and for how long.

Whoever starts a run of a source removes what is too old of the same source, some runs each time:
so what is kept is bounded wherever runs are added, and nothing has to be found among all sources.
Each step may be repeated, and may be done by two at once. A run's own document goes last, so that
what was broken off is found again by the next.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from headrace.errors import HeadraceError
from headrace.extraction.discard import discard
from headrace.model import Run, RunState, now
from headrace.records import PAGE, Runs, Sources
from headrace.services import Services

log = logging.getLogger(__name__)

# The oldest runs that one start looks at. One run is added, so what was left behind is caught up.
MOST_RUNS = 25


def prune(services: Services, model_id: str, source_id: str) -> None:
    """Remove runs of the source that ended long ago. A failure is logged, and nothing is raised."""
    try:
        _prune(services, model_id, source_id)
    except HeadraceError as error:
        log.warning("old runs stay behind: %s: %s", error.code, error.detail)
    except Exception:
        log.exception("old runs could not be removed, in a way that nobody foresaw")


def _prune(services: Services, model_id: str, source_id: str) -> None:
    runs = Runs(services.documents)
    before = now() - timedelta(days=services.settings.runs_kept_days)
    first = runs.oldest(model_id, source_id, limit=1)
    if not first or first[0].requested_at >= before:
        return
    for run in expired(runs.oldest(model_id, source_id, limit=MOST_RUNS), before):
        services.launcher.forget(run)
        if not runs.remove(run):
            return
        log.info("run %s was removed, which ended long ago", run.run_id)


def expired(runs: Sequence[Run], before: datetime) -> Iterator[Run]:
    """Of a source's first runs, the oldest first, those that ended before then and may go.

    The last of them stays, and so does the last that succeeded: there may be none after these.
    """
    succeeded: Run | None = None
    for place, run in enumerate(runs, start=1):
        if run.state is RunState.SUCCEEDED and succeeded:
            yield succeeded
            succeeded = None
        if place == len(runs) or not _ended(run, before):
            continue
        if run.state is RunState.SUCCEEDED:
            succeeded = run
        else:
            yield run


def _ended(run: Run, before: datetime) -> bool:
    return not run.state.live and (run.finished_at or run.requested_at) < before


def erase(services: Services, model_id: str, source_id: str) -> None:
    """Remove a source's document, its runs with logs and staging, and all that lies under it.

    Absent is no error. Raises LOG_UNAVAILABLE before any document is gone.
    """
    runs = Runs(services.documents)
    after = None
    while page := runs.list(model_id, source_id, limit=PAGE, after=after):
        for run in page:
            services.launcher.forget(run)
            if run.resumable:
                discard(services.destination, run.run_id)
        after = page[-1].run_id
    Sources(services.documents).erase(model_id, source_id)
