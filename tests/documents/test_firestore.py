"""What can go wrong between the store and Firestore, at the wire, and what is asked for there."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import grpc
import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud.firestore_v1 import types
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport

from devservers.google.firestore import FirestoreServer
from devservers.google.serving import Fault, Work, lost, refused, silent
from devservers.ports import free_port
from headrace.documents import DUE_COLLECTION, DUE_FIELD
from headrace.documents.firestore import FirestoreDocuments, open_documents
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
    Kind,
)
from headrace.google_calls import Patience, emulator_channel
from headrace.settings import Settings
from tests.conftest import INDEXES

Status = grpc.StatusCode
Opener = Callable[..., FirestoreDocuments]
PATIENT, HASTY = Patience(), Patience(all=0.1)
Operation = Callable[[FirestoreDocuments], object]

AGAIN = (
    Status.UNAVAILABLE,
    Status.DEADLINE_EXCEEDED,
    Status.RESOURCE_EXHAUSTED,
    Status.ABORTED,
    Status.INTERNAL,
)
# What each operation asks of Firestore, first of all.
OPERATIONS: Mapping[str, tuple[str, Operation]] = {
    "get": ("BatchGetDocuments", lambda documents: documents.get("models/a")),
    "create": ("Commit", lambda documents: documents.create("models/b", {})),
    "replace": (
        "Commit",
        lambda documents: documents.replace("models/a", {}, etag_of(documents)),
    ),
    "delete": ("Commit", lambda documents: documents.delete("models/a")),
    "delete_under": ("RunQuery", lambda documents: documents.delete_under("models/a", limit=9)),
    "list": ("RunQuery", lambda documents: documents.list("models", limit=9)),
    "find": ("RunQuery", lambda documents: documents.find("models", "run_id", "r", limit=9)),
    "due": ("RunQuery", lambda documents: documents.due("9999", limit=9)),
}
each_operation = pytest.mark.parametrize("operation", OPERATIONS)


def etag_of(documents: FirestoreDocuments, path: str = "models/a") -> str:
    document = documents.get(path)
    assert document
    return document.etag


def opened(address: str, project: str, patience: Patience) -> FirestoreDocuments:
    transport = FirestoreGrpcTransport(channel=emulator_channel(address))
    client = FirestoreClient(transport=transport)
    return FirestoreDocuments(client, project, "(default)", patience=patience)


@pytest.fixture
def project() -> str:
    return f"p{uuid4().hex}"


@pytest.fixture
def root(project: str) -> str:
    return f"projects/{project}/databases/(default)/documents"


@pytest.fixture
def open_with(firestore_server: FirestoreServer, project: str) -> Iterator[Opener]:
    """Opens stores of the test's own project that are patient for as long as is said."""
    stores = []

    def open_it(patience: Patience = PATIENT) -> FirestoreDocuments:
        stores.append(opened(firestore_server.address, project, patience))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


@pytest.fixture
def documents(open_with: Opener, firestore_server: FirestoreServer) -> FirestoreDocuments:
    """A store that is patient, with one document."""
    store = open_with()
    store.create("models/a", {"n": 1})
    firestore_server.heal()
    return store


def error_of(call: Callable[[], object]) -> HeadraceError:
    with pytest.raises(HeadraceError) as caught:
        call()
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"
    return caught.value


@pytest.mark.parametrize("status", AGAIN)
@each_operation
def test_what_may_pass_is_tried_again(
    documents: FirestoreDocuments,
    firestore_server: FirestoreServer,
    operation: str,
    status: grpc.StatusCode,
) -> None:
    method, call = OPERATIONS[operation]
    firestore_server.fail(method, refused(status))

    call(documents)

    assert len(firestore_server.requests[method]) == 2


@each_operation
def test_a_server_that_says_nothing_is_asked_again(
    open_with: Opener,
    documents: FirestoreDocuments,
    firestore_server: FirestoreServer,
    operation: str,
) -> None:
    """It is the client that ends the call, when the time of an attempt is over."""
    method, call = OPERATIONS[operation]
    firestore_server.fail(method, silent)

    call(open_with(Patience(attempt=0.5)))

    assert len(firestore_server.requests[method]) > 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (Status.UNAVAILABLE, DOCUMENTS_UNAVAILABLE),
        (Status.DEADLINE_EXCEEDED, DOCUMENTS_UNAVAILABLE),
        (Status.RESOURCE_EXHAUSTED, DOCUMENTS_BUSY),
        (Status.ABORTED, DOCUMENTS_BUSY),
    ],
)
@each_operation
def test_what_does_not_pass_is_told_apart(
    documents: FirestoreDocuments,
    open_with: Opener,
    firestore_server: FirestoreServer,
    operation: str,
    status: grpc.StatusCode,
    kind: Kind,
) -> None:
    method, call = OPERATIONS[operation]
    firestore_server.fail(method, *[refused(status)] * 100)

    error = error_of(lambda: call(open_with(HASTY)))

    assert error.kind is kind
    assert error.transient
    assert status.name in error.detail


