"""The sources of a model, each with its last runs in brief: a dashboard in one call."""

from __future__ import annotations

from typing import Self

from pydantic import AwareDatetime, Field

from headrace.api.sources import ListSources, list_sources
from headrace.extraction.settle import settle
from headrace.model import Run, RunState, Source, Trigger
from headrace.records import Runs
from headrace.services import Services
from headrace.values import RunId, SourceId, Value

MOST_RUNS = 30


class ShowOverview(ListSources):
    runs: int = Field(
        default=MOST_RUNS, ge=1, le=MOST_RUNS, description="The most runs to answer of a source."
    )


class RunInBrief(Value):
    """What a run came to. `rows` are those of all its tables."""

    run_id: RunId
    state: RunState
    trigger: Trigger
    requested_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    rows: int = Field(ge=0)
    failure: str | None = Field(description="What went wrong, in a few words, if anything did.")

    @classmethod
    def of(cls, run: Run) -> Self:
        return cls(
            run_id=run.run_id,
            state=run.state,
            trigger=run.trigger,
            requested_at=run.requested_at,
            started_at=run.started_at,
            finished_at=run.finished_at,
            rows=sum(table.rows for table in run.tables),
            failure=run.error.title if run.error else None,
        )


class SourceInBrief(Value):
    source: Source
    schedule: str = Field(description="The source's schedule in words.")
    runs: tuple[RunInBrief, ...] = Field(description="The newest first.")


class Overview(Value):
    """Sources with their runs, the oldest source first."""

    sources: tuple[SourceInBrief, ...]
    next_after: SourceId | None = Field(
        description="Where the next page begins; null if none does."
    )


def show_overview(services: Services, request: ShowOverview) -> Overview:
    """A run whose process is gone is settled before it is shown."""
    page = list_sources(services, request)
    return Overview(
        sources=tuple(
            SourceInBrief(
                source=source,
                schedule=str(source.schedule),
                runs=_last_runs(services, source, request.runs),
            )
            for source in page.sources
        ),
        next_after=page.next_after,
    )


def _last_runs(services: Services, source: Source, limit: int) -> tuple[RunInBrief, ...]:
    found = Runs(services.documents).list(source.model_id, source.source_id, limit=limit)
    return tuple(RunInBrief.of(settle(services, run) if run.state.live else run) for run in found)
