"""What every store of documents must do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from headrace.documents import SCHEMES, Documents
from headrace.errors import DOCUMENT_EXISTS, DOCUMENT_STALE, HeadraceError
from headrace.services import open_port
from headrace.settings import Settings


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/documents.sqlite"


def open_documents(url: str) -> Documents:
    documents: Documents = open_port("documents", url, SCHEMES, Settings.read())
    return documents


@pytest.fixture(params=["sqlite", "firestore"])
def url(request: pytest.FixtureRequest) -> str:
    address: str = request.getfixturevalue(request.param)
    return address


@pytest.fixture
def documents(url: str) -> Iterator[Documents]:
    opened = open_documents(url)
    yield opened
    opened.close()


def ids(documents: Documents, collection: str, **options: object) -> list[str]:
    return [d.id for d in documents.list(collection, limit=10, **options)]  # type: ignore[arg-type]


def test_a_document_is_read_back(documents: Documents) -> None:
    value = {"text": "Größe 測試 🚰\x00", "number": 1.5, "none": None, "list": [{"a": True}]}

    created = documents.create("models/m", value)

    assert documents.get("models/m") == created
    assert created.value == value
    assert created.id == "m"


def test_a_large_document_is_read_back(documents: Documents) -> None:
    created = documents.create("models/m", {"text": "x" * 900_000})

    assert documents.get("models/m") == created


def test_an_absent_document_is_none(documents: Documents) -> None:
    assert documents.get("models/m") is None


def test_creating_twice_is_refused(documents: Documents) -> None:
    first = documents.create("models/m", {"n": 1})

    with pytest.raises(HeadraceError) as caught:
        documents.create("models/m", {"n": 2})

    assert caught.value.kind is DOCUMENT_EXISTS
    assert documents.get("models/m") == first


def test_replacing_needs_the_current_etag(documents: Documents) -> None:
    first = documents.create("models/m", {"n": 1})
    second = documents.replace("models/m", {"n": 2}, first.etag)

    with pytest.raises(HeadraceError) as caught:
        documents.replace("models/m", {"n": 3}, first.etag)

    assert caught.value.kind is DOCUMENT_STALE
    assert documents.get("models/m") == second


def test_a_deleted_document_is_not_replaced(documents: Documents) -> None:
    first = documents.create("models/m", {"n": 1})
    documents.delete("models/m")

    with pytest.raises(HeadraceError) as caught:
        documents.replace("models/m", {"n": 2}, first.etag)

    assert caught.value.kind is DOCUMENT_STALE
    assert documents.get("models/m") is None


def test_an_etag_never_comes_again(documents: Documents) -> None:
    first = documents.create("models/m", {"n": 1})
    second = documents.replace("models/m", {"n": 1}, first.etag)
    documents.delete("models/m")
    third = documents.create("models/m", {"n": 1})

    assert len({first.etag, second.etag, third.etag}) == 3


def test_deleting_twice_is_no_error(documents: Documents) -> None:
    documents.create("models/m", {})
    documents.delete("models/m")
    documents.delete("models/m")

    assert documents.get("models/m") is None


def test_a_list_is_in_the_order_of_ids(documents: Documents) -> None:
    for id_ in ("b", "a", "B", "c"):
        documents.create(f"models/{id_}", {})

    assert ids(documents, "models") == ["B", "a", "b", "c"]
    assert ids(documents, "models", newest_first=True) == ["c", "b", "a", "B"]


def test_a_list_is_read_in_pages(documents: Documents) -> None:
    for id_ in "abcd":
        documents.create(f"models/{id_}", {})

    assert [d.id for d in documents.list("models", limit=2)] == ["a", "b"]
    assert ids(documents, "models", after="b") == ["c", "d"]
    assert ids(documents, "models", after="b", newest_first=True) == ["a"]
    assert ids(documents, "models", after="bb") == ["c", "d"]
    assert ids(documents, "models", after="d") == []


def test_a_list_holds_one_collection_alone(documents: Documents) -> None:
    for path in ("models/a", "models/a/sources/s", "models/ab/sources/t", "models/a/sources/s/r/x"):
        documents.create(path, {})

    assert ids(documents, "models") == ["a"]
    assert ids(documents, "models/a/sources") == ["s"]
    assert ids(documents, "models/b/sources") == []


def test_deleting_a_document_leaves_those_under_it(documents: Documents) -> None:
    documents.create("models/a", {})
    documents.create("models/a/sources/s", {})
    documents.delete("models/a")

    assert ids(documents, "models/a/sources") == ["s"]


def due(documents: Documents, upto: str, **options: Any) -> list[str]:
    return [d.path for d in documents.due(upto, **{"limit": 10, **options})]


def test_what_is_due_is_found_in_order(documents: Documents) -> None:
    for path, at in (
        ("models/a/sources/later", "2026-05-05T10:00:01Z"),
        ("models/b/sources/now", "2026-05-05T10:00:00Z"),
        ("models/a/sources/before", "2026-05-05T09:00:00Z"),
    ):
        documents.create(path, {"next_run_at": at})

    assert due(documents, "2026-05-05T10:00:00Z") == [
        "models/a/sources/before",
        "models/b/sources/now",
    ]
    assert due(documents, "2026-05-05T08:59:59Z") == []


def test_what_is_due_is_the_document_as_it_is(documents: Documents) -> None:
    created = documents.create("models/a/sources/s", {"next_run_at": "2026", "n": [1]})

    assert documents.due("2026", limit=1) == [created]


def test_what_is_not_due(documents: Documents) -> None:
    """Without a text of that name, or somewhere else."""
    others: tuple[dict[str, Any], ...] = ({}, {"next_run_at": None}, {"next_run_at": 1}, {"x": "2"})
    for number, value in enumerate(others):
        documents.create(f"models/a/sources/{number}", value)
    for path in ("models/a", "models/a/sources/0/runs/r", "models/a/resources/r"):
        documents.create(path, {"next_run_at": "2026"})

    assert due(documents, "9999") == []


def test_what_is_due_changes_with_the_document(documents: Documents) -> None:
    first = documents.create("models/a/sources/s", {"next_run_at": "2026"})
    second = documents.replace(first.path, {"next_run_at": "2027"}, first.etag)
    assert due(documents, "2026") == []
    assert due(documents, "2027") == [first.path]

    documents.replace(first.path, {"next_run_at": None}, second.etag)
    assert due(documents, "9999") == []

    documents.create("models/a/sources/t", {"next_run_at": "2026"})
    documents.delete("models/a/sources/t")
    assert due(documents, "9999") == []


def test_what_is_due_is_read_in_pages(documents: Documents) -> None:
    """Also where many are due at the same time."""
    paths = [f"models/{model}/sources/{id_}" for model in "ab" for id_ in "xyz"]
    for path in paths:
        documents.create(path, {"next_run_at": "2026"})
    documents.create("models/c/sources/x", {"next_run_at": "2025"})

    found: list[str] = []
    after = None
    while page := documents.due("2026", limit=2, after=after):
        assert len(page) <= 2
        found += [document.path for document in page]
        after = page[-1]

    assert found[0] == "models/c/sources/x"
    assert sorted(found[1:]) == paths


@pytest.mark.parametrize("path", ["", "models", "models/", "/m", "models//sources/s", "a/b/c"])
def test_a_wrong_path_is_refused(documents: Documents, path: str) -> None:
    calls: tuple[Callable[[str], object], ...] = (
        documents.get,
        documents.delete,
        lambda path: documents.create(path, {}),
        lambda path: documents.delete_under(path, limit=1),
    )
    for call in calls:
        with pytest.raises(ValueError, match="not the path of a document"):
            call(path)


def test_a_wrong_collection_is_refused(documents: Documents) -> None:
    with pytest.raises(ValueError, match="not the path of a collection"):
        documents.list("models/m", limit=1)
    with pytest.raises(ValueError, match="not the path of a collection"):
        documents.find("models/m", "run_id", "r", limit=1)


def test_documents_outlive_the_store(documents: Documents, url: str) -> None:
    created = documents.create("models/m", {"n": 1})
    documents.close()
    again = open_documents(url)

    assert again.get("models/m") == created
    again.close()


def replace_once(url: str, etag: str, writer: int) -> bool:
    documents = open_documents(url)
    try:
        documents.replace("models/m", {"writer": writer}, etag)
    except HeadraceError as error:
        assert error.kind is DOCUMENT_STALE
        return False
    finally:
        documents.close()
    return True


def create_once(url: str, writer: int) -> bool:
    documents = open_documents(url)
    try:
        documents.create("models/m", {"writer": writer})
    except HeadraceError as error:
        assert error.kind is DOCUMENT_EXISTS
        return False
    finally:
        documents.close()
    return True


def processes(workers: int) -> Executor:
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, processes])
def test_of_writers_at_once_one_wins(url: str, pool: Callable[[int], Executor]) -> None:
    """The first writers also race to make the store."""
    with pool(2) as executor:
        created = list(executor.map(create_once, [url] * 4, range(4)))
        documents = open_documents(url)
        first = documents.get("models/m")
        assert first
        replaced = list(executor.map(replace_once, [url] * 8, [first.etag] * 8, range(8)))

    last = documents.get("models/m")
    documents.close()
    assert first.value == {"writer": created.index(True)}
    assert last
    assert last.value == {"writer": replaced.index(True)}
    assert (created.count(True), replaced.count(True)) == (1, 1)


def test_threads_share_one_store(documents: Documents) -> None:
    def count(writer: int) -> None:
        for number in range(20):
            documents.create(f"models/{writer}-{number}", {})

    with ThreadPoolExecutor(4) as executor:
        list(executor.map(count, range(4)))

    assert len(documents.list("models", limit=100)) == 80


def test_what_lies_under_a_document_is_deleted(documents: Documents) -> None:
    under = ["models/a/sources/s", "models/a/sources/s/runs/r", "models/a/sources/s/runs/r/x/y"]
    others = [
        "models/a",
        "models/ab",
        "models/ab/sources/s",
        "models/a-/sources/s",
        "models/a0/sources/s",
    ]
    for path in (*under, *others):
        documents.create(path, {})

    assert documents.delete_under("models/a", limit=9) == 3
    assert documents.delete_under("models/a", limit=9) == 0
    assert [path for path in (*under, *others) if documents.get(path)] == others


def test_what_lies_under_a_document_is_deleted_in_steps(documents: Documents) -> None:
    for id_ in "abc":
        documents.create(f"models/m/sources/{id_}", {})

    assert documents.delete_under("models/m", limit=2) == 2
    assert len(documents.list("models/m/sources", limit=9)) == 1
    assert documents.delete_under("models/m", limit=2) == 1


def test_documents_are_found_by_a_text(documents: Documents) -> None:
    for path, value in (
        ("models/b", {"run_id": "r", "n": 1}),
        ("models/a", {"run_id": "r"}),
        ("models/c", {"run_id": "R"}),
        ("models/d", {"run_id": 1}),
        ("models/e", {"other": "r"}),
        ("models/f", {"run_id": ["r"]}),
        ("models/a/models/g", {"run_id": "r"}),
    ):
        documents.create(path, value)

    found = documents.find("models", "run_id", "r", limit=9)
    assert found == [documents.get("models/a"), documents.get("models/b")]
    assert documents.find("models", "run_id", "r", limit=1) == found[:1]
    assert documents.find("models", "run_id", "1", limit=9) == []
    assert documents.find("models", "run_id", "x", limit=9) == []


def test_what_nobody_can_look_for_is_stored_and_refused(documents: Documents) -> None:
    value = {"": "r", "a.b": "r", "__id__": "r", "long": "x" * 1501, "half": "\ud83d"}
    created = documents.create("models/a", value)

    assert documents.get("models/a") == created
    for field, text in value.items():
        with pytest.raises(ValueError, match="can't be looked for"):
            documents.find("models", field, text, limit=1)


@pytest.mark.parametrize("field", ["next_run_at", "_", "A1", "x" * 128])
def test_documents_are_found_by_whatever_field(documents: Documents, field: str) -> None:
    created = documents.create("models/a/sources/a", {field: "r", "n": 1})
    documents.create("models/a/sources/b", {field: "s"})

    assert documents.find("models/a/sources", field, "r", limit=9) == [created]


def test_json_of_every_shape_is_read_back(documents: Documents) -> None:
    value = {
        "lists": [[1, [2.0, []]], {}],
        "numbers": [1 << 70, -0.0, 1e308],
        "names": {"": 1, "a.b": 2, "__name__": 3, "`": 4},
        "deep": {"a": {"b": {"c": [{"d": [{"e": None}]}]}}},
    }

    created = documents.create("models/a", value)

    found = documents.get("models/a")
    assert found == created
    assert found and repr(found.value) == repr(value)  # 2.0 is not 2


def test_a_run_of_thousands_of_tables_is_read_back(documents: Documents) -> None:
    value = {
        "tables": [{"name": f"table_{n}", "rows": n * 7919, "x": "y" * 200} for n in range(9999)]
    }

    created = documents.create("models/m", value)

    assert documents.get("models/m") == created


def test_more_than_one_page_of_what_lies_under_a_document_is_deleted(documents: Documents) -> None:
    with ThreadPoolExecutor(4) as executor:
        list(executor.map(lambda n: documents.create(f"models/m/x/{n}", {}), range(310)))

    assert documents.delete_under("models/m", limit=305) == 305
    assert documents.delete_under("models/m", limit=305) == 5
