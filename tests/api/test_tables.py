"""The functions list_tables and describe_table over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from typing import cast

import httpx
import pyarrow as pa
import pytest

from headrace.api.list_tables import ListTables, list_tables
from headrace.api.save_draft import SaveDraft, save_draft
from headrace.destinations import duckdb
from headrace.services import Services
from headrace.settings import Settings
from headrace.tables import TableSummary
from tests.conftest import Database

TABLES = """
CREATE TABLE orders (id bigint PRIMARY KEY, note text);
INSERT INTO orders VALUES (1, 'first'), (2, NULL);
CREATE TABLE "odd ""name" (x int);
"""


@pytest.fixture
def ids(settings: Settings, database: Database) -> dict[str, str]:
    """A source over a database with some tables."""
    database.execute(TABLES)
    services = Services(settings)
    source = save_draft(
        services,
        SaveDraft(
            model_id="m1",
            name="Shop",
            connection=database.connection,
            credentials=database.credentials,
        ),
    )
    services.close()
    return {"model_id": "m1", "source_id": source.source_id}


def test_tables_are_listed_at_once(http: httpx.Client, ids: dict[str, str]) -> None:
    tables = http.post("/list_tables", json=ids).json()["tables"]
    assert [table["table_name"] for table in tables] == ['odd "name', "orders"]


def test_tables_are_listed_one_a_line(http: httpx.Client, ids: dict[str, str]) -> None:
    answer = http.post("/list_tables", json=ids, headers={"Accept": "application/x-ndjson"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["table"]["table_name"] for line in lines[:-1]] == ['odd "name', "orders"]
    assert lines[-1] == {"end": {"count": 2}}


def test_some_tables_are_listed_alone(http: httpx.Client, ids: dict[str, str]) -> None:
    names = [{"schema_name": "public", "table_name": name} for name in ("orders", "gone")]
    tables = http.post("/list_tables", json={**ids, "tables": names}).json()["tables"]
    assert [table["table_name"] for table in tables] == ["orders"]


def test_a_list_that_nobody_reads_on_hangs_up(
    settings: Settings, database: Database, ids: dict[str, str]
) -> None:
    services = Services(settings)
    tables = cast(Generator[TableSummary], list_tables(services, ListTables.model_validate(ids)))
    next(tables)
    assert sessions(database) == 1
    tables.close()
    services.close()
    deadline = time.monotonic() + 20
    while sessions(database) and time.monotonic() < deadline:
        time.sleep(0.05)  # the server takes a moment to notice
    assert sessions(database) == 0


def test_a_table_is_described(http: httpx.Client, ids: dict[str, str]) -> None:
    request = {**ids, "schema_name": "public", "table_name": "orders", "sample_rows": 5}
    answer = http.post("/describe_table", json=request).json()
    assert [(column["name"], column["destination_type"]) for column in answer["columns"]] == [
        ("id", "BIGINT"), ("note", "VARCHAR"),
    ]  # fmt: skip
    assert sorted(answer["sample"]) == [["1", "first"], ["2", None]]
    assert [candidate["cursor"] for candidate in answer["cursors"]] == [["id"]]
    assert [(mode["mode"], mode["sound"]) for mode in answer["modes"]] == [
        ("full", True), ("merge", False), ("append", False),
    ]  # fmt: skip
    assert [mode["possible"] for mode in answer["modes"]] == [True, True, True]
    assert answer["keys"] == [["id"]]


def test_a_type_that_the_destination_lacks_is_shown_as_none(
    http: httpx.Client, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(duckdb.TYPES, pa.string())
    request = {**ids, "schema_name": "public", "table_name": "orders"}
    number, note = http.post("/describe_table", json=request).json()["columns"]
    assert (number["destination_type"], number["note"]) == ("BIGINT", None)
    assert note["destination_type"] is None
    assert "leave it out" in note["note"]


def test_a_dropped_table_is_named(http: httpx.Client, ids: dict[str, str]) -> None:
    request = {**ids, "schema_name": "public", "table_name": "gone"}
    answer = http.post("/describe_table", json=request)
    assert (answer.status_code, answer.json()["code"]) == (424, "table_not_found")
    assert "gone" in answer.json()["detail"]


def test_six_sample_rows_are_too_many(http: httpx.Client, ids: dict[str, str]) -> None:
    request = {**ids, "schema_name": "public", "table_name": "orders", "sample_rows": 6}
    (wrong,) = http.post("/describe_table", json=request).json()["fields"]
    assert wrong["path"] == "sample_rows"


def sessions(database: Database) -> int:
    return int(
        database.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'headrace'"
        )
    )
