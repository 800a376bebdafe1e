"""The function test_connection over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from devservers.ports import free_port
from headrace import local
from headrace.checks import Layer
from headrace.settings import Settings
from tests.conftest import Database

LAYERS = [str(layer) for layer in Layer]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nothing but the documents can be opened, which hold the budget: no secret is touched."""
    nowhere = {"vault": "no://", "destination": "no://", "launcher": "no://"}
    return settings.model_copy(update=nowhere)


@pytest.fixture
def http(settings: Settings) -> Iterator[httpx.Client]:
    with closing(local.serve(settings, 0)) as server:
        threading.Thread(target=server.run, daemon=True).start()
        headers = {"Authorization": f"Bearer {server.token}"}
        with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as client:
            yield client


def body(database: Database) -> dict[str, object]:
    return {
        "connection": database.connection.model_dump(mode="json"),
        "credentials": {"password": database.server.password},
    }


def test_a_good_connection_passes(http: httpx.Client, database: Database) -> None:
    answer = http.post("/test_connection", json=body(database)).json()
    assert answer["passed"] is True
    assert [check["layer"] for check in answer["checks"]] == LAYERS


def test_a_closed_port_is_found_and_is_no_error_of_ours(
    http: httpx.Client, database: Database
) -> None:
    request = body(database)
    request["connection"] = {**database.connection.model_dump(mode="json"), "port": free_port()}
    answer = http.post("/test_connection", json=request)
    assert answer.status_code == 200
    assert answer.json()["passed"] is False
    (failed,) = [check for check in answer.json()["checks"] if check["status"] == "failed"]
    assert (failed["layer"], failed["code"]) == ("tcp", "connection_refused")
    assert failed["hint"]


def test_checks_come_one_a_line(http: httpx.Client, database: Database) -> None:
    accept = {"Accept": "application/x-ndjson"}
    answer = http.post("/test_connection", json=body(database), headers=accept)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["check"]["layer"] for line in lines[:-1]] == LAYERS
    assert lines[-1] == {"end": {"count": len(LAYERS)}}


def test_a_mistyped_host_comes_back_corrected(http: httpx.Client, database: Database) -> None:
    request = body(database)
    typed = "postgresql://reader:geheim-4711@db.example.com/shop"
    request["connection"] = {**database.connection.model_dump(mode="json"), "host": typed}
    answer = http.post("/test_connection", json=request)
    assert answer.status_code == 400
    (field,) = answer.json()["fields"]
    assert (field["path"], field["suggestion"]) == ("connection.host", "db.example.com")
    assert "geheim-4711" not in answer.text


@pytest.mark.parametrize("certificate", ["no certificate", "😍", "-----BEGIN CERTIFICATE-----"])
def test_a_certificate_that_is_none(
    http: httpx.Client, database: Database, certificate: str
) -> None:
    request = body(database)
    connection = database.connection.model_dump(mode="json")
    request["connection"] = {**connection, "tls": "verify-ca", "ca_certificate": certificate}
    answer = http.post("/test_connection", json=request)
    assert answer.status_code == 400
    assert [field["path"] for field in answer.json()["fields"]] == ["connection.ca_certificate"]
