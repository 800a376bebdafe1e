"""As much of Firestore as the store of documents uses (Cloud Firestore API, v1), held in memory.

Unlike Google's emulator it refuses a query for which there is no index: what is not indexed by
itself has to be in the file of indexes that is deployed. It does not measure documents. Whatever
else Firestore does and the store does not ask for is refused with UNIMPLEMENTED.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc
from google.cloud.firestore_v1 import types

from devservers.google.firestore_indexes import Indexes
from devservers.google.firestore_queries import answer_of, matches, sort_key
from devservers.google.serving import GrpcServer, Method, StatusError

_SERVICE = "google.firestore.v1.Firestore"


class FirestoreServer(GrpcServer):
    """A server for any number of databases, all with the indexes of one file."""

    def __init__(self, indexes: Path) -> None:
        self._indexes = Indexes(indexes)
        self._lock = threading.Lock()
        self._documents: dict[str, Any] = {}
        self._now = 0
        requests: dict[str, tuple[Any, Any, bool]] = {
            "BatchGetDocuments": (self._batch_get, types.BatchGetDocumentsRequest, True),
            "Commit": (self._commit, types.CommitRequest, False),
            "RunQuery": (self._run_query, types.RunQueryRequest, True),
        }
        super().__init__(
            _SERVICE,
            {
                name: Method(
                    self._locked(work),
                    request.pb().FromString,
                    lambda answer: answer.SerializeToString(),
                    streams,
                )
                for name, (work, request, streams) in requests.items()
            },
        )

    def put(self, name: str, fields: Mapping[str, types.Value]) -> None:
        """Write a document as somebody else would, who knows nothing of Headrace."""
        with self._lock:
            document = types.Document(name=name, fields=fields)
            self._apply(types.Write.pb(types.Write(update=document)), self._tick())

    def _locked(self, work: Any) -> Any:
        def locked(request: Any) -> Any:
            with self._lock:
                return work(request)

        return locked

    def _batch_get(self, request: Any) -> Sequence[Any]:
        answer = types.BatchGetDocumentsResponse.pb()
        return [
            answer(found=self._documents[name])
            if name in self._documents
            else answer(missing=name, transaction=b"")
            for name in request.documents
        ]

    def _commit(self, request: Any) -> Any:
        """All writes or none."""
        for write in request.writes:
            self._check(write)
        moment = self._tick()
        changed = [self._apply(write, moment) for write in request.writes]
        return types.CommitResponse.pb()(
            write_results=[types.WriteResult.pb()(update_time=at) for at in changed],
            commit_time=_timestamp(moment),
        )

    def _check(self, write: Any) -> None:
        name = write.delete or write.update.name
        _check_ids(name)
        stored = self._documents.get(name)
        condition = write.current_document
        kind = condition.WhichOneof("condition_type")
        if kind == "exists" and condition.exists != (stored is not None):
            status = grpc.StatusCode.NOT_FOUND if stored is None else grpc.StatusCode.ALREADY_EXISTS
            raise StatusError(status, f"Document: {name}")
        if kind == "update_time" and (
            stored is None or stored.update_time != condition.update_time
        ):
            raise StatusError(grpc.StatusCode.FAILED_PRECONDITION, "the stored version is another")
        if write.HasField("update_mask") or write.update_transforms:
            raise StatusError(grpc.StatusCode.UNIMPLEMENTED, "masks and transforms")

    def _apply(self, write: Any, moment: int) -> Any:
        if write.delete:
            self._documents.pop(write.delete, None)
            return None
        stored = self._documents.get(write.update.name)
        if stored is not None and stored.fields == write.update.fields:
            return stored.update_time  # the same content is no change
        document = types.Document.pb()()
        document.CopyFrom(write.update)
        document.update_time.CopyFrom(_timestamp(moment))
        document.create_time.CopyFrom(stored.create_time if stored else document.update_time)
        self._documents[document.name] = document
        return document.update_time

    def _run_query(self, request: Any) -> Sequence[Any]:
        query = request.structured_query
        self._indexes.check(query)
        found = [document for document in self._below(request) if matches(document, query)]
        found.sort(key=lambda document: sort_key(document, query))
        return answer_of(found, query)

    def _below(self, request: Any) -> Iterator[Any]:
        (collections,) = request.structured_query.from_
        start = f"{request.parent}/"
        for name, document in self._documents.items():
            if name.startswith(start):
                *between, collection, _ = name.removeprefix(start).split("/")
                if between and not collections.all_descendants:
                    continue
                if collections.collection_id in ("", collection):
                    yield document

    def _tick(self) -> int:
        """The time in microseconds, each time another one."""
        self._now = max(self._now + 1, time.time_ns() // 1000)
        return self._now


def _check_ids(name: str) -> None:
    for id_ in name.partition("/documents/")[2].split("/"):
        if id_ in (".", "..") or (id_.startswith("__") and id_.endswith("__") and len(id_) > 3):
            raise StatusError(grpc.StatusCode.INVALID_ARGUMENT, f'Resource id "{id_}" is reserved.')


def _timestamp(moment: int) -> Any:
    seconds, micros = divmod(moment, 1_000_000)
    timestamp = types.Document.pb()().update_time
    timestamp.seconds, timestamp.nanos = seconds, micros * 1000
    return timestamp
