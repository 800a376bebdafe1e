"""Sources of an instance of Cloud SQL: what is stored of them, and when a password is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from headrace import credentials as stored
from headrace.errors import PASSWORD_REQUIRED, HeadraceError
from headrace.model import Source
from headrace.records import Sources
from headrace.services import Services
from headrace.settings import Settings
from tests.api.drafts import PASSWORD, change, connection, create, credentials

NAME = "my-project:europe-west3:shop"


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    opened = Services(settings)
    yield opened
    opened.documents.close()


def instance(**changes: Any) -> Any:
    return connection(**{"host": None, "instance": NAME, **changes})


def versions(services: Services, source: Source) -> int:
    return len(services.vault.versions(source.credentials_secret_name))


def test_a_login_by_iam_stores_no_password(services: Services) -> None:
    source = create(services, connection=instance(login="iam"), credentials=None)
    assert Sources(services.documents).get("m1", source.source_id).connection == source.connection
    assert versions(services, source) == 0
    assert stored.load(services.vault, source).password.get_secret_value() == ""
    changed = change(services, source, connection=instance(login="iam", user="other"))
    assert changed.connection.user == "other"


def test_a_password_is_of_one_instance_alone(services: Services) -> None:
    source = create(services, connection=instance())
    assert stored.load(services.vault, source).password.get_secret_value() == PASSWORD
    source = change(services, source, connection=instance(ip_type="private"))
    for other in (instance(instance=f"{NAME}2"), connection(), instance(user="x")):
        with pytest.raises(HeadraceError) as raised:
            change(services, source, connection=other)
        assert raised.value.kind is PASSWORD_REQUIRED


def test_who_leaves_iam_enters_a_password(services: Services) -> None:
    source = create(services, connection=instance(login="iam"), credentials=None)
    with pytest.raises(HeadraceError) as raised:
        change(services, source, connection=instance())
    assert "connection.login" in {field.path for field in raised.value.fields}
    source = change(services, source, connection=instance(), credentials=credentials())
    assert stored.load(services.vault, source).password.get_secret_value() == PASSWORD
    source = change(services, source, connection=instance(login="iam"))
    assert stored.load(services.vault, source).password.get_secret_value() == ""


def test_credentials_are_asked_for_unless_iam_has_them(http: httpx.Client) -> None:
    by = {"type": "postgres", "database": "shop", "user": "reader", "instance": NAME}
    for path, given in (
        ("/test_connection", {"connection": by}),
        ("/save_draft", {"model_id": "m1", "name": "Shop", "connection": by}),
    ):
        answer = http.post(path, json=given)
        assert answer.status_code == 400
        assert [field["path"] for field in answer.json()["fields"]] == ["credentials"]
    given = {"model_id": "m1", "name": "Shop", "connection": {**by, "login": "iam"}}
    assert http.post("/save_draft", json=given).status_code == 201


def test_every_wrong_field_is_named(http: httpx.Client) -> None:
    given = {
        "connection": {
            **{"type": "mysql", "host": "h", "instance": NAME, "port": 3307, "database": "d"},
            **{"login": "iam", "user": "reader@my-project.iam.gserviceaccount.com"},
        }
    }
    fields = http.post("/test_connection", json=given).json()["fields"]
    paths = {field["path"]: field["suggestion"] for field in fields}
    assert paths == {
        "connection.host": None,
        "connection.port": None,
        "connection.user": "reader",
        "credentials": None,
    }
