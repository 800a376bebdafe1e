"""Cross-origin requests: one exact origin."""

from __future__ import annotations

import pytest
from pydantic import AnyHttpUrl

from headrace.settings import Settings
from tests.api.test_http import Call, caller

ORIGIN = "https://app.example.com"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x"}


@pytest.fixture
def call(settings: Settings) -> Call:
    return caller(settings.model_copy(update={"web_origin": AnyHttpUrl(ORIGIN)}))


def test_the_origin_may_read_answers_and_refusals(call: Call) -> None:
    for path in ("/m1", "/no/such/path"):
        response = call("GET", path, headers={"Origin": ORIGIN})
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert response.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    ["null", "http://app.example.com", ORIGIN + ":8443", ORIGIN + ".evil.example", ORIGIN + "/"],
)
def test_another_origin_may_not(call: Call, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        response = call(method, "/m1", headers={"Origin": origin, **PREFLIGHT})
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]
        assert response.headers["Vary"] == "Origin"


def test_a_preflight_needs_no_token(call: Call) -> None:
    headers = {"Origin": ORIGIN, "Authorization": "", **PREFLIGHT}
    response = call("OPTIONS", "/m1/orders", headers=headers)
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert response.headers["Access-Control-Allow-Methods"] == "OPTIONS, POST"
    assert response.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type, Key"


def test_without_a_configured_origin_there_are_no_cors_headers(settings: Settings) -> None:
    response = caller(settings)("GET", "/m1", headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in response.headers


def test_a_default_port_is_not_part_of_an_origin(settings: Settings) -> None:
    chosen = settings.model_copy(update={"web_origin": AnyHttpUrl(f"{ORIGIN}:443/")})
    response = caller(chosen)("GET", "/m1", headers={"Origin": ORIGIN})
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
