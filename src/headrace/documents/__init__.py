"""Documents: what is wanted and what happened, as JSON objects with optimistic locking.

A path alternates collections and ids, as Firestore's do: `models/m1/sources/s1/runs/r1`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

SCHEMES = {"sqlite": "headrace.documents.sqlite:open_documents"}

# What `due` looks for: in the collections of this name, at whatever depth, a text of this name.
DUE_COLLECTION, DUE_FIELD = "sources", "next_run_at"


@dataclass(frozen=True)
class Document:
    """A stored JSON object. The etag changes with every write."""

    path: str
    value: Mapping[str, Any]
    etag: str

    @property
    def id(self) -> str:
        return self.path.rpartition("/")[2]


class Documents(Protocol):
    """A store of documents.

    Every method raises DOCUMENTS_UNAVAILABLE if the store can't be reached or written, and
    DOCUMENTS_UNREADABLE if what it holds can't be understood. Absence is never an error of
    reading: `get` returns None only if the document is known not to exist.
    """

    def get(self, path: str) -> Document | None: ...

    def create(self, path: str, value: Mapping[str, Any]) -> Document:
        """Raises DOCUMENT_EXISTS."""
        ...

    def replace(self, path: str, value: Mapping[str, Any], etag: str) -> Document:
        """Raises DOCUMENT_STALE if the document's etag is another, or the document is gone."""
        ...

    def delete(self, path: str) -> None:
        """Deletes the document; deleting what is not there is no error."""
        ...

    def delete_under(self, path: str, *, limit: int) -> int:
        """Deletes documents that lie under a document, at whatever depth; returns how many.

        At most `limit` of them, in no order; the document itself stays, and need not exist.
        """
        ...

    def list(
        self, collection: str, *, limit: int, after: str | None = None, newest_first: bool = False
    ) -> Sequence[Document]:
        """The documents directly in a collection, by id, starting beyond the id `after`."""
        ...

    def find(self, collection: str, field: str, text: str, *, limit: int) -> Sequence[Document]:
        """The documents directly in a collection whose field is this text, by id.

        A document that is damaged has no fields. The whole collection may be read for it.
        """
        ...

    def due(self, upto: str, *, limit: int, after: Document | None = None) -> Sequence[Document]:
        """The documents in collections called `sources` whose text `next_run_at` is at most `upto`.

        Ordered by that text, starting beyond the document `after`, as it was found here. Every
        store has an index for it: the cost is that of the documents found, however many there are.
        """
        ...

    def close(self) -> None: ...


def split_path(path: str) -> tuple[str, str]:
    """The collection and the id of a document's path. Raises ValueError for any other path."""
    parts = path.split("/")
    if len(parts) % 2 or not all(parts):
        raise ValueError(f"'{path}' is not the path of a document")
    collection, _, id_ = path.rpartition("/")
    return collection, id_


def check_collection(path: str) -> None:
    """Raises ValueError if the path is not a collection's."""
    parts = path.split("/")
    if len(parts) % 2 == 0 or not all(parts):
        raise ValueError(f"'{path}' is not the path of a collection")
