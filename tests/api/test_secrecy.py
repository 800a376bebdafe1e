"""No answer and no log line ever holds a password, in whatever spelling."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from headrace.settings import Settings
from tests.conftest import Database
from tests.secrecy import told

PASSWORD = "pä55 w/ord+&=\"'\\%"


@pytest.fixture
def request_body(database: Database) -> dict[str, Any]:
    """A draft whose user has the password that is searched for."""
    role = f"clerk_{database.name}"
    literal = PASSWORD.replace("'", "''")
    database.execute(
        f"SET standard_conforming_strings = on; CREATE ROLE {role} LOGIN PASSWORD '{literal}'"
    )
    connection = {**database.connection.model_dump(mode="json"), "user": role}
    return {
        "model_id": "m1",
        "name": "Shop",
        "connection": connection,
        "credentials": {"password": PASSWORD},
    }


def assert_secret(*texts: str) -> None:
    assert not told(PASSWORD, *texts)


def test_the_way_from_the_test_to_the_tables(
    http: httpx.Client, request_body: dict[str, Any], settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    login = {key: request_body[key] for key in ("connection", "credentials")}
    test = http.post("/test_connection", json=login)
    assert test.json()["passed"] is True
    saved = http.post("/save_draft", json=request_body)
    ids = {"model_id": "m1", "source_id": saved.json()["source_id"]}
    listed = http.post("/list_tables", json=ids)
    assert listed.json() == {"tables": []}
    got = http.get(f"/sources/m1/{ids['source_id']}")
    documents = b"".join(path.read_bytes() for path in settings.data.rglob("*") if path.is_file())
    answers = [test, saved, listed, got]
    assert_secret(*[answer.text for answer in answers], caplog.text, documents.decode("latin-1"))
    assert PASSWORD.encode() not in documents


@pytest.mark.parametrize(
    "credentials",
    [
        PASSWORD,
        {"password": PASSWORD, "user": PASSWORD},
        {"passwort": PASSWORD},
        {"password": [PASSWORD]},
        {"password": PASSWORD * 100},
        [PASSWORD],
    ],
)
def test_a_password_in_the_wrong_place_is_not_repeated(
    http: httpx.Client, request_body: dict[str, Any], credentials: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    login = {"connection": request_body["connection"], "credentials": credentials}
    for path in ("/test_connection", "/save_draft"):
        answer = http.post(path, json={**login, "password": PASSWORD})
        assert answer.status_code == 400
        assert_secret(answer.text, caplog.text)


def test_a_body_that_breaks_off_is_not_repeated(
    http: httpx.Client, request_body: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    headers = {"Content-Type": "application/json"}
    answer = http.post("/save_draft", content=json.dumps(request_body)[:-1], headers=headers)
    assert answer.json()["code"] == "malformed_json"
    assert_secret(answer.text, caplog.text)


def test_a_rejected_password_is_not_repeated(
    http: httpx.Client, request_body: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connection = {**request_body["connection"], "user": "nobody"}
    login = {"connection": connection, "credentials": request_body["credentials"]}
    answer = http.post("/test_connection", json=login)
    assert "password_rejected" in answer.text
    assert_secret(answer.text, caplog.text)


def test_a_broken_vault_does_not_tell(
    http: httpx.Client, request_body: dict[str, Any], settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    http.post("/save_draft", json=request_body).raise_for_status()
    Path(settings.vault.removeprefix("encrypted-file://")).write_text("{broken")
    answer = http.post("/save_draft", json=request_body)
    assert answer.json()["code"] == "vault_unreadable"
    assert_secret(answer.text, caplog.text)
