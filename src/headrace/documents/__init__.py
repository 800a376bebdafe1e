"""Documents: what is wanted and what happened, as JSON objects with optimistic locking.

A path alternates collections and ids, as Firestore's do: `models/m1/sources/s1/runs/r1`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

SCHEMES = {
    "sqlite": "headrace.documents.sqlite:open_documents",
    "firestore": "headrace.documents.firestore:open_documents",
}

# What `due` looks for: in the collections of this name, at whatever depth, a text of this name.
DUE_COLLECTION, DUE_FIELD = "sources", "next_run_at"

# Documents in the collections of this name may be removed from the time of this name on.
EXPIRING_COLLECTION, EXPIRING_FIELD = "budgets", "expires_at"

# What can be looked for: names that mean the same to every store, texts that each has an index for.
_FOUND_FIELD = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]{0,127}")
_MOST_FOUND_BYTES = 1500


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

    Every method raises DOCUMENTS_UNAVAILABLE if the store can't be reached or written,
    DOCUMENTS_BUSY if it can't take more now, DOCUMENTS_FORBIDDEN and DOCUMENTS_MISSING for the
    store as a whole, and DOCUMENTS_UNREADABLE if what it holds can't be understood. Absence is
    never an error of reading: `get` returns None only if the document is known not to exist.
    """

    def get(self, path: str) -> Document | None: ...

    def create(self, path: str, value: Mapping[str, Any]) -> Document:
        """Raises DOCUMENT_EXISTS, and DOCUMENT_TOO_LARGE if the store has a limit."""
        ...

    def replace(self, path: str, value: Mapping[str, Any], etag: str) -> Document:
        """Raises DOCUMENT_STALE if the document's etag is another, or the document is gone.

        And DOCUMENT_TOO_LARGE if the store has a limit.
        """
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

        A document that is damaged has no fields. The whole collection may be read for it. Raises
        ValueError for what can't be looked for (`check_findable`).
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


def can_be_found(field: str, text: str) -> bool:
    """Whether documents with this text in this field can be looked for, in every store."""
    try:
        length = len(text.encode())
    except UnicodeEncodeError:  # half a character
        return False
    return bool(_FOUND_FIELD.fullmatch(field)) and length <= _MOST_FOUND_BYTES


def check_findable(field: str, text: str) -> None:
    """Raises ValueError if nobody can look for this."""
    if not can_be_found(field, text):
        raise ValueError(f"'{field}' with a text of {len(text)} characters can't be looked for")
