"""How many connections a caller may have tested."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from devservers.ports import free_port
from headrace import local
from headrace.api.budget import Limits, spend
from headrace.api.functions import FUNCTIONS
from headrace.documents import Documents
from headrace.documents.sqlite import SqliteDocuments
from headrace.errors import DOCUMENTS_UNREADABLE, TOO_MANY_TESTS, HeadraceError
from headrace.settings import Settings

NOON = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)
LIMITS = Limits("tests", 3, 5)


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[Documents]:
    with closing(SqliteDocuments(tmp_path / "documents.sqlite")) as opened:
        yield opened


def test_a_minute_and_a_day(documents: Documents) -> None:
    def refusal(seconds: float, caller: str = "alice") -> HeadraceError | None:
        try:
            spend(documents, caller, LIMITS, lambda: NOON + timedelta(seconds=seconds))
        except HeadraceError as error:
            assert error.kind is TOO_MANY_TESTS
            return error
        return None

    assert [refusal(second) for second in (0, 1, 2)] == [None] * 3
    refused = refusal(30)
    assert refused is not None
    assert refused.retry_after == 31
    assert "3 tests a minute" in refused.detail
    assert refusal(30, "bob") is None  # each caller has a budget of its own
    assert [refusal(second) for second in (60, 61)] == [None] * 2
    refused = refusal(62)
    assert refused is not None
    assert "5 tests a day" in refused.detail
    assert refused.retry_after == 86_400 - 62 + 1
    assert refusal(86_400) is None


def test_a_clock_that_is_set_back_locks_nobody_out(documents: Documents) -> None:
    for _ in range(3):
        spend(documents, "alice", LIMITS, lambda: NOON)
    spend(documents, "alice", LIMITS, lambda: NOON - timedelta(days=3))


def test_the_clock_of_another_instance_begins_no_new_window(documents: Documents) -> None:
    behind = NOON - timedelta(seconds=1)
    for moment in (NOON, behind, NOON):
        spend(documents, "alice", LIMITS, partial(lambda at: at, moment))
    with pytest.raises(HeadraceError) as caught:
        spend(documents, "alice", LIMITS, lambda: behind)
    assert caught.value.retry_after == 62


def test_a_budget_may_be_removed_when_its_day_is_over(documents: Documents) -> None:
    spend(documents, "alice", LIMITS, lambda: NOON)
    spend(documents, "alice", LIMITS, lambda: NOON + timedelta(hours=1))

    (budget,) = documents.list("budgets", limit=9)
    expires_at = datetime.fromisoformat(budget.value["expires_at"])
    assert timedelta(days=1) < expires_at - NOON < timedelta(days=1, hours=1)


def test_one_budget_leaves_the_other_alone(documents: Documents) -> None:
    for _ in range(3):
        spend(documents, "alice", LIMITS, lambda: NOON)
    spend(documents, "alice", Limits("connections", 3, 5), lambda: NOON)


def test_who_has_a_budget_that_can_not_be_read_does_not_connect(documents: Documents) -> None:
    spend(documents, "alice", LIMITS, lambda: NOON)
    ((path, etag),) = [(one.path, one.etag) for one in documents.list("budgets", limit=2)]
    documents.replace(path, {"minute": "many"}, etag)
    with pytest.raises(HeadraceError) as caught:
        spend(documents, "alice", LIMITS, lambda: NOON)
    assert caught.value.kind is DOCUMENTS_UNREADABLE


def test_what_connects_to_a_source_has_a_budget() -> None:
    """A draft may name any address, so to list its tables is a way to test it."""
    charged = {
        name
        for name, operations in FUNCTIONS.items()
        for operation in operations
        if operation.charge
    }
    assert charged == {"test_connection", "list_tables", "describe_table", "preflight", "runs"}


def test_callers_at_the_same_time_share_one_budget(documents: Documents) -> None:
    refused = []

    def test_often() -> None:
        for _ in range(10):
            try:
                spend(documents, "alice", Limits("tests", 20, 100), lambda: NOON)
            except HeadraceError as error:
                refused.append(error.kind)

    threads = [threading.Thread(target=test_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == [TOO_MANY_TESTS] * 20


def test_the_function_says_when_to_come_back(settings: Settings) -> None:
    settings = settings.model_copy(update={"tests_per_minute": 2})
    body = {
        "connection": {
            "type": "postgres", "host": "127.0.0.1", "port": free_port(), "database": "d",
            "user": "u",
        },
        "credentials": {"password": "never-sent"},
    }  # fmt: skip
    with closing(local.serve(settings, 0)) as server:
        threading.Thread(target=server.run, daemon=True).start()
        headers = {"Authorization": f"Bearer {server.token}"}
        with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as client:
            # What is refused as wrong input is no test.
            statuses = [client.post("/test_connection", json={}).status_code]
            statuses += [client.post("/test_connection", json=body).status_code for _ in range(2)]
            refused = client.post("/test_connection", json=body)
            others = client.get("/sources/?model_id=m1")
    assert statuses == [400, 200, 200]
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_tests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.json()["retryable"] is True
    assert others.status_code == 200
