"""Starts a run of a source."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from headrace.documents import Document
from headrace.errors import (
    DOCUMENT_EXISTS,
    DOCUMENTS_UNREADABLE,
    RUN_NOT_FOUND,
    SOURCE_NOT_FOUND,
    SOURCE_STATE_WRONG,
    HeadraceError,
)
from headrace.extraction import lease, retention, watched
from headrace.extraction.discard import let_go
from headrace.extraction.plan import tables_of
from headrace.extraction.settle import ended, gone, lose
from headrace.ids import new_id
from headrace.model import Run, RunState, Source, SourceState, Trigger, now
from headrace.records import Runs, Sources, source_path
from headrace.services import Services


@dataclass(frozen=True)
class Slot:
    """A slot of a source's schedule, which has one run.

    An attempt beyond the first is made for a run of which nobody knows more than that it was to
    be launched.
    """

    at: datetime
    attempt: int = 1

    @property
    def name(self) -> str:
        return f"slot-{self.at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{self.attempt}"


def start(
    services: Services,
    model_id: str,
    source_id: str,
    idempotency_key: str | None = None,
    slot: Slot | None = None,
) -> Run:
    """Queue a run and launch its job. The same key for the same source gives the same run.

    So does the same slot, which stands for a key, and both as long as the run is kept. A paused
    source may be run, since somebody asks for it, but not by its schedule. Old runs of the source
    are removed on this occasion. Raises SOURCE_NOT_FOUND, SOURCE_STATE_WRONG for a draft,
    RUN_ALREADY_LIVE, LAUNCH_FAILED and the launcher's errors, which the run then records, and the
    errors of launcher and destination if only they can say how the run before ended.
    """
    source = Sources(services.documents).get(model_id, source_id)
    check_state(source, slot)

    def make(run_id: str) -> Run:
        return Run(
            model_id=model_id,
            source_id=source_id,
            run_id=run_id,
            trigger=Trigger.SCHEDULE if slot else Trigger.MANUAL,
            slot=slot.at if slot else None,
            requested_at=now(),
            tables=tables_of(source),
        )

    return begin(services, source, slot.name if slot else name_of(idempotency_key), make)


def begin(services: Services, source: Source, name: str | None, make: Callable[[str], Run]) -> Run:
    """Queue the run that is made with a new id, and launch its job; see `start`.

    If one of that name is kept it is returned, and none is made.
    """
    model_id, source_id = source.model_id, source.source_id
    run_id = _run_id(services, source, name)
    if name and (known := _find(services, source, run_id)):
        return known
    run = make(run_id)
    make_way(services, source, run_id)
    lease.acquire(services.documents, run)
    if run.trigger is Trigger.SCHEDULE:
        watched.add(services.documents, run)
    try:
        run = Runs(services.documents).create(run)
    except HeadraceError as error:
        if error.kind is not DOCUMENT_EXISTS:
            raise
        return Runs(services.documents).get(model_id, source_id, run_id)  # the same key, at once
    _check_still_there(services, source)
    lease.renew(services.documents, run)
    let_go(services, model_id, source_id, but=run_id)
    run = launch(services, run)
    retention.prune(services, model_id, source_id)
    return run


def check_state(source: Source, slot: Slot | None = None) -> None:
    """Raises SOURCE_STATE_WRONG for a source that can't be run; by its schedule, if slotted."""
    by_hand = slot is None and source.state is SourceState.PAUSED
    if source.state is not SourceState.ACTIVE and not by_hand:
        paused = source.state is SourceState.PAUSED
        raise HeadraceError(
            SOURCE_STATE_WRONG,
            f"Source '{source.source_id}' can't be run: it is "
            f"{'paused' if paused else f'a {source.state}'}.",
            hint="Resume the source." if paused else "Activate the draft.",
        )


def _check_still_there(services: Services, source: Source) -> None:
    """Leave nothing under a source that was deleted before the run could be found there."""
    sources = Sources(services.documents)
    try:
        sources.get(source.model_id, source.source_id)
    except HeadraceError as error:
        if error.kind is SOURCE_NOT_FOUND:
            retention.erase(services, source.model_id, source.source_id)
        raise


def launch(services: Services, run: Run) -> Run:
    runs = Runs(services.documents)
    try:
        execution = services.launcher.launch(run)
    except HeadraceError as error:
        failure = error
        runs.update(run, lambda stored: ended(stored, RunState.FAILED, failure))
        lease.release(services.documents, run)
        raise
    return runs.update(
        run,
        # The job may have been quicker.
        lambda stored: stored.model_copy(update={"execution": stored.execution or execution}),
    )


def named(services: Services, source: Source, name: str) -> Run | None:
    """The run that a name stands for, if it was begun and is kept."""
    path = _name_path(source, name)
    document = services.documents.get(path)
    return _find(services, source, _id_in(document)) if document else None


def name_of(key: str | None) -> str | None:
    return hashlib.sha256(key.encode()).hexdigest() if key else None


def _run_id(services: Services, source: Source, name: str | None) -> str:
    """A new id; with a name, the id that the name stands for since it was first used.

    The id is settled before the run exists, so that the run's document can only be made once.
    """
    if name is None:
        return new_id()
    path = _name_path(source, name)
    while True:
        document = services.documents.get(path)
        if document is None:
            try:
                document = services.documents.create(path, {"run_id": new_id()})
            except HeadraceError as error:
                if error.kind is not DOCUMENT_EXISTS:
                    raise
                continue
        return _id_in(document)


def _name_path(source: Source, name: str) -> str:
    return f"{source_path(source.model_id, source.source_id)}/starts/{name}"


def _id_in(document: Document) -> str:
    run_id = document.value.get("run_id")
    if not isinstance(run_id, str):
        raise HeadraceError(DOCUMENTS_UNREADABLE, f"The document '{document.path}' holds no run.")
    return run_id


def make_way(services: Services, source: Source, run_id: str) -> None:
    """End the run that holds the lease, if its process is gone or the lease has expired.

    Raises the errors of launcher and destination if they can't say whether that run is alive, or
    has published.
    """
    held = lease.read(services.documents, source.model_id, source.source_id)
    other = _find(services, source, held.run_id) if held and held.run_id != run_id else None
    if held is None or other is None:
        return
    if not other.state.live:  # it ended without releasing the lease
        lease.release(services.documents, other)
    elif held.expired or gone(services.launcher, other):
        if other.execution:  # it may hang, or be unable to reach the documents
            services.launcher.stop(other.execution)
        lose(services, other)


def _find(services: Services, source: Source, run_id: str) -> Run | None:
    try:
        return Runs(services.documents).get(source.model_id, source.source_id, run_id)
    except HeadraceError as error:
        if error.kind is not RUN_NOT_FOUND:
            raise
        return None
