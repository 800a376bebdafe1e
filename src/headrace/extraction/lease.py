"""The lease of a source: at most one run is live, and a run that has died does not block it.

It is the document `<source>/locks/live`, changed by compare-and-swap alone. A released lease is
one that has expired. It is acquired for a moment, in which the run is recorded, and then renewed:
a start that dies in between blocks the source no longer than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, ValidationError

from headrace.documents import Document, Documents
from headrace.errors import (
    DOCUMENT_EXISTS,
    DOCUMENT_STALE,
    DOCUMENTS_UNREADABLE,
    LEASE_LOST,
    RUN_ALREADY_LIVE,
    HeadraceError,
)
from headrace.model import Run, now
from headrace.records import source_path
from headrace.values import RunId, Value

DURATION = timedelta(seconds=60)
MAKING = timedelta(seconds=10)


class _Stored(Value):
    run_id: RunId
    expires_at: AwareDatetime


@dataclass(frozen=True)
class Lease:
    """Who holds, or last held, a source."""

    run_id: str
    expires_at: datetime
    etag: str

    @property
    def expired(self) -> bool:
        return self.expires_at <= now()


def read(documents: Documents, model_id: str, source_id: str) -> Lease | None:
    """The source's lease, which may have expired; None if no run ever held it."""
    document = documents.get(_path(model_id, source_id))
    return _lease(document) if document else None


def acquire(documents: Documents, run: Run) -> None:
    """Take the source for the run, while it is being made. Again for the same run is no error.

    Raises RUN_ALREADY_LIVE if another run holds it.
    """
    while True:
        held = read(documents, run.model_id, run.source_id)
        if held and not held.expired and held.run_id != run.run_id:
            raise HeadraceError(
                RUN_ALREADY_LIVE, f"Source '{run.source_id}' is being extracted by run "
                f"'{held.run_id}'.",
            )  # fmt: skip
        try:
            if held is None:
                documents.create(_path(run.model_id, run.source_id), _value(run, now() + MAKING))
            else:
                _replace(documents, run, held, now() + MAKING)
            return
        except HeadraceError as error:
            if error.kind not in (DOCUMENT_EXISTS, DOCUMENT_STALE):
                raise


def renew(documents: Documents, run: Run) -> None:
    """Hold the source for another while. Raises LEASE_LOST if another run has taken it."""
    if not _write(documents, run, now() + DURATION):
        raise HeadraceError(
            LEASE_LOST, f"Run '{run.run_id}' lost source '{run.source_id}' to another run."
        )


def release(documents: Documents, run: Run) -> None:
    """Let the source go. No error if the run does not hold it any more."""
    _write(documents, run, datetime.fromtimestamp(0, UTC))


def _write(documents: Documents, run: Run, expires_at: datetime) -> bool:
    """Write the lease anew if the run still has it, and say whether it has.

    Who was quicker may be the same run: its job renews the lease from two threads.
    """
    while (held := read(documents, run.model_id, run.source_id)) and held.run_id == run.run_id:
        try:
            _replace(documents, run, held, expires_at)
            return True
        except HeadraceError as error:
            if error.kind is not DOCUMENT_STALE:
                raise
    return False


def _replace(documents: Documents, run: Run, held: Lease, expires_at: datetime) -> None:
    path = _path(run.model_id, run.source_id)
    documents.replace(path, _value(run, expires_at), held.etag)


def _path(model_id: str, source_id: str) -> str:
    return f"{source_path(model_id, source_id)}/locks/live"


def _value(run: Run, expires_at: datetime) -> dict[str, str]:
    return _Stored(run_id=run.run_id, expires_at=expires_at).model_dump(mode="json")


def _lease(document: Document) -> Lease:
    try:
        stored = _Stored.model_validate(document.value)
    except ValidationError as error:
        raise HeadraceError(
            DOCUMENTS_UNREADABLE, f"The document '{document.path}' is not a lease."
        ) from error
    return Lease(stored.run_id, stored.expires_at, document.etag)
