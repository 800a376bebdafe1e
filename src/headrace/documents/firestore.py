"""Documents in a Firestore database, which is in Native mode.

A document lies at its own path and has these fields:

- `json`: the value. A long one is compressed, so that a run of thousands of tables stays within
  the 1 MiB that Firestore allows a document.
- `id`: the document's id. Firestore keeps an index of it in both directions, of names in one alone.
- `texts`: the value's texts, by which documents are looked for. What Firestore would make of the
  whole value has limits that JSON does not have: on the names of fields, on lists in lists, on how
  much may be indexed.
- `expires_at`: the time of that name, in the collections of which Firestore may remove documents.
- `write`: random. Firestore takes the same content for no change and lets the time of change be;
  and when an answer is lost on the way, it tells whose write it was that took effect.

An etag is the time of a document's last change, and a precondition of each write.
"""

from __future__ import annotations

import json
import re
import secrets
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound
from google.cloud.firestore_v1 import types
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport
from proto.datetime_helpers import DatetimeWithNanoseconds

from headrace.documents import (
    DUE_COLLECTION,
    DUE_FIELD,
    EXPIRING_COLLECTION,
    EXPIRING_FIELD,
    Document,
    can_be_found,
    check_collection,
    check_findable,
    split_path,
)
from headrace.documents.firestore_limits import MOST_BYTES, document_size
from headrace.errors import (
    DOCUMENT_EXISTS,
    DOCUMENT_STALE,
    DOCUMENT_TOO_LARGE,
    DOCUMENTS_BUSY,
    DOCUMENTS_FORBIDDEN,
    DOCUMENTS_INDEX_MISSING,
    DOCUMENTS_MISSING,
    DOCUMENTS_UNAVAILABLE,
    DOCUMENTS_UNREADABLE,
    INVALID_INPUT,
    SETTINGS_INVALID,
    HeadraceError,
)
from headrace.google_calls import Calls, Kinds, Patience, emulator_channel, opened, place
from headrace.settings import Settings

_PATIENCE = Patience()
_COMPRESSED_FROM = 64 << 10
_DELETED_AT_ONCE = 300

_DATABASE = re.compile(r"\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9]")
_RESERVED_ID = re.compile(r"\.\.?|__.*__")
_KINDS = Kinds(
    unavailable=DOCUMENTS_UNAVAILABLE,
    busy=DOCUMENTS_BUSY,
    forbidden=DOCUMENTS_FORBIDDEN,
    missing=DOCUMENTS_MISSING,
    unfit=DOCUMENTS_MISSING,  # a database in Datastore mode
)
_Direction = types.StructuredQuery.Direction
_Operator = types.StructuredQuery.FieldFilter.Operator
_DUE_PATH = f"texts.{DUE_FIELD}"
_NAME_ONLY = {"fields": [{"field_path": "__name__"}]}


def open_documents(url: str, settings: Settings) -> FirestoreDocuments:  # noqa: ARG001
    """Of `firestore://project/database`; without a database, of `(default)`."""
    where = place(url)
    database = where.path or "(default)"
    if not _DATABASE.fullmatch(database):
        raise HeadraceError(
            SETTINGS_INVALID,
            f"The setting '{url}' names no database; write it like firestore://project/database.",
        )
    transport = (
        FirestoreGrpcTransport(channel=emulator_channel(where.emulator)) if where.emulator else None
    )
    client = opened(
        _named(where.project, database),
        DOCUMENTS_FORBIDDEN,
        lambda: FirestoreClient(transport=transport),
    )
    return FirestoreDocuments(client, where.project, database)


