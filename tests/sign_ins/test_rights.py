"""Who may call what, over the functions themselves; nothing is read before that is clear."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO, StringIO
from typing import Any

import pytest
from flask import Request
from werkzeug.test import Client, TestResponse

from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint
from headrace.api.operations import Access, Operation
from headrace.logs import JsonFormatter
from headrace.services import Services
from headrace.settings import Settings
from tests.secrecy import told
from tests.sign_ins.provider import (
    EDITOR,
    SCHEDULER,
    STRANGER,
    VIEWER,
    Provider,
    claims,
    signed,
)

Call = Callable[..., TestResponse]
OPERATIONS = {
    operation.handler.__name__: (name, operation)
    for name, operations in FUNCTIONS.items()
    for operation in operations
}
# What is not a change, each of which somebody has decided.
LOOKS = {
    "get_run", "get_source", "list_runs", "list_source_types", "list_sources", "preview_names",
    "preview_schedule", "run_log", "show_overview", "write_grants",
}  # fmt: skip
CONNECTS = {
    "advise_tables", "describe_table", "list_tables", "preflight", "test_connection", "test_source",
}  # fmt: skip


def named(access: Access) -> set[str]:
    return {name for name, (_, operation) in OPERATIONS.items() if operation.does is access}


def test_what_each_operation_is() -> None:
    assert named(Access.SEE) == LOOKS
    assert named(Access.CONNECT) == CONNECTS
    assert named(Access.DISPATCH) == {"dispatch_due"}


def test_a_change_is_no_stream() -> None:
    """It would be written down before it is done."""
    for _, operation in OPERATIONS.values():
        assert not (operation.stream and operation.does in (Access.CHANGE, Access.DISPATCH))


@pytest.fixture
def call(settings: Settings) -> Iterator[Call]:
    with closing(Services(settings)) as services:
        endpoints = {name: endpoint(table, services) for name, table in FUNCTIONS.items()}

        def send(email: str | None, operation: str, **options: Any) -> TestResponse:
            name, op = OPERATIONS[operation]
            view = endpoints[name]
            client = Client(lambda environ, start: view(Request(environ))(environ, start))
            token = options.pop("token", None) or signed(claims(email or ""))
            headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
            return client.open(path_of(op), method=op.method, headers=headers, **options)

        yield send


def path_of(operation: Operation) -> str:
    return operation.path.format(model_id="m1", source_id="s1", run_id="r1")


def code(response: TestResponse) -> str:
    return str((response.get_json() or {}).get("code"))


REFUSALS = {"not_allowed", "editors_only", "scheduler_only", "not_signed_in", "sign_in_expired"}


def is_let_in(call: Call, email: str, operation: str) -> bool:
    """Whether the caller gets as far as to be told that the request is wrong."""
    response = call(email, operation, query_string={"x": "1"})
    assert code(response) in {"invalid_input", "unsupported_media_type"} | REFUSALS
    return code(response) not in REFUSALS


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_role_has_its_operations(call: Call, operation: str) -> None:
    access = OPERATIONS[operation][1].does
    assert is_let_in(call, VIEWER, operation) == (access is Access.SEE)
    assert is_let_in(call, EDITOR, operation) == (access is not Access.DISPATCH)
    assert is_let_in(call, SCHEDULER, operation) == (access is Access.DISPATCH)
    assert not is_let_in(call, STRANGER, operation)


@pytest.mark.parametrize(
    ("email", "operation", "status", "expected"),
    [
        (VIEWER, "save_draft", 403, "editors_only"),
        (VIEWER, "delete_source", 403, "editors_only"),
        (VIEWER, "list_tables", 403, "editors_only"),
        (VIEWER, "dispatch_due", 403, "scheduler_only"),
        (EDITOR, "dispatch_due", 403, "scheduler_only"),
        (SCHEDULER, "list_sources", 403, "not_allowed"),
        (SCHEDULER, "start_run", 403, "editors_only"),
        (STRANGER, "dispatch_due", 403, "not_allowed"),
    ],
)
def test_a_refusal_says_what_is_lacking(
    call: Call, email: str, operation: str, status: int, expected: str
) -> None:
    response = call(email, operation)
    assert (response.status_code, code(response)) == (status, expected)
    assert email in response.get_json()["detail"]
    assert response.get_json()["hint"]


def test_a_service_account_of_anothers_dispatches_nothing(call: Call) -> None:
    assert code(call("x@other.iam.gserviceaccount.com", "dispatch_due")) == "not_allowed"


def test_the_scheduler_dispatches(call: Call) -> None:
    response = call(SCHEDULER, "dispatch_due", json={})
    assert response.status_code == 200


@pytest.mark.parametrize(("email", "roles"), [(EDITOR, "editor, viewer"), (VIEWER, "viewer")])
def test_an_answer_names_the_callers_roles(call: Call, email: str, roles: str) -> None:
    response = call(email, "list_sources", query_string={"model_id": "m1"})
    assert (response.status_code, response.headers["Headrace-Roles"]) == (200, roles)
    assert call(email, "dispatch_due").headers["Headrace-Roles"] == roles
    assert "Headrace-Roles" not in call(STRANGER, "list_sources").headers


# --- the body ---------------------------------------------------------------------------------


class Watched(BytesIO):
    """A body that tells when it is read, and for whom the keys had been fetched by then."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(b"{")
        self._provider = provider
        self.keys_fetched_when_read: list[int] = []

    def readinto(self, buffer: Any, /) -> int:
        self.keys_fetched_when_read.append(self._provider.fetched)
        return super().readinto(buffer)


def test_the_token_is_checked_before_the_body_is_read(call: Call, provider: Provider) -> None:
    body = Watched(provider)
    response = call(
        EDITOR, "save_draft", input_stream=body, content_type="application/json",
    )  # fmt: skip
    assert code(response) == "malformed_json"
    assert body.keys_fetched_when_read
    assert 0 not in body.keys_fetched_when_read


@pytest.mark.parametrize("email", [VIEWER, STRANGER])
def test_nothing_is_said_of_the_body_of_who_may_not_send_it(call: Call, email: str) -> None:
    response = call(email, "save_draft", data=b"{", content_type="application/json")
    assert code(response) in ("editors_only", "not_allowed")


def test_a_preflight_of_a_browser_needs_no_token(settings: Settings) -> None:
    view = endpoint(FUNCTIONS["sources"], Services(settings))
    client = Client(lambda environ, start: view(Request(environ))(environ, start))
    assert client.options("/").status_code == 204


# --- the audit --------------------------------------------------------------------------------


@pytest.fixture
def log() -> Iterator[StringIO]:
    """The log as it is written."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("headrace")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    yield written
    logger.removeHandler(handler)
    logger.setLevel(level)


def audit(log: StringIO) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in lines if line["logger"] == "headrace.api.audit"]


DRAFT = {
    "model_id": "m1",
    "name": "Shop",
    "connection": {"type": "postgres", "host": "db.example.com", "database": "shop", "user": "u"},
    "credentials": {"password": "correct-horse"},
}


def test_a_change_is_written_down_with_who_made_it(call: Call, log: StringIO) -> None:
    saved = call(EDITOR, "save_draft", json=DRAFT)
    assert saved.status_code == 201, saved.text
    call(EDITOR, "activate")
    call(EDITOR, "list_sources", query_string={"model_id": "m1"})
    found = audit(log)
    assert [(line["caller"], line["operation"], line["outcome"]) for line in found] == [
        (EDITOR, "save_draft", "done"),
        (EDITOR, "activate", "source_not_found"),
    ]
    assert found[0]["source_id"] == saved.get_json()["source_id"]
    assert found[0]["parts"] == "connection, credentials, name"
    assert found[1]["source_id"] == "s1"
    assert all(line["time"] and line["request_id"] for line in found)


def test_the_log_holds_no_secret(call: Call, log: StringIO) -> None:
    token = signed(claims(EDITOR))
    call(None, "save_draft", json=DRAFT, token=token)
    call(None, "save_draft", json=DRAFT, token=token + "x")
    assert audit(log)
    assert not told("correct-horse", log.getvalue())
    assert token.rpartition(".")[2] not in log.getvalue()


def test_what_is_refused_is_no_change(call: Call, log: StringIO) -> None:
    for email in (VIEWER, STRANGER):
        call(email, "save_draft", json=DRAFT)
    assert audit(log) == []
