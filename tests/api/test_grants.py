"""The SQL of a user for a selection, over HTTP: alone, and with the connection test's rights."""

from __future__ import annotations

import httpx
import pytest

from headrace.checks import Layer
from headrace.sources import READER
from tests.conftest import Database

SELECTION = [{"schema_name": "public", "table_name": "orders", "columns": ["id"]}]


def connection(kind: str) -> dict[str, object]:
    return {"type": kind, "host": "nowhere.invalid", "database": "shop", "user": "admin"}


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_the_sql_is_written_without_a_connection(http: httpx.Client, kind: str) -> None:
    body = {"connection": connection(kind), "selection": SELECTION, "user": "analyst"}
    answer = http.post("/grants", json=body)
    assert answer.status_code == 200
    for part in ("create", "verify", "revoke"):
        assert "analyst" in answer.json()[part]


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"selection": []}, "selection"),
        ({"user": ""}, "user"),
        ({"user": "a\nb"}, "user"),
        ({"user": "u" * 64}, "user"),
        ({"user": "ü" * 32}, "user"),  # 64 bytes, of which PostgreSQL would cut one off
        ({"credentials": {"password": "geheim-4711"}}, "credentials"),
    ],
)
def test_what_can_not_be_written(http: httpx.Client, changed: dict[str, object], path: str) -> None:
    body = {"connection": connection("postgres"), "selection": SELECTION, **changed}
    answer = http.post("/grants", json=body)
    assert answer.status_code == 400
    assert [field["path"] for field in answer.json()["fields"]] == [path]
    assert "geheim-4711" not in answer.text


def test_the_connection_test_brings_it_along(http: httpx.Client, database: Database) -> None:
    database.execute("CREATE TABLE orders (id int)")
    body = {
        "connection": database.connection.model_dump(mode="json"),
        "credentials": {"password": database.server.password},
        "selection": [*SELECTION, {"schema_name": "public", "table_name": "ordres"}],
    }
    checks = http.post("/test_connection", json=body).json()["checks"]
    (rights,) = [check for check in checks if check["layer"] == Layer.RIGHTS]
    assert rights["code"] == "table_not_found"
    assert [(f["path"], f["suggestion"]) for f in rights["fields"]] == [
        ("selection.1.table_name", "orders")
    ]
    assert READER in rights["grants"]["create"]
