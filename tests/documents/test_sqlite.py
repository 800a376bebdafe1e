"""What can go wrong with a documents file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from headrace.documents.sqlite import (
    DELETE_UNDER,
    FIND_DUE,
    SqliteDocuments,
    list_statement,
    open_documents,
)
from headrace.errors import (
    DOCUMENTS_NEWER,
    DOCUMENTS_UNAVAILABLE,
    DOCUMENTS_UNREADABLE,
    SETTINGS_INVALID,
    HeadraceError,
    Kind,
)
from headrace.settings import Settings
from tests.limits import file_size_limit, unprivileged


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "documents.sqlite"


@pytest.fixture
def documents(path: Path) -> Iterator[SqliteDocuments]:
    opened = SqliteDocuments(path, patience=0.05)
    yield opened
    opened.close()


def refused(path: Path) -> Kind:
    with pytest.raises(HeadraceError) as caught:
        SqliteDocuments(path)
    assert str(path) in caught.value.detail
    return caught.value.kind


def test_only_the_owner_may_read_the_files(documents: SqliteDocuments, path: Path) -> None:
    documents.create("models/m", {})

    assert path.parent.stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert path.name in modes


def test_a_path_is_taken_literally(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "50%20 & a?b#c é" / "documents.sqlite"
    documents = open_documents(f"sqlite://{path}", settings)
    documents.create("models/m", {})
    documents.close()

    assert path.exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://data/documents.sqlite"])
def test_a_path_that_is_not_absolute_is_refused(url: str, settings: Settings) -> None:
    with pytest.raises(HeadraceError) as caught:
        open_documents(url, settings)

    assert caught.value.kind is SETTINGS_INVALID


def test_a_newer_file_is_refused_and_left_as_it_is(path: Path) -> None:
    SqliteDocuments(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    before = path.read_bytes()

    assert refused(path) is DOCUMENTS_NEWER
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"{}" * 5000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_documents_file_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)

    assert refused(path) is DOCUMENTS_UNREADABLE
    assert path.read_bytes() == content


def test_another_programs_database_is_refused(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title)")

    assert refused(path) is DOCUMENTS_UNREADABLE


def test_a_log_without_its_file_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.with_name(f"{path.name}-wal").write_bytes(b"log")

    assert refused(path) is DOCUMENTS_UNREADABLE


def test_damaged_pages_are_an_error_not_an_absence(path: Path) -> None:
    documents = SqliteDocuments(path)
    documents.create("models/m", {"text": "x" * 50_000})
    documents.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    documents = SqliteDocuments(path)

    with pytest.raises(HeadraceError) as caught:
        documents.get("models/m")

    assert caught.value.kind is DOCUMENTS_UNREADABLE
    documents.close()


@pytest.mark.parametrize("damaged", [b"{", b"[]", b'{"text": "\xff"}'])
def test_a_damaged_value_is_an_error(
    documents: SqliteDocuments, path: Path, damaged: bytes
) -> None:
    documents.create("models/m", {})
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE documents SET value = CAST(? AS TEXT)", (damaged,))

    with pytest.raises(HeadraceError) as caught:
        documents.get("models/m")

    assert caught.value.kind is DOCUMENTS_UNREADABLE


def test_a_file_that_another_process_holds_is_unavailable(
    documents: SqliteDocuments, path: Path
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(HeadraceError) as caught:
            documents.create("models/m", {})
        assert documents.get("models/m") is None

    assert caught.value.kind is DOCUMENTS_UNAVAILABLE
    documents.create("models/m", {})


def test_a_full_disk_loses_nothing(documents: SqliteDocuments) -> None:
    first = documents.create("models/m", {"n": 1})

    with file_size_limit(100_000), pytest.raises(HeadraceError) as caught:
        documents.replace("models/m", {"text": "x" * 1_000_000}, first.etag)

    assert caught.value.kind is DOCUMENTS_UNAVAILABLE
    assert documents.get("models/m") == first
    documents.replace("models/m", {"text": "x" * 1_000_000}, first.etag)


def test_a_forbidden_file_is_unavailable(documents: SqliteDocuments, path: Path) -> None:
    with unprivileged(path.parent):
        assert refused(path) is DOCUMENTS_UNAVAILABLE


def test_a_directory_that_can_not_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert refused(tmp_path / "file" / "documents.sqlite") is DOCUMENTS_UNAVAILABLE


def test_what_is_due_is_found_by_its_index(documents: SqliteDocuments, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        values = ("2026", "", "", "", 10)
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {FIND_DUE}", values)]

    (step,) = plan  # nothing is sorted after it
    assert step.startswith("SEARCH documents USING INDEX due ")


@pytest.mark.parametrize("beginning", [True, False])
@pytest.mark.parametrize("newest_first", [True, False])
def test_a_page_is_read_in_the_order_of_the_index(
    documents: SqliteDocuments, path: Path, beginning: bool, newest_first: bool
) -> None:
    """So a page costs what it holds, however many documents the collection has."""
    sql = list_statement(beginning=beginning, newest_first=newest_first)
    values = ("models", 10) if beginning else ("models", "m", 10)
    with closing(sqlite3.connect(path)) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    bounds = "collection=?" if beginning else f"collection=? AND id{'<' if newest_first else '>'}?"
    assert plan == [
        f"SEARCH documents USING INDEX sqlite_autoindex_documents_1 ({bounds})"
    ]  # nothing is sorted after it


def test_what_lies_under_a_document_is_found_by_the_index(
    documents: SqliteDocuments, path: Path
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        values = ("models/m/", "models/m0", 10)
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {DELETE_UNDER}", values)]

    assert not [step for step in plan if step.startswith("SCAN")]


def test_a_damaged_document_is_not_found_by_its_text(
    documents: SqliteDocuments, path: Path
) -> None:
    document = documents.create("models/m", {"run_id": "r"})
    documents.create("models/damaged", {"run_id": "r"})
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE documents SET value = '{' WHERE id = 'damaged'")

    assert documents.find("models", "run_id", "r", limit=9) == [document]


def test_a_file_that_was_made_before_there_was_an_index(path: Path) -> None:
    documents = SqliteDocuments(path)
    source = documents.create("models/m/sources/s", {"next_run_at": "2026"})
    documents.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP INDEX due")

    documents = SqliteDocuments(path)
    assert documents.due("2026", limit=9) == [source]
    documents.close()


def test_a_damaged_document_does_not_hide_what_is_due(
    documents: SqliteDocuments, path: Path
) -> None:
    source = documents.create("models/m/sources/s", {"next_run_at": "2026"})
    documents.create("models/m/sources/damaged", {"next_run_at": "2026"})
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE documents SET value = '{' WHERE id = 'damaged'")

    assert documents.due("2026", limit=9) == [source]
