"""How several tables are best taken, over HTTP."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pyarrow as pa
import pytest

from headrace.destinations import duckdb
from headrace.services import Services
from headrace.settings import Settings
from tests.api.drafts import create
from tests.conftest import Database

TABLES = """
CREATE TABLE orders (id bigint PRIMARY KEY, note text, updated_at timestamptz NOT NULL);
CREATE TABLE notes (id bigint, note text);
CREATE VIEW recent AS SELECT * FROM orders;
"""


@pytest.fixture
def ids(settings: Settings, database: Database) -> dict[str, str]:
    database.execute(TABLES)
    services = Services(settings)
    source = create(services, connection=database.connection, credentials=database.credentials)
    services.close()
    return {"model_id": "m1", "source_id": source.source_id}


def asked(*names: str) -> dict[str, Any]:
    return {"tables": [{"schema_name": "public", "table_name": name} for name in names]}


def test_each_table_is_advised_in_the_order_asked_for(
    http: httpx.Client, ids: dict[str, str]
) -> None:
    tables = asked("recent", "orders", "gone", "notes")
    answer = http.post("/describe_table/advise", json={**ids, **tables}).json()["tables"]
    assert [table["table_name"] for table in answer] == ["recent", "orders", "notes"]
    assert [table["selection"]["mode"] for table in answer] == ["full", "merge", "full"]
    orders = answer[1]
    assert orders["selection"]["cursor"] == ["updated_at"]
    assert orders["selection"]["columns"] is None
    assert "updated_at" in orders["reason"]


def test_the_advice_comes_a_line_a_table(http: httpx.Client, ids: dict[str, str]) -> None:
    answer = http.post(
        "/describe_table/advise",
        json={**ids, **asked("orders", "notes")},
        headers={"Accept": "application/x-ndjson"},
    )
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["table"]["table_name"] for line in lines[:-1]] == ["orders", "notes"]
    assert lines[-1] == {"end": {"count": 2}}


def test_columns_that_the_destination_has_no_type_for_are_left_out(
    http: httpx.Client, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(duckdb.TYPES, pa.string())
    (notes,) = http.post("/describe_table/advise", json={**ids, **asked("notes")}).json()["tables"]
    assert notes["selection"]["columns"] == ["id"]


def test_an_advice_may_be_saved_as_it_is(http: httpx.Client, ids: dict[str, str]) -> None:
    tables = http.post("/describe_table/advise", json={**ids, **asked("orders")}).json()["tables"]
    source = http.get(f"/sources/m1/{ids['source_id']}").json()
    saved = http.post(
        "/save_draft",
        json={**ids, "etag": source["etag"], "selection": [tables[0]["selection"]]},
    ).json()
    assert saved["selection"] == [tables[0]["selection"]]