class FirestoreDocuments:
    """Documents in a database of a project."""

    def __init__(
        self,
        client: FirestoreClient,
        project: str,
        database: str,
        *,
        patience: Patience = _PATIENCE,
    ) -> None:
        self._client = client
        self._database = f"projects/{project}/databases/{database}"
        self._root = f"{self._database}/documents"
        self._calls = Calls(f"in {_named(project, database)}", _KINDS, patience)
        self._options: dict[str, Any] = {
            "retry": None,
            "timeout": self._calls.timeout,
            # By which Firestore finds databases that are not the default one.
            "metadata": [("google-cloud-resource-prefix", self._database)],
        }

    def get(self, path: str) -> Document | None:
        split_path(path)
        found = self._found(path)
        return self._document(found) if found else None

    def create(self, path: str, value: Mapping[str, Any]) -> Document:
        etag = self._write(path, value, {"exists": False})
        if etag is None:
            raise HeadraceError(DOCUMENT_EXISTS, f"The document '{path}' exists already.")
        return Document(path, value, etag)

    def replace(self, path: str, value: Mapping[str, Any], etag: str) -> Document:
        changed = _time(etag)
        new_etag = self._write(path, value, {"update_time": changed}) if changed else None
        if new_etag is None:
            raise HeadraceError(
                DOCUMENT_STALE, f"The document '{path}' was changed or deleted after it was loaded."
            )
        return Document(path, value, new_etag)

    def delete(self, path: str) -> None:
        split_path(path)
        self._delete(f"the document '{path}'", [self._name(path)])

    def delete_under(self, path: str, *, limit: int) -> int:
        split_path(path)
        deleted = 0
        while wanted := min(limit - deleted, _DELETED_AT_ONCE):
            query = {
                "from_": [{"all_descendants": True}],  # of whatever collection
                "select": _NAME_ONLY,
                "limit": wanted,
            }
            found = self._query(path, query)
            self._delete(f"documents under '{path}'", [each.name for each in found])
            deleted += len(found)
            if len(found) < wanted:
                break
        return deleted

    def list(
        self, collection: str, *, limit: int, after: str | None = None, newest_first: bool = False
    ) -> Sequence[Document]:
        check_collection(collection)
        parent, _, name = collection.rpartition("/")
        direction = _Direction.DESCENDING if newest_first else _Direction.ASCENDING
        query: dict[str, Any] = {
            "from_": [{"collection_id": name}],
            "order_by": [{"field": {"field_path": "id"}, "direction": direction}],
            "limit": limit,
        }
        if after:
            query["start_at"] = {"values": [_text(after)], "before": False}
        return [self._document(found) for found in self._query(parent, query)]

    def find(self, collection: str, field: str, text: str, *, limit: int) -> Sequence[Document]:
        check_collection(collection)
        check_findable(field, text)
        parent, _, name = collection.rpartition("/")
        query: dict[str, Any] = {
            "from_": [{"collection_id": name}],
            "where": _compared(f"texts.{field}", _Operator.EQUAL, text),
            "order_by": [{"field": {"field_path": "__name__"}, "direction": _Direction.ASCENDING}],
        }
        documents: list[Document] = []
        while wanted := limit - len(documents):
            found = self._query(parent, {**query, "limit": wanted})
            documents += [document for each in found if (document := self._undamaged(each))]
            if len(found) < wanted:
                break
            last = types.Value(reference_value=found[-1].name)
            query["start_at"] = {"values": [last], "before": False}
        return documents

    def due(self, upto: str, *, limit: int, after: Document | None = None) -> Sequence[Document]:
        beyond = (after.value[DUE_FIELD], after.path) if after else None
        documents: list[Document] = []
        while wanted := limit - len(documents):
            found = self._query("", self._due_query(upto, beyond, wanted))
            documents += [document for each in found if (document := self._undamaged(each))]
            if len(found) < wanted:
                break
            texts = found[-1].fields["texts"].map_value.fields
            beyond = (texts[DUE_FIELD].string_value, self._path(found[-1]))
        return documents

    def close(self) -> None:
        self._client.transport.close()  # type: ignore[no-untyped-call]

    def _due_query(self, upto: str, beyond: tuple[str, str] | None, limit: int) -> dict[str, Any]:
        """Answered from the index of `firestore.indexes.json`, and by nothing else."""
        ascending = _Direction.ASCENDING
        query: dict[str, Any] = {
            "from_": [{"collection_id": DUE_COLLECTION, "all_descendants": True}],
            "where": _compared(_DUE_PATH, _Operator.LESS_THAN_OR_EQUAL, upto),
            "order_by": [
                {"field": {"field_path": _DUE_PATH}, "direction": ascending},
                {"field": {"field_path": "__name__"}, "direction": ascending},
            ],
            "limit": limit,
        }
        if beyond:
            text, path = beyond
            values = [_text(text), types.Value(reference_value=self._name(path))]
            query["start_at"] = {"values": values, "before": False}
        return query

    def _found(self, path: str) -> types.Document | None:
        def ask() -> types.Document | None:
            request = {"database": self._database, "documents": [self._name(path)]}
            for answer in self._client.batch_get_documents(request, **self._options):
                if answer.found.name:
                    return answer.found
                if answer.missing:
                    return None
            return None

        return self._calls(f"read the document '{path}'", ask)

    def _query(self, parent: str, query: dict[str, Any]) -> Sequence[types.Document]:
        request = {
            "parent": self._name(parent) if parent else self._root,
            "structured_query": query,
        }

        def ask() -> Sequence[types.Document]:
            try:
                answers = list(self._client.run_query(request, **self._options))
            except FailedPrecondition as error:
                raise HeadraceError(
                    DOCUMENTS_INDEX_MISSING,
                    "Firestore has no index, or not yet a whole one, for what is looked for "
                    f"under '/{parent}'.",
                ) from error
            return [answer.document for answer in answers if answer.document.name]

        return self._calls(f"look for documents under '/{parent}'", ask)

    def _write(
        self, path: str, value: Mapping[str, Any], condition: Mapping[str, Any]
    ) -> str | None:
        """Write on a condition; returns the new etag, or None if the condition does not hold."""
        fields = _fields(path, value)
        if document_size(path, fields) > MOST_BYTES:
            raise HeadraceError(
                DOCUMENT_TOO_LARGE,
                f"The document '{path}' is larger than the 1 MiB that Firestore allows.",
            )
        update = {"name": self._name(path), "fields": fields}

        def commit() -> str | None:
            try:
                answer = self._commit([{"update": update, "current_document": condition}])
                return _etag(answer.write_results[0].update_time)
            except (AlreadyExists, FailedPrecondition, NotFound):
                return None

        etag = self._calls(f"write the document '{path}'", commit)
        if etag is not None:
            return etag
        # An earlier attempt may have been the one, though its answer was lost.
        found = self._found(path)
        ours = found is not None and found.fields.get("write") == fields["write"]
        return _etag(found.update_time) if found and ours else None

    def _delete(self, what: str, names: Sequence[str]) -> None:
        writes = [{"delete": name} for name in names]
        if writes:
            self._calls(f"delete {what}", lambda: self._commit(writes))

    def _commit(self, writes: Sequence[Mapping[str, Any]]) -> types.CommitResponse:
        request = {"database": self._database, "writes": writes}
        return self._client.commit(request, **self._options)

    def _name(self, path: str) -> str:
        for id_ in path.split("/"):
            if _RESERVED_ID.fullmatch(id_):
                raise HeadraceError(
                    INVALID_INPUT,
                    f"'{id_}' can't be an id: Firestore keeps what begins and ends with two "
                    "underscores for itself.",
                )
        return f"{self._root}/{path}"

    def _path(self, found: types.Document) -> str:
        return found.name.removeprefix(f"{self._root}/")

    def _undamaged(self, found: types.Document) -> Document | None:
        try:
            return self._document(found)
        except HeadraceError:
            return None

    def _document(self, found: types.Document) -> Document:
        path = self._path(found)
        try:
            content = found.fields["json"]
            text = zlib.decompress(content.bytes_value) if content.bytes_value else b""
            value = json.loads(text or content.string_value)
            if isinstance(value, dict):
                return Document(path, value, _etag(found.update_time))
        except (KeyError, ValueError, zlib.error):
            pass
        raise HeadraceError(
            DOCUMENTS_UNREADABLE,
            f"The document '{path}' is damaged.",
            hint="Restore the database from a backup, or to a moment before it was damaged.",
        )


