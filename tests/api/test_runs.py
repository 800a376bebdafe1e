"""The function runs over HTTP, with the real job, into a real DuckDB file."""

from __future__ import annotations

import time
from typing import Any

import duckdb
import httpx
import pytest

from headrace.settings import Settings
from tests.conftest import Database


@pytest.fixture
def ids(http: httpx.Client, database: Database) -> dict[str, str]:
    """An active source of one table with 1,000 rows."""
    database.execute("CREATE TABLE numbers AS SELECT * FROM generate_series(1, 1000) AS n")
    body = {
        "model_id": "m1",
        "name": "Shop",
        "connection": database.connection.model_dump(mode="json"),
        "credentials": {"password": database.server.password},
        "selection": [{"schema_name": "public", "table_name": "numbers"}],
    }
    source = http.post("/save_draft", json=body).json()
    http.post(f"/sources/m1/{source['source_id']}/activate").raise_for_status()
    return {"model_id": "m1", "source_id": source["source_id"]}


def start(http: httpx.Client, ids: dict[str, str], **headers: str) -> dict[str, Any]:
    answer = http.post("/runs", json=ids, headers=headers)
    assert answer.status_code == 202, answer.text
    run: dict[str, Any] = answer.json()
    return run


def finished(http: httpx.Client, run: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while run["state"] in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(0.1)
        run = http.get(address(run)).json()
    return run


def address(run: dict[str, Any]) -> str:
    return f"/runs/{run['model_id']}/{run['source_id']}/{run['run_id']}"


def test_a_run_brings_the_rows(http: httpx.Client, ids: dict[str, str], settings: Settings) -> None:
    run = finished(http, start(http, ids))
    assert (run["state"], run["error"]) == ("succeeded", None)
    (table,) = run["tables"]
    assert (table["state"], table["rows"]) == ("published", 1000)
    assert (table["chunks"], table["chunks_done"]) == (1, 1)
    assert all(run["phases"][name] > 0 for name in ("plan", "read", "write", "load", "publish"))
    assert len(run["attempts"]) == 1
    with duckdb.connect(str(settings.data / "warehouse.duckdb"), read_only=True) as warehouse:
        query = f"SELECT count(*), sum(n) FROM {table['dataset']}.{table['destination_table']}"
        assert warehouse.execute(query).fetchone() == (1000, 500500)


def test_the_same_key_gives_the_same_run(http: httpx.Client, ids: dict[str, str]) -> None:
    key = {"Idempotency-Key": "once"}
    first, again = start(http, ids, **key), start(http, ids, **key)
    finished(http, first)
    later = start(http, ids, **key)
    assert first["run_id"] == again["run_id"] == later["run_id"]


def test_a_live_run_is_not_overtaken(http: httpx.Client, ids: dict[str, str]) -> None:
    run = start(http, ids)
    answer = http.post("/runs", json=ids)
    finished(http, run)
    assert (answer.status_code, answer.json()["code"]) == (409, "run_already_live")
    assert answer.json()["retryable"] is True


def test_runs_are_listed_newest_first_page_by_page(http: httpx.Client, ids: dict[str, str]) -> None:
    started = [finished(http, start(http, ids))["run_id"] for _ in range(2)]
    first = http.get("/runs", params={**ids, "limit": 1}).json()
    second = http.get("/runs", params={**ids, "limit": 1, "after": first["next_after"]}).json()
    assert [run["run_id"] for run in first["runs"] + second["runs"]] == started[::-1]
    assert second["next_after"] is None


def test_cancelling_a_finished_run_changes_nothing(http: httpx.Client, ids: dict[str, str]) -> None:
    run = finished(http, start(http, ids))
    assert http.post(f"{address(run)}/cancel").json() == run


def test_a_live_run_can_be_cancelled(
    http: httpx.Client, ids: dict[str, str], database: Database
) -> None:
    database.execute("CREATE VIEW slow AS SELECT pg_sleep(60)::text AS n")
    path = f"/sources/{ids['model_id']}/{ids['source_id']}"
    change = {
        **ids,
        "etag": http.get(path).json()["etag"],
        "selection": [{"schema_name": "public", "table_name": "slow"}],
    }
    http.post("/save_draft", json=change).raise_for_status()
    run = start(http, ids)
    assert http.post(f"{address(run)}/cancel").json()["cancel_requested"] is True
    assert finished(http, run)["state"] == "cancelled"


def test_a_draft_has_no_runs(http: httpx.Client, database: Database) -> None:
    body = {
        "model_id": "m1",
        "name": "Shop",
        "connection": database.connection.model_dump(mode="json"),
        "credentials": {"password": database.server.password},
    }
    source = http.post("/save_draft", json=body).json()
    answer = http.post("/runs", json={"model_id": "m1", "source_id": source["source_id"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "source_state_wrong")


def test_an_unknown_run_and_an_unknown_source(http: httpx.Client, ids: dict[str, str]) -> None:
    missing = http.get(address({**ids, "run_id": "nothing"}))
    assert (missing.status_code, missing.json()["code"]) == (404, "run_not_found")
    nowhere = http.get("/runs", params={"model_id": "m1", "source_id": "nothing"})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "source_not_found")


def log(http: httpx.Client, run: dict[str, Any], **wanted: str) -> dict[str, Any]:
    answer = http.get(f"{address(run)}/log", params=wanted)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def test_the_log_of_a_run(http: httpx.Client, ids: dict[str, str]) -> None:
    run = start(http, ids)
    page = log(http, run)  # it may just have begun
    lines = page["lines"]
    while page["next_after"] is not None:
        page = log(http, run, after=page["next_after"])
        lines += page["lines"]

    whole = log(http, run)
    assert (whole["lines"], whole["next_after"], whole["absent"]) == (lines, None, None)
    assert (lines[-1]["severity"], lines[-1]["message"]) == ("INFO", "the run ended as succeeded")
    assert lines[-1]["fields"]["run_id"] == run["run_id"]
    assert lines[-1]["time"] >= finished(http, run)["finished_at"][:19]
    assert log(http, run, level="warning")["lines"] == []
    assert log(http, run, search="ENDED AS")["lines"] == lines[-1:]
    first = log(http, run, limit="1")
    assert (first["lines"], first["more"]) == (lines[:1], len(lines) > 1)


def test_the_log_of_a_run_that_failed(
    http: httpx.Client, ids: dict[str, str], database: Database
) -> None:
    database.execute("DROP TABLE numbers")
    run = finished(http, start(http, ids))
    assert run["error"]["code"] == "table_not_found"
    (line,) = log(http, run, level="ERROR", search="table_not_found")["lines"]
    assert run["error"]["detail"] in line["message"]


def test_a_log_that_was_removed_says_so(
    http: httpx.Client, ids: dict[str, str], settings: Settings
) -> None:
    run = finished(http, start(http, ids))
    while log(http, run)["next_after"] is not None:
        time.sleep(0.1)
    (settings.data / "logs" / f"{run['run_id']}.log").unlink()
    page = log(http, run)
    assert (page["lines"], page["next_after"], page["more"]) == ([], None, False)
    assert run["run_id"] in page["absent"]


def test_a_log_that_is_not_asked_for_rightly(http: httpx.Client, ids: dict[str, str]) -> None:
    run = finished(http, start(http, ids))
    for name, value in (
        ("level", "loud"),
        ("limit", "0"),
        ("limit", "1001"),
        ("search", ""),
        ("after", "x"),
        ("after", "99999999"),
        ("before", "1"),
    ):
        answer = http.get(f"{address(run)}/log", params={name: value})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
        assert [field["path"] for field in answer.json()["fields"]] == [name]
    missing = http.get(address({**ids, "run_id": "nothing"}) + "/log")
    assert (missing.status_code, missing.json()["code"]) == (404, "run_not_found")
