"""The HTTP layer over operations of the test's own."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from flask import Request
from pydantic import Field, SecretStr
from werkzeug.test import Client, TestResponse

from headrace.api.http import endpoint
from headrace.api.operations import Operation, Stream
from headrace.connections import Credentials
from headrace.errors import CONNECTION_LOST, HOST_UNKNOWN, HeadraceError
from headrace.services import Services
from headrace.settings import Settings
from headrace.values import ModelId, Value

Call = Callable[..., TestResponse]


class Order(Value):
    model_id: ModelId
    amount: int = Field(ge=1)
    credentials: Credentials | None = None
    key: str | None = None


class Item(Value):
    number: int


class Items(Value):
    items: tuple[Item, ...]


class Ref(Value):
    model_id: ModelId


class Query(Value):
    model_id: ModelId
    limit: int = 5


def order(_services: Services, request: Order) -> Item:
    return Item(number=request.amount)


def count(_services: Services, request: Order) -> Iterator[Item]:
    """Yields the amount; 13 breaks off after two items, 14 at once, 15 as a bug."""
    if request.amount == 14:
        raise HeadraceError(HOST_UNKNOWN, "no such host")
    for number in range(request.amount):
        if number == 2 and request.amount == 13:
            raise HeadraceError(CONNECTION_LOST, "broken off")
        if number == 2 and request.amount == 15:
            raise RuntimeError("a bug")
        yield Item(number=number)


def look(_services: Services, request: Query) -> Item:
    return Item(number=request.limit)


def fail(_services: Services, _request: Ref) -> None:
    raise RuntimeError("a bug")


def nothing(_services: Services, _request: Query) -> None:
    return None


OPERATIONS = (
    Operation(
        method="POST",
        path="/{model_id}/orders",
        summary="",
        request=Order,
        handler=order,
        response=Item,
        headers=("key",),
        creates=lambda request: request.amount == 1,
    ),
    Operation(
        method="POST",
        path="/",
        summary="",
        request=Order,
        handler=count,
        response=Items,
        stream=Stream(tag="item", item=Item, collect=lambda items: Items(items=tuple(items))),
    ),
    Operation(
        method="GET", path="/{model_id}", summary="", request=Query, handler=look, response=Item
    ),
    Operation(method="DELETE", path="/{model_id}", summary="", request=Query, handler=nothing),
    Operation(method="POST", path="/{model_id}/fail", summary="", request=Ref, handler=fail),
)


def caller(settings: Settings, operations: Sequence[Operation] = OPERATIONS) -> Call:
    view = endpoint(operations, Services(settings))
    client = Client(lambda environ, start: view(Request(environ))(environ, start))

    def call(method: str, path: str, **options: Any) -> TestResponse:
        headers = {"Authorization": "Bearer test-token", **options.pop("headers", {})}
        return client.open(path, method=method, headers=headers, **options)

    return call


@pytest.fixture
def call(settings: Settings) -> Call:
    return caller(settings)


def problem(response: TestResponse) -> dict[str, Any]:
    assert response.content_type == "application/problem+json"
    value: dict[str, Any] = json.loads(response.data)
    assert value["status"] == response.status_code
    assert set(value) == {"title", "status", "code", "detail", "hint", "retryable", "fields"}
    assert value["hint"]
    return value


def wrong_fields(response: TestResponse) -> dict[str, str]:
    found = problem(response)
    assert found["code"] == "invalid_input"
    return {field["path"]: field["message"] for field in found["fields"]}


# --- routing ----------------------------------------------------------------------------------


def test_path_headers_and_body_make_one_value(call: Call) -> None:
    response = call("POST", "/m1/orders", json={"amount": 3}, headers={"Key": "k"})
    assert (response.status_code, response.json) == (200, {"number": 3})


def test_creation_is_answered_with_201(call: Call) -> None:
    assert call("POST", "/m1/orders", json={"amount": 1}).status_code == 201


def test_query_strings_become_numbers(call: Call) -> None:
    assert call("GET", "/m1?limit=7").json == {"number": 7}


def test_an_operation_without_an_answer_has_no_body(call: Call) -> None:
    response = call("DELETE", "/m1")
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers


@pytest.mark.parametrize("path", ["/m1/unknown", "/m1/orders/", "/m1/orders/3", "/m1%2Fx/y/z"])
def test_an_unknown_path_is_404(call: Call, path: str) -> None:
    assert problem(call("GET", path))["code"] == "endpoint_not_found"


@pytest.mark.parametrize("model", ["..", "a%00b", "%C3%BC", "a b", "x" * 65])
def test_odd_ids_are_refused(call: Call, model: str) -> None:
    assert "model_id" in wrong_fields(call("GET", f"/{model}"))


def test_a_wrong_method_names_the_right_ones(call: Call) -> None:
    response = call("PUT", "/m1")
    assert problem(response)["code"] == "method_not_allowed"
    assert response.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS"


def test_head_is_get_without_the_body(call: Call) -> None:
    get, head = call("GET", "/m1"), call("HEAD", "/m1")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_options_names_the_methods(call: Call) -> None:
    response = call("OPTIONS", "/m1/orders")
    assert (response.status_code, response.headers["Allow"]) == (204, "OPTIONS, POST")


# --- who may call -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic test-token", "Bearer tést-token"]
)
def test_a_wrong_token_is_401(call: Call, header: str) -> None:
    response = call("POST", "/m1/orders", json={"amount": 1}, headers={"Authorization": header})
    assert problem(response)["code"] == "not_signed_in"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", [None, SecretStr("")])
def test_without_a_token_nobody_may_call(settings: Settings, token: SecretStr | None) -> None:
    call = caller(settings.model_copy(update={"token": token}))
    response = call("GET", "/m1", headers={"Authorization": "Bearer "})
    assert problem(response)["code"] == "sign_in_not_configured"


def test_a_stranger_learns_nothing_of_his_body(call: Call) -> None:
    response = call("POST", "/m1/orders", data=b"{", headers={"Authorization": "Bearer wrong"})
    assert response.status_code == 401


# --- the body ---------------------------------------------------------------------------------


def test_all_wrong_fields_come_at_once(call: Call) -> None:
    body = {"amount": 0, "credentials": {"password": 7, "user": "x"}, "speed": 1}
    assert set(wrong_fields(call("POST", "/m!/orders", json=body))) == {
        "model_id", "amount", "credentials.password", "credentials.user", "speed",
    }  # fmt: skip


def test_numbers_in_a_body_are_not_strings(call: Call) -> None:
    assert set(wrong_fields(call("POST", "/m1/orders", json={"amount": "3"}))) == {"amount"}


def test_a_field_in_the_wrong_place_is_named(call: Call) -> None:
    response = call("POST", "/m1/orders?amount=3", json={"model_id": "m2", "amount": 3})
    assert wrong_fields(response) == {
        "model_id": "belongs in the path, not in the body",
        "amount": "belongs in the body, not in the query",
    }


def test_a_query_field_given_twice_is_wrong(call: Call) -> None:
    assert wrong_fields(call("GET", "/m1?limit=1&limit=2")) == {"limit": "is given twice"}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[1]", b'"text"', b"null", b"\xff", b"\xef\xbb\xbf{}", b'{"amount": NaN}',
        b'{"amount": -Infinity}', b'{"amount": 1e999}', b'{"amount": 1, "amount": 1}',
        b'{"credentials": {"password": "a", "password": "b"}}',
        b'{"amount": 1, "credentials": {"password": "\\ud800"}}',
        b'{"a":' * 100_000, b'{"a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"amount": ' + b"9" * 5_000 + b"}",
    ],
)  # fmt: skip
def test_malformed_json(call: Call, body: bytes) -> None:
    response = call("POST", "/m1/orders", data=body, content_type="application/json")
    assert problem(response)["code"] == "malformed_json"


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/json; charset=latin-1"])
def test_another_content_type_is_415(call: Call, content_type: str | None) -> None:
    response = call("POST", "/m1/orders", data=b'{"amount": 1}', content_type=content_type)
    assert problem(response)["code"] == "unsupported_media_type"


def test_an_operation_without_body_fields_needs_no_body(call: Call) -> None:
    assert call("DELETE", "/m1").status_code == 204
    assert call("DELETE", "/m1", json={}).status_code == 204
    assert set(wrong_fields(call("DELETE", "/m1", json={"x": 1}))) == {"x"}


def test_a_body_over_the_limit_is_413(call: Call) -> None:
    body = b'{"key": "' + b"x" * (10 << 20) + b'"}'
    response = call("POST", "/m1/orders", data=body, content_type="application/json")
    assert problem(response)["code"] == "body_too_large"


def test_thousands_of_wrong_fields_make_a_short_answer(call: Call) -> None:
    response = call("POST", "/m1/orders", json={f"{i}" * 50: 1 for i in range(2_000)})
    assert len(wrong_fields(response)) == 100
    assert len(response.data) < 30_000


# --- failures ---------------------------------------------------------------------------------


def test_an_unforeseen_error_tells_the_log_alone(
    call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = call("POST", "/m1/fail")
    found = problem(response)
    assert found["code"] == "internal_error"
    assert response.headers["X-Request-Id"] in found["detail"]
    assert "a bug" not in response.text
    assert "a bug" in caplog.text


def test_every_answer_forbids_storing_and_sniffing(call: Call) -> None:
    for response in (call("GET", "/m1"), call("GET", "/"), call("POST", "/", json={})):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


# --- streams ----------------------------------------------------------------------------------

LINES = {"Accept": "application/x-ndjson"}


def lines(response: TestResponse) -> list[dict[str, Any]]:
    assert response.content_type == "application/x-ndjson"
    return [json.loads(line) for line in response.data.splitlines()]


def body(amount: int) -> dict[str, Any]:
    return {"model_id": "m1", "amount": amount}


def test_a_stream_is_one_value_for_those_who_do_not_ask(call: Call) -> None:
    response = call("POST", "/", json=body(2), headers={"Accept": "*/*"})
    assert response.json == {"items": [{"number": 0}, {"number": 1}]}


def test_a_stream_ends_with_its_count(call: Call) -> None:
    response = call("POST", "/", json=body(2), headers=LINES)
    assert lines(response) == [
        {"item": {"number": 0}}, {"item": {"number": 1}}, {"end": {"count": 2}},
    ]  # fmt: skip


@pytest.mark.parametrize(("amount", "code"), [(13, "connection_lost"), (15, "internal_error")])
def test_a_stream_that_breaks_says_so_in_its_last_line(call: Call, amount: int, code: str) -> None:
    found = lines(call("POST", "/", json=body(amount), headers=LINES))
    assert [list(line) for line in found] == [["item"], ["item"], ["problem"]]
    assert found[-1]["problem"]["code"] == code


def test_an_early_error_of_a_stream_is_a_plain_problem(call: Call) -> None:
    response = call("POST", "/", json=body(14), headers=LINES)
    assert (response.status_code, problem(response)["code"]) == (424, "host_unknown")


def test_a_client_that_goes_away_ends_the_handler(settings: Settings) -> None:
    started: list[Iterator[Item]] = []  # a reference, so that no garbage collector does it

    def endless(_services: Services, _request: Order) -> Iterator[Item]:
        started.append(Item(number=number) for number in itertools.count())
        return started[0]

    operations = [replace(op, handler=endless) for op in OPERATIONS if op.stream]
    response = caller(settings, operations)("POST", "/", json=body(1), headers=LINES)
    next(iter(response.response))
    response.close()
    assert next(started[0], None) is None
