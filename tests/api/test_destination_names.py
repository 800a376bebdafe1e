"""Where the tables of a source would go, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from headrace.services import Services
from headrace.settings import Settings
from tests.api.drafts import create, table


@pytest.fixture
def ids(settings: Settings) -> dict[str, str]:
    services = Services(settings)
    selection = (table("Orders"), table("orders", "old"), table("x", destination_table="mine"))
    source = create(services, name="Shop (EU)", selection=selection)
    services.close()
    return {"model_id": "m1", "source_id": source.source_id}


def preview(http: httpx.Client, ids: dict[str, str], **changes: Any) -> dict[str, Any]:
    answer: dict[str, Any] = http.post("/sources/preview_names", json={**ids, **changes}).json()
    return answer


def test_the_names_of_what_is_stored(http: httpx.Client, ids: dict[str, str]) -> None:
    answer = preview(http, ids)
    assert (answer["destination"], answer["dataset"], answer["wrong"]) == ("duckdb", "shop_eu", [])
    assert [(each["destination_table"], each["derived"]) for each in answer["tables"]] == [
        ("orders", True), ("old_orders", True), ("mine", False),
    ]  # fmt: skip


def test_the_names_of_what_is_not_saved_yet(http: httpx.Client, ids: dict[str, str]) -> None:
    wished = [
        {"schema_name": "public", "table_name": "orders"},
        {"schema_name": "public", "table_name": "x", "destination_table": "ORDERS"},
    ]
    answer = preview(http, ids, dataset="lake", selection=wished)
    assert answer["dataset"] == "lake"
    (wrong,) = answer["wrong"]
    assert wrong["path"] == "selection.1.destination_table"
    assert "public.orders" in wrong["message"]


def test_a_dataset_that_is_reserved_is_told(http: httpx.Client, ids: dict[str, str]) -> None:
    (wrong,) = preview(http, ids, dataset="_headrace_mine")["wrong"]
    assert wrong["path"] == "dataset"