@pytest.mark.parametrize("status", [Status.PERMISSION_DENIED, Status.UNAUTHENTICATED])
@each_operation
def test_a_forbidden_database_is_not_asked_again(
    documents: FirestoreDocuments,
    firestore_server: FirestoreServer,
    operation: str,
    status: grpc.StatusCode,
) -> None:
    method, call = OPERATIONS[operation]
    firestore_server.fail(method, refused(status))

    error = error_of(lambda: call(documents))

    assert error.kind is DOCUMENTS_FORBIDDEN
    assert not error.transient
    assert len(firestore_server.requests[method]) == 1


@each_operation
def test_a_missing_database_is_no_empty_one(
    documents: FirestoreDocuments, firestore_server: FirestoreServer, operation: str
) -> None:
    etag = etag_of(documents)
    call = OPERATIONS[operation][1]
    if operation == "replace":
        call = lambda documents: documents.replace("models/a", {}, etag)  # noqa: E731
    for method in ("BatchGetDocuments", "Commit", "RunQuery"):
        firestore_server.fail(method, *[refused(Status.NOT_FOUND)] * 9)

    error = error_of(lambda: call(documents))

    assert error.kind is DOCUMENTS_MISSING
    assert "'(default)'" in error.detail


def test_nobody_listens(project: str) -> None:
    store = opened(f"127.0.0.1:{free_port()}", project, HASTY)

    assert error_of(lambda: store.get("models/a")).kind is DOCUMENTS_UNAVAILABLE
    store.close()


def test_a_fault_of_ours_is_not_called_one_of_the_service(
    documents: FirestoreDocuments, firestore_server: FirestoreServer
) -> None:
    firestore_server.fail("BatchGetDocuments", refused(Status.INVALID_ARGUMENT))

    with pytest.raises(InvalidArgument):
        documents.get("models/a")


@pytest.mark.parametrize("status", [Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED])
def test_a_write_whose_answer_was_lost_has_taken_effect(
    documents: FirestoreDocuments, firestore_server: FirestoreServer, status: grpc.StatusCode
) -> None:
    """Asked again, Firestore says that the document is there, or that it was changed: by us."""
    firestore_server.fail("Commit", lost(status), lost(status))
    created = documents.create("models/m", {"n": 1})
    assert documents.get("models/m") == created

    firestore_server.fail("Commit", lost(status))
    replaced = documents.replace("models/m", {"n": 2}, created.etag)

    assert documents.get("models/m") == replaced
    assert documents.replace("models/m", {"n": 3}, replaced.etag).value == {"n": 3}
    assert error_of(lambda: documents.create("models/m", {})).kind is DOCUMENT_EXISTS


def test_of_a_write_whose_answer_was_lost_only_what_is_still_there_counts(
    documents: FirestoreDocuments, open_with: Opener, firestore_server: FirestoreServer
) -> None:
    """Another writer came before it was asked again: whoever was overwritten has to look again."""
    created = documents.create("models/m", {"n": 1})
    other = open_with()
    overwritten = {}

    def fault(work: Work, call: grpc.ServicerContext) -> None:
        work()
        document = other.get("models/m")
        assert document
        overwritten["by"] = other.replace("models/m", {"n": "other"}, document.etag)
        call.abort(Status.UNAVAILABLE, "lost")

    firestore_server.fail("Commit", fault)
    error = error_of(lambda: documents.replace("models/m", {"n": 2}, created.etag))

    assert error.kind is DOCUMENT_STALE
    assert documents.get("models/m") == overwritten["by"]


@pytest.mark.parametrize("fault", [refused(Status.UNAVAILABLE), lost(Status.UNAVAILABLE)])
def test_deleting_goes_on(
    documents: FirestoreDocuments, firestore_server: FirestoreServer, fault: Fault
) -> None:
    for id_ in "abc":
        documents.create(f"models/a/sources/{id_}", {})
    firestore_server.fail("Commit", fault)
    assert documents.delete_under("models/a", limit=9) == 3

    firestore_server.fail("Commit", fault)
    documents.delete("models/a")
    assert documents.get("models/a") is None
    assert documents.list("models/a/sources", limit=9) == []


