"""The function preflight over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from headrace.api.save_draft import SaveDraft, save_draft
from headrace.api.sources import SourceRef, activate
from headrace.model import DecimalType, Selection, UnfitPolicy
from headrace.services import Services
from headrace.settings import Settings
from tests.conftest import Database

TABLES = """
CREATE TABLE orders (id bigint PRIMARY KEY, due date, amount numeric, note text);
INSERT INTO orders VALUES (1, 'infinity', 1.25, 'x'), (2, '2026-01-01', 12345, NULL);
CREATE TABLE chosen AS SELECT * FROM orders
"""
CHOSEN = Selection(
    schema_name="public",
    table_name="chosen",
    columns=("due", "amount"),
    unfit_columns={"due": UnfitPolicy.NULL},
    decimal_columns={"amount": DecimalType(precision=5, scale=1)},
    destination_table="picked",
)


@pytest.fixture
def ids(settings: Settings, database: Database) -> dict[str, str]:
    """A draft that selects one of two tables."""
    database.execute(TABLES)
    services = Services(settings)
    source = save_draft(
        services,
        SaveDraft(
            model_id="m1",
            name="Shop",
            connection=database.connection,
            credentials=database.credentials,
            selection=(CHOSEN,),
        ),
    )
    services.close()
    return {"model_id": "m1", "source_id": source.source_id}


def asked(http: httpx.Client, ids: dict[str, str], table: str, **more: Any) -> httpx.Response:
    request = {**ids, "schema_name": "public", "table_name": table, **more}
    return http.post("/preflight", json=request)


def test_a_table_that_is_not_selected_yet(http: httpx.Client, ids: dict[str, str]) -> None:
    answer = asked(http, ids, "orders").json()
    assert answer["status"] == "failed"
    assert (answer["dataset"], answer["destination_table"]) == ("shop", "orders")
    assert answer["sample"]["found"] == "All 2 rows of the table were looked at."
    assert [column["destination_type"] for column in answer["columns"]] == [
        "BIGINT", "DATE", "VARCHAR", "VARCHAR",
    ]  # fmt: skip
    due, amount = answer["columns"][1:3]
    assert (due["unfit_rows"], due["unfit_values"]) == (1, {"infinity": 1})
    assert due["advice"][0]["setting"] == 'unfit_columns: {"due": "null"}'
    assert amount["advice"][0]["decimal"] == {"precision": 38, "scale": 2}


def test_what_is_suggested_can_be_saved(
    http: httpx.Client, ids: dict[str, str], settings: Settings
) -> None:
    suggested = asked(http, ids, "orders").json()["suggested"]
    source = http.get(f"/sources/m1/{ids['source_id']}").json()
    change = {**ids, "etag": source["etag"], "selection": [suggested]}
    assert http.post("/save_draft", json=change).status_code == 200
    answer = asked(http, ids, "orders").json()
    assert (answer["status"], answer["suggested"]) == ("warned", suggested)


@pytest.mark.parametrize("active", [False, True])
def test_a_table_as_the_source_selects_it(
    http: httpx.Client, ids: dict[str, str], settings: Settings, active: bool
) -> None:
    if active:
        services = Services(settings)
        activate(services, SourceRef.model_validate(ids))
        services.close()
    answer = asked(http, ids, "chosen").json()
    assert answer["destination_table"] == "picked"
    due, amount = answer["columns"]
    assert (due["name"], due["status"]) == ("due", "warned")
    assert (amount["arrow_type"], amount["status"]) == ("decimal128(5, 1)", "failed")
    assert amount["unfit_values"] == {
        "more than 4 digits before the point": 1, "more than 1 digit after the point": 1,
    }  # fmt: skip


def test_the_statistics_alone(http: httpx.Client, ids: dict[str, str]) -> None:
    answer = asked(http, ids, "orders", sample_rows=0).json()
    assert (answer["sample"]["rows"], answer["sample"]["whole"]) == (0, False)
    assert answer["columns"][1]["unfit_rows"] is None


def test_a_dropped_table_is_named(http: httpx.Client, ids: dict[str, str]) -> None:
    answer = asked(http, ids, "gone")
    assert (answer.status_code, answer.json()["code"]) == (424, "table_not_found")
    assert "gone" in answer.json()["detail"]


def test_a_selected_column_that_is_gone(
    http: httpx.Client, ids: dict[str, str], database: Database
) -> None:
    database.execute("ALTER TABLE chosen DROP due")
    answer = asked(http, ids, "chosen")
    assert (answer.status_code, answer.json()["code"]) == (424, "column_not_found")
    assert "'due'" in answer.json()["detail"]


def test_more_rows_than_are_looked_at(http: httpx.Client, ids: dict[str, str]) -> None:
    (wrong,) = asked(http, ids, "orders", sample_rows=100_001).json()["fields"]
    assert wrong["path"] == "sample_rows"


def test_a_password_that_was_for_another_server(
    http: httpx.Client, ids: dict[str, str], settings: Settings
) -> None:
    services = Services(settings)
    services.vault.destroy(f"model-m1-source-{ids['source_id']}-credentials", 1)
    services.close()
    answer = asked(http, ids, "orders")
    assert (answer.status_code, answer.json()["code"]) == (409, "credentials_missing")


def test_a_selection_that_is_not_saved_yet(http: httpx.Client, ids: dict[str, str]) -> None:
    wished = {"schema_name": "public", "table_name": "orders", "columns": ["id"]}
    answer = asked(http, ids, "orders", selection=wished).json()
    assert [column["name"] for column in answer["columns"]] == ["id"]


def test_a_selection_of_another_table_is_refused(http: httpx.Client, ids: dict[str, str]) -> None:
    wished = {"schema_name": "public", "table_name": "chosen"}
    (wrong,) = asked(http, ids, "orders", selection=wished).json()["fields"]
    assert (wrong["path"], wrong["message"]) == ("selection", "is of another table")
