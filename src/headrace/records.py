"""Sources and runs as documents: typed reading and writing, with the errors of their kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from headrace.documents import Document, Documents
from headrace.errors import (
    DOCUMENT_STALE,
    DOCUMENTS_UNREADABLE,
    RUN_NOT_FOUND,
    SOURCE_NOT_FOUND,
    SOURCE_STALE,
    HeadraceError,
)
from headrace.ids import new_id
from headrace.model import Run, Source, SourceState

Record = TypeVar("Record", Source, Run)

PAGE = 100
# What is deleted in one step: others may write in between.
MOST_DELETED = 5000

# What `dispatch` writes of a source; everything else is somebody's wish.
_DISPATCHED = ("next_run_at", "slot_taken_at", "last_skipped")


def source_path(model_id: str, source_id: str) -> str:
    return f"models/{model_id}/sources/{source_id}"


def run_path(model_id: str, source_id: str, run_id: str) -> str:
    return f"{source_path(model_id, source_id)}/runs/{run_id}"


class Sources:
    """The sources of all models.

    A source's etag is its own, and not the document's: it changes with what somebody wishes, but
    not when a slot is dispatched. So a form that was open meanwhile can still be saved.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def get(self, model_id: str, source_id: str) -> Source:
        """Raises SOURCE_NOT_FOUND, for a deleted source too."""
        return self._existing(model_id, source_id, self.find(model_id, source_id))

    def _existing(self, model_id: str, source_id: str, source: Source | None) -> Source:
        if source is None or source.state is SourceState.DELETED:
            raise HeadraceError(
                SOURCE_NOT_FOUND, f"Model '{model_id}' has no source '{source_id}'."
            )
        return source

    def find(self, model_id: str, source_id: str) -> Source | None:
        """The source, in whatever state, also one whose deletion has not come to its end."""
        document = self._documents.get(source_path(model_id, source_id))
        return _record(Source, document) if document else None

    def create(self, source: Source) -> Source:
        path = source_path(source.model_id, source.source_id)
        return _record(Source, self._documents.create(path, _wish(_renewed(source))))

    def replace(self, source: Source) -> Source:
        """Write a changed source. Raises SOURCE_STALE if its etag is not the stored one's.

        What was dispatched since it was loaded is kept, unless it gets another schedule or state.
        """

        def changed(stored: Source | None) -> Source:
            if stored is None or stored.etag != source.etag:
                raise HeadraceError(
                    SOURCE_STALE,
                    f"Source '{source.source_id}' was changed after it was loaded; "
                    "nothing was saved.",
                )
            if (source.schedule, source.state) != (stored.schedule, stored.state):
                return _renewed(source)
            kept = {name: getattr(stored, name) for name in _DISPATCHED}
            return _renewed(source.model_copy(update=kept))

        return self._write(source.model_id, source.source_id, changed)

    def due(self, now: datetime) -> Iterator[tuple[str, str]]:
        """The model and the id of each source whose next run is due, the longest overdue first."""
        upto = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"  # as pydantic writes whole seconds
        last = None
        while page := self._documents.due(upto, limit=PAGE, after=last):
            for document in page:
                _, model_id, _, source_id = document.path.split("/")
                yield model_id, source_id
            last = page[-1]

    def dispatched(
        self, model_id: str, source_id: str, change: Callable[[Source], Source]
    ) -> Source:
        """Write what `dispatch` has to say, anew each time that someone else was quicker.

        Raises SOURCE_NOT_FOUND and what `change` raises.
        """

        def changed(stored: Source | None) -> Source:
            return change(self._existing(model_id, source_id, stored))

        return self._write(model_id, source_id, changed)

    def _write(
        self, model_id: str, source_id: str, change: Callable[[Source | None], Source]
    ) -> Source:
        path = source_path(model_id, source_id)
        while True:
            document = self._documents.get(path)
            stored = _record(Source, document) if document else None
            changed = change(stored)
            if document is None or changed == stored:
                return changed
            try:
                replaced = self._documents.replace(path, _wish(changed), document.etag)
                return _record(Source, replaced)
            except HeadraceError as error:
                if error.kind is not DOCUMENT_STALE:
                    raise

    def erase(self, model_id: str, source_id: str) -> None:
        """Remove the source's document and everything under it. Absent is no error."""
        path = source_path(model_id, source_id)
        while self._documents.delete_under(path, limit=MOST_DELETED):
            pass
        self._documents.delete(path)

    def list(self, model_id: str, *, limit: int, after: str | None = None) -> Sequence[Source]:
        """The model's sources by id, those being deleted left out."""
        found: Sequence[Source] = []
        while wanted := limit - len(found):
            documents = self._documents.list(
                f"models/{model_id}/sources", limit=wanted, after=after
            )
            records = [_record(Source, document) for document in documents]
            found = [*found, *(r for r in records if r.state is not SourceState.DELETED)]
            if len(documents) < wanted:
                break
            after = documents[-1].id
        return found


