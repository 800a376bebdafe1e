"""Look at sources, activate, pause and resume them, and delete them for good."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pydantic import Field

from headrace import credentials, naming
from headrace.errors import (
    INVALID_INPUT,
    SOURCE_INCOMPLETE,
    SOURCE_NOT_FOUND,
    SOURCE_STALE,
    SOURCE_STATE_WRONG,
    HeadraceError,
)
from headrace.errors import Field as WrongField
from headrace.extraction.cancel import cancel
from headrace.extraction.retention import erase
from headrace.model import Source, SourceState, credentials_secret_name, now
from headrace.records import PAGE, Runs, Sources
from headrace.services import Services
from headrace.tables import TableRef
from headrace.values import ModelId, Name, SourceId, Value

log = logging.getLogger(__name__)


class SourceRef(Value):
    model_id: ModelId
    source_id: SourceId


class ResyncTable(SourceRef):
    schema_name: Name
    table_name: Name


class ListSources(Value):
    model_id: ModelId
    limit: int = Field(default=50, ge=1, le=PAGE, description="The most sources to answer.")
    after: SourceId | None = Field(
        default=None, description="The next_after of the page before; leave it out to begin."
    )


class SourcePage(Value):
    """Sources, the oldest first."""

    sources: tuple[Source, ...]
    next_after: SourceId | None = Field(
        description="Where the next page begins; null if none does."
    )


def get_source(services: Services, request: SourceRef) -> Source:
    """Raises SOURCE_NOT_FOUND."""
    return Sources(services.documents).get(request.model_id, request.source_id)


def list_sources(services: Services, request: ListSources) -> SourcePage:
    """The sources of a model; one that nobody has used has an empty page."""
    found = Sources(services.documents).list(
        request.model_id, limit=request.limit + 1, after=request.after
    )
    page = found[: request.limit]
    return SourcePage(
        sources=tuple(page),
        next_after=page[-1].source_id if len(found) > request.limit else None,
    )


def activate(services: Services, request: SourceRef) -> Source:
    """Make a complete draft active; an active source is answered as it is.

    Raises SOURCE_INCOMPLETE, CREDENTIALS_MISSING, SOURCE_STATE_WRONG for a paused source.
    """

    def change(source: Source) -> SourceState:
        if source.state is SourceState.PAUSED:
            raise _wrong_state(source, "activated", "Resume the source.")
        if source.state is SourceState.ACTIVE:
            return source.state
        if not source.selection:
            raise HeadraceError(
                SOURCE_INCOMPLETE,
                f"Source '{source.source_id}' can't be activated: no table is selected.",
            )
        credentials.load(services.vault, source)
        return SourceState.ACTIVE

    return _change_state(services, request, change)


def pause(services: Services, request: SourceRef) -> Source:
    """Pause an active source; a paused one is answered as it is. A live run goes on."""

    def change(source: Source) -> SourceState:
        if source.state is SourceState.DRAFT:
            raise _wrong_state(
                source, "paused", "There is nothing to pause before it is activated."
            )
        return SourceState.PAUSED

    return _change_state(services, request, change)


def resume(services: Services, request: SourceRef) -> Source:
    """Make a paused source active again; an active one is answered as it is."""

    def change(source: Source) -> SourceState:
        if source.state is SourceState.DRAFT:
            raise _wrong_state(source, "resumed", "Activate the draft.")
        return SourceState.ACTIVE

    return _change_state(services, request, change)


def database_moved(services: Services, request: SourceRef) -> Source:
    """Let tables go on whose rows come from a database that has moved, as it says, to here.

    That holds for what was brought until now.
    """
    return _change(services, request, lambda source: source.model_copy(update={"moved_at": now()}))


def resync_table(services: Services, request: ResyncTable) -> Source:
    """Let the next run bring a table from the start. Until then its rows stay as they are.

    Raises INVALID_INPUT if the table is not selected, and the destination's errors.
    """
    source = Sources(services.documents).get(request.model_id, request.source_id)
    table = TableRef(schema_name=request.schema_name, table_name=request.table_name)
    chosen = [selection for selection in source.selection if selection.ref == table]
    if not chosen:
        wrong = [WrongField("table_name", f"{table} is not selected")]
        raise HeadraceError(
            INVALID_INPUT, f"Source '{source.source_id}' does not take {table}.", fields=wrong
        )
    target = naming.target(source, chosen[0])
    services.destination.forget(source.model_id, source.source_id, target)
    return source


def delete_source(services: Services, request: SourceRef) -> None:
    """Delete the source with its secret and its history; what it brought stays, without an owner.

    Deleting what is not there is no error. The state `deleted` comes first and the document
    goes late: after a failure in between nobody can use the source, and a repeated call ends
    the work. A destination that can't be reached now holds nothing up; a repeated call lets the
    tables go. Raises LOG_UNAVAILABLE if a run's log can't be removed.
    """
    try:
        _change_state(services, request, lambda _: SourceState.DELETED)
    except HeadraceError as error:
        if error.kind is not SOURCE_NOT_FOUND:  # not there, or an earlier call got this far
            raise
    _cancel_live_runs(services, request)
    services.vault.delete(credentials_secret_name(request.model_id, request.source_id))
    erase(services, request.model_id, request.source_id)
    _let_tables_go(services, request)


def _let_tables_go(services: Services, request: SourceRef) -> None:
    """Comes last: a job that publishes even later finds the run's document gone, and does so."""
    try:
        services.destination.disown(request.model_id, request.source_id)
    except HeadraceError as error:
        log.warning(
            "the tables of source %s still belong to it; delete it again to let them go: %s",
            request.source_id,
            error.detail,
        )


def _cancel_live_runs(services: Services, request: SourceRef) -> None:
    newest = Runs(services.documents).list(request.model_id, request.source_id, limit=PAGE)
    for run in newest:
        if run.state.live:
            cancel(services, run.model_id, run.source_id, run.run_id)


def _change_state(
    services: Services, request: SourceRef, change: Callable[[Source], SourceState]
) -> Source:
    """Write the state that `change` allows."""

    def in_state(source: Source) -> Source:
        state = change(source)
        if state is source.state:
            return source
        return source.model_copy(update={"state": state}).rescheduled(now())

    return _change(services, request, in_state)


def _change(services: Services, request: SourceRef, change: Callable[[Source], Source]) -> Source:
    """Write what `change` makes of the source, anew each time that someone else was quicker."""
    sources = Sources(services.documents)
    while True:
        source = sources.get(request.model_id, request.source_id)
        changed = change(source)
        if changed is source:
            return source
        try:
            return sources.replace(changed.model_copy(update={"updated_at": now()}))
        except HeadraceError as error:
            if error.kind is not SOURCE_STALE:
                raise


def _wrong_state(source: Source, verb: str, hint: str) -> HeadraceError:
    return HeadraceError(
        SOURCE_STATE_WRONG,
        f"Source '{source.source_id}' is {source.state} and can't be {verb}.",
        hint=hint,
    )
