"""A past range is taken again over HTTP, by the real job."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import duckdb
import httpx
import pytest

from headrace.model import Run, RunState, TableState
from headrace.settings import Settings
from tests.conftest import Database

EVENTS = """
CREATE TABLE events (id int PRIMARY KEY, label text, at timestamptz NOT NULL);
INSERT INTO events SELECT n, 'old', '2024-01-01 00:00Z'::timestamptz + n * interval '1 day'
FROM generate_series(1, 9) n
"""
# The row of the 4th takes minutes, until it is quick.
SLOW = """
ALTER TABLE events RENAME TO quick;
CREATE VIEW events AS SELECT id, CASE id WHEN 4 THEN pg_sleep(600)::text ELSE label END AS label, at
FROM quick
"""
QUICK = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'headrace' AND datname = current_database();
DROP VIEW events;
ALTER TABLE quick RENAME TO events
"""
RANGE = {"after": "2024-01-03", "upto": "2024-01-06"}
TABLE = {"schema_name": "public", "table_name": "events"}


def source_of(http: httpx.Client, database: Database, **chosen: Any) -> dict[str, Any]:
    database.execute("CREATE TABLE other AS SELECT 1 AS id")
    body = {
        "model_id": "m1",
        "name": "Shop",
        "connection": database.connection.model_dump(mode="json"),
        "credentials": {"password": database.server.password},
        "selection": [{**TABLE, **chosen}, {**TABLE, "table_name": "other"}],
    }
    saved = http.post("/save_draft", json=body).json()
    activated = http.post(f"/sources/m1/{saved['source_id']}/activate")
    active: dict[str, Any] = activated.raise_for_status().json()
    return active


@pytest.fixture
def source(http: httpx.Client, database: Database) -> dict[str, Any]:
    """A source of a table that grows by time, and of another, both brought."""
    database.execute(EVENTS)
    source = source_of(http, database, mode="append", cursor=["at"])
    ids = {name: source[name] for name in ("model_id", "source_id")}
    run = Run.model_validate(http.post("/runs", json=ids).raise_for_status().json())
    assert ended(http, run).state is RunState.SUCCEEDED
    return source


def address(run: Run) -> str:
    return f"/runs/{run.model_id}/{run.source_id}/{run.run_id}"


def look(http: httpx.Client, run: Run) -> Run:
    return Run.model_validate(http.get(address(run)).raise_for_status().json())


def ended(http: httpx.Client, run: Run) -> Run:
    while (run := look(http, run)).state.live:
        time.sleep(0.05)
    return run


def backfill(http: httpx.Client, source: dict[str, Any], **changed: Any) -> httpx.Response:
    headers = changed.pop("headers", {})
    ids = {"model_id": "m1", "source_id": source["source_id"]}
    return http.post("/runs/backfill", json={**ids, **TABLE, **RANGE, **changed}, headers=headers)


def started(answer: httpx.Response) -> Run:
    assert answer.status_code == 202, answer.text
    return Run.model_validate(answer.json())


def labels(settings: Settings) -> list[str]:
    with duckdb.connect(str(settings.data / "warehouse.duckdb"), read_only=True) as warehouse:
        rows = warehouse.execute("SELECT label FROM shop.events ORDER BY id").fetchall()
    return [label for (label,) in rows]


def test_a_range_is_taken_again(
    http: httpx.Client, source: dict[str, Any], database: Database, settings: Settings
) -> None:
    database.execute("UPDATE events SET label = 'new'")

    run = started(backfill(http, source))

    assert run.backfill
    assert run.backfill.after == "2024-01-03 00:00:00+00"
    assert run.backfill.upto == "2024-01-06 00:00:00+00"
    run = ended(http, run)
    assert (run.state, run.error) == (RunState.SUCCEEDED, None)
    (table,) = run.tables
    assert (str(table), table.rows) == ("public.events", 3)
    assert labels(settings) == ["old"] * 2 + ["new"] * 3 + ["old"] * 4
    later = http.post("/runs", json={k: source[k] for k in ("model_id", "source_id")}).json()
    assert [t.rows for t in ended(http, Run.model_validate(later)).tables] == [0, 1]


def test_the_same_key_is_the_same_run(http: httpx.Client, source: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": "once"}
    first = started(backfill(http, source, headers=headers))
    assert ended(http, first).state is RunState.SUCCEEDED
    assert started(backfill(http, source, headers=headers)).run_id == first.run_id
    assert started(backfill(http, source)).run_id != first.run_id


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"after": "yesterdays"}, 400, "invalid_input"),
        ({"after": "2024-01-06"}, 400, "invalid_input"),
        ({"upto": "2024-01-11"}, 400, "invalid_input"),
        ({"upto": ""}, 400, "invalid_input"),
        ({"table_name": "other"}, 409, "backfill_not_possible"),
        ({"table_name": "unknown"}, 409, "backfill_not_possible"),
    ],
)
def test_what_can_t_be_taken_starts_no_run(
    http: httpx.Client,
    source: dict[str, Any],
    changed: dict[str, str],
    status: int,
    code: str,
) -> None:
    answer = backfill(http, source, **changed)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    query = {"model_id": "m1", "source_id": source["source_id"]}
    assert len(http.get("/runs", params=query).json()["runs"]) == 1


def test_before_the_first_run(http: httpx.Client, database: Database) -> None:
    database.execute(EVENTS)
    answer = backfill(http, source_of(http, database, mode="append", cursor=["at"]))
    assert (answer.status_code, answer.json()["code"]) == (409, "backfill_not_possible")


def test_of_a_draft_and_of_nothing(http: httpx.Client, source: dict[str, Any]) -> None:
    nowhere = backfill(http, {"source_id": "nothing"})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "source_not_found")


def test_one_that_is_killed_goes_on(
    http: httpx.Client, source: dict[str, Any], database: Database, settings: Settings
) -> None:
    database.execute("UPDATE events SET label = 'new'")
    database.execute(SLOW)
    run = started(backfill(http, source))
    while not ((run := look(http, run)).plan and run.tables[0].state is not TableState.STAGED):
        assert run.state.live, run
        time.sleep(0.02)
    assert run.execution is not None
    os.kill(int(run.execution.partition(":")[0]), signal.SIGKILL)
    run = ended(http, run)
    assert (run.error and run.error.code, run.resumable) == ("run_lost", True)
    assert labels(settings) == ["old"] * 9
    database.execute(QUICK)

    answer = http.post(f"{address(run)}/resume")

    run = ended(http, started(answer))
    assert (run.state, run.error) == (RunState.SUCCEEDED, None)
    assert labels(settings) == ["old"] * 2 + ["new"] * 3 + ["old"] * 4
