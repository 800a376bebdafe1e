"""A list of runs costs what it shows, however many runs there are."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headrace.api.runs import ListRuns, list_runs
from headrace.documents import Document, Documents
from headrace.model import Run, RunState, Source, TableRun
from headrace.records import source_path
from headrace.services import Services
from headrace.settings import Settings
from tests.api.drafts import create

MANY = 5000
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    opened = Services(settings)
    yield opened
    opened.close()


def history(source: Source) -> Iterator[Run]:
    """A run an hour, the oldest first."""
    table = TableRun(
        schema_name="public", table_name="t", dataset="shop", destination_table="t", rows=1000
    )
    for number in range(MANY):
        at = BEGINNING + timedelta(hours=number)
        yield Run(
            model_id=source.model_id,
            source_id=source.source_id,
            run_id=f"r{number:05}",
            state=RunState.SUCCEEDED,
            requested_at=at,
            finished_at=at + timedelta(minutes=1),
            tables=(table,) * 3,
        )


@pytest.fixture
def source(services: Services) -> Source:
    """One with many runs, among others whose runs lie before and behind it."""
    made = [create(services, name=name) for name in "abc"]
    file = services.settings.documents.removeprefix("sqlite://")
    with closing(sqlite3.connect(file)) as connection, connection:
        for source in made:
            runs = f"{source_path(source.model_id, source.source_id)}/runs"
            connection.executemany(
                "INSERT INTO documents (collection, id, value, etag) VALUES (?, ?, ?, ?)",
                (
                    (
                        runs,
                        run.run_id,
                        json.dumps(run.model_dump(mode="json", exclude={"etag"})),
                        run.run_id,
                    )
                    for run in history(source)
                ),
            )
    return made[1]


class Counted:
    """A store of documents that counts those that are read of another."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.read = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)

    def get(self, path: str) -> Document | None:
        self.read += 1
        return self._documents.get(path)

    def list(self, collection: str, **options: Any) -> Sequence[Document]:
        found = self._documents.list(collection, **options)
        self.read += len(found)
        return found


def test_a_page_of_many_runs_reads_its_own_documents(
    services: Services, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(services.documents)
    monkeypatch.setattr(services, "documents", counted)
    request = ListRuns(model_id=source.model_id, source_id=source.source_id, limit=100)

    seen: list[str] = []
    while True:
        counted.read = 0
        page = list_runs(services, request)
        assert counted.read <= len(page.runs) + 2  # the source, and whether there is another page
        seen += [run.run_id for run in page.runs]
        if page.next_after is None:
            break
        request = request.model_copy(update={"after": page.next_after})

    assert seen == [f"r{number:05}" for number in reversed(range(MANY))]


def test_a_page_is_found_without_stepping_over_others(services: Services, source: Source) -> None:
    """By the steps that SQLite's machine takes for it."""
    runs = f"{source_path(source.model_id, source.source_id)}/runs"
    taken = 0

    def step() -> None:
        nonlocal taken
        taken += 1

    services.documents._connection.set_progress_handler(step, 1)  # type: ignore[attr-defined]
    steps = []
    for after in (None, "r04000", "r00050"):
        taken = 0
        found = services.documents.list(runs, limit=20, after=after, newest_first=True)
        assert len(found) == 20
        steps.append(taken)

    assert max(steps) < min(steps) + 50
    assert max(steps) < MANY