def _fields(path: str, value: Mapping[str, Any]) -> dict[str, types.Value]:
    text = json.dumps(value, allow_nan=False)
    content = (
        types.Value(bytes_value=zlib.compress(text.encode()))
        if len(text) > _COMPRESSED_FROM
        else types.Value(string_value=text)
    )
    texts = {
        name: _text(each)
        for name, each in value.items()
        if isinstance(each, str) and can_be_found(name, each)
    }
    collection, id_ = split_path(path)
    end = _moment(value.get(EXPIRING_FIELD))
    expires = end is not None and collection.rpartition("/")[2] == EXPIRING_COLLECTION
    return {
        "json": content,
        "id": _text(id_),
        "texts": types.Value(map_value={"fields": texts}),
        "write": _text(secrets.token_hex(16)),
        **({EXPIRING_FIELD: types.Value(timestamp_value=end)} if expires else {}),
    }


def _moment(text: object) -> datetime | None:
    """The time that a text is; None for anything else."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _text(text: str) -> types.Value:
    return types.Value(string_value=text)


def _compared(field_path: str, operator: int, text: str) -> dict[str, Any]:
    return {
        "field_filter": {
            "field": {"field_path": field_path},
            "op": operator,
            "value": _text(text),
        }
    }


def _etag(changed: DatetimeWithNanoseconds) -> str:
    return str(changed.rfc3339())


def _time(etag: str) -> DatetimeWithNanoseconds | None:
    """The time that an etag is; None for a text that can't be one of this store."""
    try:
        return DatetimeWithNanoseconds.from_rfc3339(etag)
    except ValueError:
        return None


def _named(project: str, database: str) -> str:
    return f"the Firestore database '{database}' of project '{project}'"
