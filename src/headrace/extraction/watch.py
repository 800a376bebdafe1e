"""Looks after the runs that schedules have started, until they have ended for good.

A job that is killed says nothing, and its run would wait for whoever looks at it next, which may be
the next slot, a day away. So each such run is on a list (`watched`) until its end, and each pass of
a dispatcher asks what became of it.

A run that can go on is let go on. First its document is changed by compare-and-swap: of two
dispatchers one does it, and one that is killed before the job is launched has used up an attempt.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from pydantic import Field

from headrace.documents import Document
from headrace.errors import (
    DOCUMENT_STALE,
    RUN_ALREADY_LIVE,
    RUN_NOT_FOUND,
    RUN_NOT_RESUMABLE,
    SOURCE_NOT_FOUND,
    HeadraceError,
)
from headrace.extraction import lease
from headrace.extraction.resume import resume
from headrace.extraction.settle import settle
from headrace.extraction.watched import COLLECTION, Watched, name_of_source, read
from headrace.logs import log_context
from headrace.model import Run, RunState, Source, SourceState, now
from headrace.problems import Problem
from headrace.records import PAGE, Runs, Sources
from headrace.services import Services
from headrace.values import ModelId, RunId, SourceId, Value

log = logging.getLogger(__name__)

# How often a schedule's run is tried in all, and how long it rests before the second and the third
# attempt. What broke it may need its time; what comes later than that is for the next slot.
MOST_ATTEMPTS = 3
RESTS = (timedelta(minutes=1), timedelta(minutes=10))
# A job gives a sign of life each second; one that was heard of in this time need not be asked.
_HEARD_OF = timedelta(seconds=30)


class ResumedRun(Value):
    """A run that had been cut off, and goes on; or that could not be let go on."""

    model_id: ModelId
    source_id: SourceId
    run_id: RunId
    attempt: int = Field(description="Which attempt at the run it is; the first was number 1.")
    problem: Problem | None = Field(default=None, description="Why it could not be started.")


def look(services: Services) -> Iterator[ResumedRun]:
    """Look at each run on the list once, and tell of those that go on.

    What fails for one run holds up no other. Raises only the documents' errors.
    """
    last: str | None = None
    while page := services.documents.list(COLLECTION, limit=PAGE, after=last):
        for document in page:
            if outcome := _looked_at(services, document):
                yield outcome
        last = page[-1].id


def before_slot(services: Services, source: Source) -> None:
    """Let a run of the source go on at once that waits for that, instead of a new one.

    Else a run that takes longer than the time between two slots, and is cut off again and again,
    would begin anew each time. Raises the errors of asking whether it is alive.
    """
    of_source = name_of_source(source.model_id, source.source_id)
    for document in services.documents.find(COLLECTION, "source", of_source, limit=PAGE):
        _look(services, document, rests=(timedelta(),) * len(RESTS))


def _looked_at(services: Services, document: Document) -> ResumedRun | None:
    try:
        return _look(services, document, RESTS)
    except HeadraceError as error:
        log.error("%s: %s", error.code, error.detail)  # noqa: TRY400 - it says what failed
    except Exception:
        log.exception("a run could not be looked after, in a way that nobody foresaw")
    return None


def _look(
    services: Services, document: Document, rests: tuple[timedelta, ...]
) -> ResumedRun | None:
    watched = read(document)
    ids = (watched.model_id, watched.source_id, watched.run_id)
    with log_context(model_id=ids[0], source_id=ids[1], run_id=ids[2]):
        try:
            run = Runs(services.documents).get(*ids)
        except HeadraceError as error:
            if error.kind is not RUN_NOT_FOUND:
                raise
            if now() - watched.since > lease.DURATION:  # it is not being recorded any more
                services.documents.delete(document.path)
            return None
        run = _settled(services, run)
        if run.state.live:
            return None
        if not _may_go_on(services, run, watched):
            services.documents.delete(document.path)
            return None
        if run.finished_at and now() < run.finished_at + rests[watched.resumed]:
            return None
        return _resumed(services, document, watched, run)


def _settled(services: Services, run: Run) -> Run:
    if not run.state.live or (run.heartbeat_at and now() - run.heartbeat_at < _HEARD_OF):
        return run
    settled = settle(services, run)
    if settled.state is RunState.FAILED and settled.error:
        log.error("run %s is found to have failed: %s", run.run_id, settled.error.detail)
    return settled


def _may_go_on(services: Services, run: Run, watched: Watched) -> bool:
    """Whether it may now, or after a rest."""
    if not run.resumable or max(len(run.attempts), watched.resumed + 1) >= MOST_ATTEMPTS:
        return False
    source = Sources(services.documents).find(run.model_id, run.source_id)
    return source is not None and source.state is SourceState.ACTIVE


def _resumed(
    services: Services, document: Document, watched: Watched, run: Run
) -> ResumedRun | None:
    outcome = ResumedRun(
        model_id=run.model_id,
        source_id=run.source_id,
        run_id=run.run_id,
        attempt=len(run.attempts) + 1,
    )
    counted = watched.model_copy(update={"resumed": watched.resumed + 1})
    try:
        services.documents.replace(document.path, counted.model_dump(mode="json"), document.etag)
        resume(services, run.model_id, run.source_id, run.run_id)
    except HeadraceError as error:
        if error.kind in _OTHERS_WERE_QUICKER:
            return None
        log.error("%s: %s", error.code, error.detail)  # noqa: TRY400 - it says what failed
        return outcome.model_copy(update={"problem": Problem.of(error)})
    log.info("run %s goes on, with attempt %d", run.run_id, outcome.attempt)
    return outcome


_OTHERS_WERE_QUICKER = (DOCUMENT_STALE, RUN_ALREADY_LIVE, RUN_NOT_RESUMABLE, SOURCE_NOT_FOUND)
