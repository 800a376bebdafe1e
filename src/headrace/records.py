"""Sources and runs as documents: typed reading and writing, with the errors of their kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from headrace.model import Run, Source, SourceState

Record = TypeVar("Record", Source, Run)

PAGE = 100


def source_path(model_id: str, source_id: str) -> str:
    return f"models/{model_id}/sources/{source_id}"


def run_path(model_id: str, source_id: str, run_id: str) -> str:
    return f"{source_path(model_id, source_id)}/runs/{run_id}"


class Sources:
    """The sources of all models."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def get(self, model_id: str, source_id: str) -> Source:
        """Raises SOURCE_NOT_FOUND, for a deleted source too."""
        source = self.find(model_id, source_id)
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
        return _record(Source, self._documents.create(path, _value(source)))

    def replace(self, source: Source) -> Source:
        """Write a changed source. Raises SOURCE_STALE if its etag is not the stored one's."""
        path = source_path(source.model_id, source.source_id)
        try:
            return _record(Source, self._documents.replace(path, _value(source), source.etag))
        except HeadraceError as error:
            if error.kind is DOCUMENT_STALE:
                raise HeadraceError(
                    SOURCE_STALE,
                    f"Source '{source.source_id}' was changed after it was loaded; "
                    "nothing was saved.",
                ) from error
            raise

    def erase(self, model_id: str, source_id: str) -> None:
        """Remove the source's document and everything under it. Absent is no error."""
        path = source_path(model_id, source_id)
        for collection in ("runs", "locks", "starts"):
            while page := self._documents.list(f"{path}/{collection}", limit=PAGE):
                for document in page:
                    self._documents.delete(document.path)
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


def _value(record: Source | Run) -> Mapping[str, Any]:
    return record.model_dump(mode="json", exclude={"etag"})


def _record(kind: type[Record], document: Document) -> Record:
    try:
        return kind.model_validate({**document.value, "etag": document.etag})
    except ValidationError as error:
        raise HeadraceError(
            DOCUMENTS_UNREADABLE, f"The document '{document.path}' is not a {kind.__name__}."
        ) from error
