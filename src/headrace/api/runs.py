"""Start, watch and cancel the runs of a source."""

from __future__ import annotations

from pydantic import Field

from headrace.extraction.backfill import backfill
from headrace.extraction.cancel import cancel
from headrace.extraction.resume import resume
from headrace.extraction.settle import settle
from headrace.extraction.start import start
from headrace.model import Backfill, Run
from headrace.records import Runs, Sources
from headrace.run_log import LogPage, LogQuery
from headrace.services import Services
from headrace.values import ModelId, RunId, SourceId, Text, Value


class StartRun(Value):
    model_id: ModelId
    source_id: SourceId
    idempotency_key: Text | None = Field(
        default=None,
        description="A repeated request with the same key gives the same run, as long as that is "
        "kept.",
    )


class BackfillTable(Backfill):
    """The table of a source, and the range of it."""

    model_id: ModelId
    source_id: SourceId
    idempotency_key: Text | None = Field(
        default=None,
        description="A repeated request with the same key gives the same run, as long as that is "
        "kept.",
    )


class RunRef(Value):
    model_id: ModelId
    source_id: SourceId
    run_id: RunId


class ListRuns(Value):
    model_id: ModelId
    source_id: SourceId
    limit: int = Field(default=20, ge=1, le=100, description="The most runs to answer.")
    after: RunId | None = Field(
        default=None, description="The next_after of the page before; leave it out to begin."
    )


class RunPage(Value):
    """Runs, the newest first."""

    runs: tuple[Run, ...]
    next_after: RunId | None = Field(description="Where the next page begins; null if none does.")


class ReadLog(RunRef, LogQuery):
    """Whose log, and what of it."""


def start_run(services: Services, request: StartRun) -> Run:
    return start(services, request.model_id, request.source_id, request.idempotency_key)


def backfill_table(services: Services, request: BackfillTable) -> Run:
    """Take a past range of a table again; the checkpoint stays where it is."""
    wanted = Backfill.model_validate(request.model_dump(include=set(Backfill.model_fields)))
    key = request.idempotency_key
    return backfill(services, request.model_id, request.source_id, wanted, key)


def get_run(services: Services, request: RunRef) -> Run:
    """The run as it is: one whose process is gone is settled before it is shown."""
    run = Runs(services.documents).get(request.model_id, request.source_id, request.run_id)
    return _settled(services, run)


def list_runs(services: Services, request: ListRuns) -> RunPage:
    """Raises SOURCE_NOT_FOUND; a source without runs has an empty page."""
    Sources(services.documents).get(request.model_id, request.source_id)
    found = Runs(services.documents).list(
        request.model_id, request.source_id, limit=request.limit + 1, after=request.after
    )
    page = found[: request.limit]
    return RunPage(
        runs=tuple(_settled(services, run) for run in page),
        next_after=page[-1].run_id if len(found) > request.limit else None,
    )


def resume_run(services: Services, request: RunRef) -> Run:
    """Go on with a failed run from where it stood."""
    return resume(services, request.model_id, request.source_id, request.run_id)


def cancel_run(services: Services, request: RunRef) -> Run:
    """A finished run is answered as it is."""
    return cancel(services, request.model_id, request.source_id, request.run_id)


def run_log(services: Services, request: ReadLog) -> LogPage:
    """What the run's job has logged so far, the oldest first, a page at a time."""
    run = Runs(services.documents).get(request.model_id, request.source_id, request.run_id)
    return services.launcher.read_log(_settled(services, run), request)


def _settled(services: Services, run: Run) -> Run:
    return settle(services, run) if run.state.live else run