@pytest.mark.parametrize("etag", ["", "x", "2026-05-05T10:00:00Z", "2026-13-05T10:00:00.000001Z"])
def test_an_etag_of_another_store_is_stale(documents: FirestoreDocuments, etag: str) -> None:
    error = error_of(lambda: documents.replace("models/a", {}, etag))

    assert error.kind is DOCUMENT_STALE


def test_writes_are_sent_on_a_condition(
    documents: FirestoreDocuments, firestore_server: FirestoreServer, root: str
) -> None:
    created = documents.create("models/m", {"n": 1})
    documents.replace("models/m", {"n": 2}, created.etag)

    (first,), (second,) = (request.writes for request in firestore_server.requests["Commit"])
    assert first.update.name == second.update.name == f"{root}/models/m"
    assert first.current_document.WhichOneof("condition_type") == "exists"
    assert not first.current_document.exists
    assert second.current_document.update_time.ToJsonString() == created.etag
    assert not second.HasField("update_mask")  # the whole document


def test_what_is_due_is_asked_for_as_the_index_has_it(
    documents: FirestoreDocuments, firestore_server: FirestoreServer, root: str
) -> None:
    """Google's emulator would answer without an index, and in any order that one asks for."""
    first = documents.create("models/a/sources/s", {"next_run_at": "2026"})
    documents.due("2027", limit=7, after=first)

    (request,) = firestore_server.requests["RunQuery"]
    query = types.StructuredQuery.wrap(request.structured_query)
    path = {"field_path": "texts.next_run_at"}
    assert request.parent == root
    assert query == types.StructuredQuery(
        from_=[{"collection_id": "sources", "all_descendants": True}],
        where={
            "field_filter": {
                "field": path,
                "op": "LESS_THAN_OR_EQUAL",
                "value": {"string_value": "2027"},
            }
        },
        order_by=[
            {"field": path, "direction": "ASCENDING"},
            {"field": {"field_path": "__name__"}, "direction": "ASCENDING"},
        ],
        start_at={
            "values": [
                {"string_value": "2026"},
                {"reference_value": f"{root}/models/a/sources/s"},
            ],
            "before": False,
        },
        limit=7,
    )


def test_no_more_is_asked_for_than_is_looked_for(
    documents: FirestoreDocuments, firestore_server: FirestoreServer, root: str
) -> None:
    """A damaged document makes place for one more, and takes none twice."""
    texts = {"run_id": types.Value(string_value="r")}
    damaged = {"texts": types.Value(map_value={"fields": texts})}
    firestore_server.put(f"{root}/models/a/locks/a", damaged)
    b, c, _ = (documents.create(f"models/a/locks/{id_}", {"run_id": "r"}) for id_ in "bcd")

    assert documents.find("models/a/locks", "run_id", "r", limit=2) == [b, c]

    first, second = (request.structured_query for request in firestore_server.requests["RunQuery"])
    assert (first.limit.value, second.limit.value) == (2, 1)
    assert second.start_at.values[0].reference_value == f"{root}/models/a/locks/b"


def test_the_file_of_indexes_has_what_due_needs() -> None:
    overrides = json.loads(INDEXES.read_text())["fieldOverrides"]

    (override,) = (each for each in overrides if each["collectionGroup"] == DUE_COLLECTION)
    assert override["fieldPath"] == f"texts.{DUE_FIELD}"
    assert {"order": "ASCENDING", "queryScope": "COLLECTION_GROUP"} in override["indexes"]


def test_without_its_index_nothing_is_due_and_that_is_an_error(
    tmp_path: Path, project: str
) -> None:
    """And nothing else needs an index that Firestore does not keep by itself."""
    none = tmp_path / "firestore.indexes.json"
    none.write_text('{"indexes": [], "fieldOverrides": []}')
    with FirestoreServer(none) as server:
        documents = opened(server.address, project, PATIENT)
        documents.create("models/a", {"n": 1})
        error = error_of(lambda: documents.due("9999", limit=9))
        for name, (_, call) in OPERATIONS.items():
            if name != "due":
                call(documents)
        for newest_first in (True, False):
            documents.list("models", limit=1, after="m", newest_first=newest_first)
        documents.close()

    assert error.kind is DOCUMENTS_INDEX_MISSING
    assert not error.transient


def test_a_long_value_is_sent_compressed(
    documents: FirestoreDocuments, firestore_server: FirestoreServer
) -> None:
    documents.create("models/short", {"text": "x"})
    documents.create("models/long", {"text": "x" * 2_000_000})

    short, long = (
        request.writes[0].update.fields["json"] for request in firestore_server.requests["Commit"]
    )
    assert short.string_value == '{"text": "x"}'
    assert 0 < len(long.bytes_value) < 10_000


