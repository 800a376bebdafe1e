"""The whole way on Google Cloud: from a connection to rows in BigQuery, and to what is new."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from headrace.model import Source
from headrace.records import Sources
from tests.cloud.deployment import Project, answered, functions
from tests.conftest import Database

TABLES = """
CREATE TABLE orders (
    id bigint PRIMARY KEY, price numeric(12, 3), label text, tags text[], raw bytea, note jsonb,
    at timestamptz NOT NULL, placed timestamp, due date
);
INSERT INTO orders
    SELECT n, n / 8.0, 'order ' || n || ' é漢🚀', ARRAY['a', 'b' || n], decode('00ff', 'hex'),
        jsonb_build_object('n', n), timestamptz '2026-01-01 00:00Z' + n * interval '1 minute',
        timestamp '2026-01-01' + n * interval '1 microsecond', date '2026-01-01' + n
    FROM generate_series(1, 500) AS n;
CREATE TABLE customers (id int PRIMARY KEY, name text);
INSERT INTO customers VALUES (1, 'Ada'), (2, NULL)
"""
CHANGES = """
UPDATE orders SET label = 'changed', at = '2026-03-01' WHERE id = 7;
INSERT INTO orders (id, label, at) VALUES (501, 'new', '2026-03-01 00:01Z')
"""
HOURLY = {"type": "cron", "expression": "0 * * * *"}


def test_from_a_connection_to_what_is_new(project: Project, database: Database) -> None:
    database.execute(TABLES)
    with functions(project) as called:
        source = drafted(called, database)

        first = dispatched(project, called, source)

        assert outcome(first) == {"orders": 500, "customers": 2}
        assert project.staged() == []
        rows, kept = brought(project), values(project)
        assert rows == {"orders": 500, "customers": 2}
        assert kept == [
            (7, "0.875", "order 7 é漢🚀", ["a", "b7"], b"\x00\xff", '{"n": 7}'),
            (500, "62.500", "order 500 é漢🚀", ["a", "b500"], b"\x00\xff", '{"n": 500}'),
        ]

        database.execute(CHANGES)
        asked = {"model_id": "m1", "source_id": source["source_id"]}
        second = finished(called, answered(called["runs"].post("/", json=asked)))

        assert outcome(second) == {"orders": 2, "customers": 2}
        assert brought(project) == {"orders": 501, "customers": 2}
        assert [row[2] for row in values(project)] == ["changed", "order 500 é漢🚀", "new"]
        assert "staged 500 rows" in said(called, first)


def drafted(called: Mapping[str, httpx.Client], database: Database) -> dict[str, Any]:
    """A source that was tested, whose tables were chosen, and which is active."""
    connection = database.connection.model_dump(mode="json")
    credentials = {"password": database.server.password}
    entered = {"connection": connection, "credentials": credentials}
    report = answered(called["test_connection"].post("/", json=entered))
    assert report["passed"], report

    draft = {"model_id": "m1", "name": "Shop", "dataset": "shop", **entered}
    source = answered(called["save_draft"].post("/", json=draft))
    assert database.server.password not in str(source)
    named = {"model_id": "m1", "source_id": source["source_id"]}
    found = answered(called["list_tables"].post("/", json=named))["tables"]
    assert {table["table_name"] for table in found} == {"orders", "customers"}

    tables = [{"schema_name": t["schema_name"], "table_name": t["table_name"]} for t in found]
    for table in tables:
        if table["table_name"] == "orders":
            table |= {"mode": "merge", "cursor": ["at"]}
    chosen = {**named, "etag": source["etag"], "selection": tables, "schedule": HOURLY}
    answered(called["save_draft"].post("/", json=chosen))
    active = answered(called["sources"].post(f"/m1/{source['source_id']}/activate"))
    assert active["next_run_at"]
    return dict(active)


def dispatched(
    project: Project, called: Mapping[str, httpx.Client], source: Mapping[str, Any]
) -> dict[str, Any]:
    """The run that the heartbeat starts, an hour later."""
    assert answered(called["dispatch"].post("/"))["started"] == []
    with project.services() as services:
        Sources(services.documents).dispatched("m1", source["source_id"], an_hour_ago)
    (slot,) = answered(called["dispatch"].post("/"))["started"]
    assert answered(called["dispatch"].post("/"))["started"] == []
    return finished(called, {"source_id": source["source_id"], "run_id": slot["run_id"]})


def an_hour_ago(source: Source) -> Source:
    assert source.next_run_at is not None
    return source.model_copy(update={"next_run_at": source.next_run_at - timedelta(hours=1)})


def finished(called: Mapping[str, httpx.Client], run: Mapping[str, Any]) -> dict[str, Any]:
    path = f"/m1/{run['source_id']}/{run['run_id']}"
    while True:
        shown = answered(called["runs"].get(path))
        if shown["state"] not in ("queued", "running"):
            return dict(shown)
        time.sleep(0.2)


def outcome(run: Mapping[str, Any]) -> dict[str, int] | str:
    """How many rows of each table it has brought."""
    if run["state"] != "succeeded":
        return f"{run['state']}: {run['error']}"
    return {table["destination_table"]: table["rows"] for table in run["tables"]}


def said(called: Mapping[str, httpx.Client], run: Mapping[str, Any]) -> list[str]:
    """What the run has logged, which Cloud Logging tells some seconds later."""
    path = f"/m1/{run['source_id']}/{run['run_id']}/log"
    lines: list[str] = []
    query: dict[str, str] = {}
    while True:
        page = answered(called["runs"].get(path, params=query))
        lines += [line["message"] for line in page["lines"]]
        if page["next_after"] is None:
            return lines
        query = {"after": page["next_after"]}
        time.sleep(0.5)


def brought(project: Project) -> dict[str, int]:
    with project.warehouse() as warehouse:
        return {
            name: next(iter(warehouse.query(f"SELECT COUNT(*) FROM shop.{name}").result()))[0]
            for name in ("orders", "customers")
        }


def values(project: Project) -> list[tuple[Any, ...]]:
    """What somebody reads of three rows."""
    sql = (
        "SELECT id, CAST(price AS STRING), label, tags, raw, note FROM shop.orders "
        "WHERE id IN (7, 500, 501) ORDER BY id"
    )
    with project.warehouse() as warehouse:
        return [tuple(row.values()) for row in warehouse.query(sql).result()]
