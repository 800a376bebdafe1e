"""A run that was killed goes on over HTTP: from where it stood, or it is said why not."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import duckdb
import httpx
import pytest

from headrace.model import Run, RunState
from headrace.settings import Settings
from tests.conftest import Database
from tests.killed import CHUNK_ROWS, SELECTION, TABLES, kill_when_it_hangs, make_quick


@pytest.fixture
def source(http: httpx.Client, database: Database) -> dict[str, Any]:
    """An active source of two tables, of which the second hangs."""
    database.execute(TABLES)
    body = {
        "model_id": "m1",
        "name": "Shop",
        "connection": database.connection.model_dump(mode="json"),
        "credentials": {"password": database.server.password},
        "selection": SELECTION,
        "chunk_rows": CHUNK_ROWS,
    }
    saved = http.post("/save_draft", json=body).json()
    activated = http.post(f"/sources/m1/{saved['source_id']}/activate")
    active: dict[str, Any] = activated.raise_for_status().json()
    return active


def start(http: httpx.Client, source: dict[str, Any]) -> Run:
    ids = {name: source[name] for name in ("model_id", "source_id")}
    return Run.model_validate(http.post("/runs", json=ids).raise_for_status().json())


def address(run: Run) -> str:
    return f"/runs/{run.model_id}/{run.source_id}/{run.run_id}"


def look(http: httpx.Client, run: Run) -> Run:
    return Run.model_validate(http.get(address(run)).raise_for_status().json())


def ended(http: httpx.Client, run: Run) -> Run:
    while (run := look(http, run)).state.live:
        time.sleep(0.05)
    return run


def resume(http: httpx.Client, run: Run) -> httpx.Response:
    return http.post(f"{address(run)}/resume")


def resumed(http: httpx.Client, run: Run) -> Run:
    answer = resume(http, run)
    assert answer.status_code == 202, answer.text
    return ended(http, Run.model_validate(answer.json()))


def assert_refused(http: httpx.Client, run: Run, why: str) -> None:
    answer = resume(http, run)
    assert (answer.status_code, answer.json()["code"]) == (409, "run_not_resumable")
    assert answer.json()["detail"] == f"Run '{run.run_id}' can't go on: {why}."


@pytest.fixture
def killed(http: httpx.Client, source: dict[str, Any], database: Database) -> Run:
    run = start(http, source)
    return kill_when_it_hangs(lambda: look(http, run), database)


def staging(settings: Settings, run: Run) -> list[str]:
    return [path.name for path in settings.data.rglob(f"{run.run_id}/*.parquet")]


def test_what_was_read_is_not_read_again(
    http: httpx.Client, killed: Run, database: Database, settings: Settings
) -> None:
    assert (killed.state, killed.resumable) == (RunState.FAILED, True)
    assert killed.error and killed.error.code == "run_lost"
    chunks = killed.tables[0].chunks
    assert len(staging(settings, killed)) >= chunks
    make_quick(database)

    run = resumed(http, killed)

    assert (run.run_id, run.state, run.error) == (killed.run_id, RunState.SUCCEEDED, None)
    assert run.resumable is False
    assert [attempt.error and attempt.error.code for attempt in run.attempts] == ["run_lost", None]
    assert [(table.rows, table.chunks_done) for table in run.tables] == [(1000, chunks), (1, 1)]
    log = http.get(f"{address(run)}/log", params={"search": "staged"}).json()["lines"]
    read = Counter((line["table"], line["chunk"]) for line in log)
    assert len(read) == chunks + 1
    assert set(read.values()) == {1}
    with duckdb.connect(str(settings.data / "warehouse.duckdb"), read_only=True) as warehouse:
        query = "SELECT count(*), sum(twice) FROM shop.numbers"
        assert warehouse.execute(query).fetchone() == (1000, 1_001_000)
    assert staging(settings, run) == []


def test_one_that_succeeded(http: httpx.Client, source: dict[str, Any], database: Database) -> None:
    make_quick(database)
    run = ended(http, start(http, source))
    assert run.state is RunState.SUCCEEDED
    assert_refused(http, run, "it has succeeded")


def test_one_that_was_cancelled(http: httpx.Client, source: dict[str, Any]) -> None:
    run = start(http, source)
    http.post(f"{address(run)}/cancel").raise_for_status()
    assert ended(http, run).state is RunState.CANCELLED
    assert_refused(http, run, "it has been cancelled")


def test_one_that_had_not_begun_to_read(
    http: httpx.Client, source: dict[str, Any], database: Database
) -> None:
    database.execute("DROP VIEW stuck")
    run = ended(http, start(http, source))
    assert run.error and run.error.code == "table_not_found"
    assert_refused(http, run, "it had not begun to read")


def test_one_after_which_another_was_started(
    http: httpx.Client, source: dict[str, Any], killed: Run, settings: Settings
) -> None:
    newer = start(http, source)
    assert staging(settings, killed) == []
    assert_refused(http, killed, "what it had staged is gone")
    http.post(f"{address(newer)}/cancel").raise_for_status()
    assert ended(http, newer).state is RunState.CANCELLED


def change_selection(http: httpx.Client, source: dict[str, Any]) -> None:
    numbers, stuck = SELECTION
    selection = [{**numbers, "columns": ["id"]}, stuck]
    body = {key: source[key] for key in ("model_id", "source_id", "etag")}
    http.post("/save_draft", json={**body, "selection": selection}).raise_for_status()


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ("selection", "the connection or the selection was changed since it began"),
        ("columns", "the columns of a table were changed since it began"),
    ],
)
def test_what_it_was_to_bring_has_changed(
    http: httpx.Client,
    source: dict[str, Any],
    killed: Run,
    database: Database,
    settings: Settings,
    changed: str,
    why: str,
) -> None:
    if changed == "selection":
        change_selection(http, source)
    else:
        database.execute("ALTER TABLE numbers ADD COLUMN half int")

    run = resumed(http, killed)

    assert (run.state, run.resumable) == (RunState.FAILED, False)
    assert run.error and run.error.code == "run_not_resumable"
    assert run.error.detail == f"Run '{run.run_id}' can't go on: {why}."
    assert staging(settings, run) == []
    make_quick(database)
    assert ended(http, start(http, source)).state is RunState.SUCCEEDED


def test_of_a_paused_source(
    http: httpx.Client, source: dict[str, Any], killed: Run, database: Database
) -> None:
    http.post(f"/sources/m1/{source['source_id']}/pause").raise_for_status()
    make_quick(database)

    assert resumed(http, killed).state is RunState.SUCCEEDED


def test_twice_at_once(http: httpx.Client, killed: Run) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: resume(http, killed), range(4)))

    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    refusals = {a.json()["code"] for a in answers if a.status_code == 409}
    assert refusals == {"run_already_live"}
    http.post(f"{address(killed)}/cancel").raise_for_status()
    run = ended(http, killed)
    assert (run.state, len(run.attempts)) == (RunState.CANCELLED, 2)


def test_one_that_is_under_way(http: httpx.Client, source: dict[str, Any]) -> None:
    run = start(http, source)
    answer = resume(http, run)
    assert (answer.status_code, answer.json()["code"]) == (409, "run_already_live")
    http.post(f"{address(run)}/cancel").raise_for_status()
    assert ended(http, run).state is RunState.CANCELLED


def test_one_that_nobody_knows(http: httpx.Client, source: dict[str, Any]) -> None:
    answer = http.post(f"/runs/m1/{source['source_id']}/nothing/resume")
    assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


def test_deleting_the_source_removes_what_was_kept(
    http: httpx.Client, source: dict[str, Any], killed: Run, settings: Settings
) -> None:
    assert staging(settings, killed)

    http.delete(f"/sources/m1/{source['source_id']}").raise_for_status()

    assert staging(settings, killed) == []
    answer = resume(http, killed)
    assert (answer.status_code, answer.json()["code"]) == (404, "source_not_found")