class Runs:
    """The runs of all sources."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def get(self, model_id: str, source_id: str, run_id: str) -> Run:
        """Raises RUN_NOT_FOUND."""
        document = self._documents.get(run_path(model_id, source_id, run_id))
        if document is None:
            raise HeadraceError(RUN_NOT_FOUND, f"Source '{source_id}' has no run '{run_id}'.")
        return _record(Run, document)

    def create(self, run: Run) -> Run:
        path = run_path(run.model_id, run.source_id, run.run_id)
        return _record(Run, self._documents.create(path, _value(run)))

    def replace(self, run: Run) -> Run:
        """Raises DOCUMENT_STALE."""
        path = run_path(run.model_id, run.source_id, run.run_id)
        return _record(Run, self._documents.replace(path, _value(run), run.etag))

    def update(self, run: Run, change: Callable[[Run], Run]) -> Run:
        """Apply `change` to the stored run, anew each time that someone else was quicker."""
        while True:
            stored = self.get(run.model_id, run.source_id, run.run_id)
            try:
                return self.replace(change(stored))
            except HeadraceError as error:
                if error.kind is not DOCUMENT_STALE:
                    raise

    def list(
        self, model_id: str, source_id: str, *, limit: int, after: str | None = None
    ) -> Sequence[Run]:
        """The source's runs, newest first."""
        documents = self._documents.list(
            f"{source_path(model_id, source_id)}/runs",
            limit=limit,
            after=after,
            newest_first=True,
        )
        return [_record(Run, document) for document in documents]

    def oldest(self, model_id: str, source_id: str, *, limit: int) -> Sequence[Run]:
        """The source's first runs, oldest first."""
        collection = f"{source_path(model_id, source_id)}/runs"
        return [
            _record(Run, document) for document in self._documents.list(collection, limit=limit)
        ]

    def remove(self, run: Run) -> bool:
        """Remove an ended run, the keys that stand for it, and what lies under it.

        In one step, which may not be enough: then the run stays, and False is returned.
        """
        starts = f"{source_path(run.model_id, run.source_id)}/starts"
        for start in self._documents.find(starts, "run_id", run.run_id, limit=PAGE):
            self._documents.delete(start.path)
        path = run_path(run.model_id, run.source_id, run.run_id)
        if self._documents.delete_under(path, limit=MOST_DELETED) == MOST_DELETED:
            return False
        self._documents.delete(path)
        return True


def _renewed(source: Source) -> Source:
    return source.model_copy(update={"etag": new_id()})


def _wish(source: Source) -> Mapping[str, Any]:
    return {**_value(source), "etag": source.etag}


def _value(record: Source | Run) -> Mapping[str, Any]:
    return record.model_dump(mode="json", exclude={"etag"})


def _record(kind: type[Record], document: Document) -> Record:
    try:
        return kind.model_validate({"etag": document.etag, **document.value})
    except ValidationError as error:
        raise HeadraceError(
            DOCUMENTS_UNREADABLE, f"The document '{document.path}' is not a {kind.__name__}."
        ) from error