def test_a_budget_has_a_time_from_which_firestore_removes_it(
    documents: FirestoreDocuments, firestore_server: FirestoreServer
) -> None:
    """Firestore looks at times, and not at texts."""
    value = {"expires_at": "2026-05-05T10:00:00.25Z"}
    for path in ("budgets/b", "models/a/locks/live"):
        assert documents.create(path, value) == documents.get(path)

    budget, lease = (
        request.writes[0].update.fields for request in firestore_server.requests["Commit"]
    )
    assert budget["expires_at"].timestamp_value.ToJsonString() == "2026-05-05T10:00:00.250Z"
    assert "expires_at" not in lease


@pytest.mark.parametrize("text", ["", "soon", None, 1])
def test_a_time_that_is_none_is_left_where_it_is(
    documents: FirestoreDocuments, text: object
) -> None:
    created = documents.create("budgets/b", {"expires_at": text})

    assert documents.get("budgets/b") == created


def test_a_document_that_is_too_large_is_refused_before_it_is_sent(
    documents: FirestoreDocuments, firestore_server: FirestoreServer
) -> None:
    large = {"text": secrets.token_hex(800_000)}  # of which a little more than half remains
    documents.create("models/large", large)
    firestore_server.heal()

    too_large = {"text": secrets.token_hex(1_100_000)}
    for error in (
        error_of(lambda: documents.create("models/m", too_large)),
        error_of(lambda: documents.replace("models/a", too_large, etag_of(documents))),
    ):
        assert error.kind is DOCUMENT_TOO_LARGE
    assert not firestore_server.requests["Commit"]


@pytest.mark.parametrize("path", ["models/__x__", "models/.", "__a__/m", "models/a/../b"])
def test_an_id_that_firestore_keeps_for_itself_is_refused(
    documents: FirestoreDocuments, path: str
) -> None:
    assert error_of(lambda: documents.create(path, {})).kind is INVALID_INPUT


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"json": types.Value(string_value="{")},
        {"json": types.Value(string_value="[]")},
        {"json": types.Value(integer_value=1)},
        {"json": types.Value(bytes_value=b"no zlib")},
    ],
)
def test_a_damaged_document_is_an_error_and_hides_no_other(
    documents: FirestoreDocuments,
    firestore_server: FirestoreServer,
    root: str,
    content: dict[str, types.Value],
) -> None:
    whole = documents.create("models/a/sources/whole", {"next_run_at": "2026", "run_id": "r"})
    texts = {name: types.Value(string_value="2025") for name in ("next_run_at", "run_id")}
    fields = {
        **content,
        "id": types.Value(string_value="damaged"),
        "texts": types.Value(map_value={"fields": texts}),
    }
    firestore_server.put(f"{root}/models/a/sources/damaged", fields)

    for call in (
        lambda: documents.get("models/a/sources/damaged"),
        lambda: documents.list("models/a/sources", limit=9),
    ):
        assert error_of(call).kind is DOCUMENTS_UNREADABLE
    assert documents.find("models/a/sources", "run_id", "2025", limit=9) == []
    assert documents.find("models/a/sources", "run_id", "r", limit=9) == [whole]
    assert documents.due("2026", limit=1) == [whole]
    assert documents.due("2026", limit=9) == [whole]


@pytest.mark.parametrize(
    "url",
    [
        "firestore://",
        "firestore:///x",
        "firestore://Project/d",
        "firestore://project/a/b",
        "firestore://project/D",
        "firestore://project/d?emulator=db.example.com:80",
        "firestore://project/d?emulator=10.0.0.1:80",
        "firestore://project/d?emulator=127.0.0.1:80&emulator=127.0.0.1:81",
        "firestore://project/d?emulator=",
        "firestore://project/d?timeout=1",
    ],
)
def test_a_url_that_can_not_be_used_is_refused(url: str, settings: Settings) -> None:
    assert error_of(lambda: open_documents(url, settings)).kind is SETTINGS_INVALID


def test_without_a_database_it_is_the_default_one(
    firestore_server: FirestoreServer, project: str, settings: Settings
) -> None:
    documents = open_documents(
        f"firestore://{project}?emulator={firestore_server.address}", settings
    )
    documents.create("models/a", {})
    documents.close()

    (request,) = firestore_server.requests["Commit"]
    assert request.database == f"projects/{project}/databases/(default)"


def test_without_credentials_nothing_is_opened(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))

    error = error_of(lambda: open_documents("firestore://project/(default)", settings))

    assert error.kind is DOCUMENTS_FORBIDDEN
    assert "gcloud auth application-default login" in error.hint
