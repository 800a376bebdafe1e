"""The forms that a page shows are read off the values by which it is judged."""

from __future__ import annotations

import httpx
import pytest

from headrace import sources
from headrace.api.source_types import ListSourceTypes, SourceType, list_source_types
from headrace.bigquery_connection import BigqueryConnection, BigqueryLogin
from headrace.connections import (
    ADDRESS_TYPES,
    CONNECTIONS,
    LOGINS,
    TLS_MODES,
    AddressType,
    Login,
    TlsMode,
)
from headrace.services import Services
from headrace.settings import Settings
from headrace.urls import from_url

# What is reached at an address of its own.
SERVERS = ("postgres", "mysql")


@pytest.fixture
def types(settings: Settings) -> dict[str, SourceType]:
    found = list_source_types(Services(settings), ListSourceTypes())
    return {kind.type: kind for kind in found.types}


def test_every_type_has_every_field_of_its_connection(types: dict[str, SourceType]) -> None:
    for name, connection in CONNECTIONS.items():
        fields = {field.name for field in types[name].connection}
        assert fields == set(connection.model_fields) - {"type"}


@pytest.mark.parametrize("name", SERVERS)
def test_what_the_form_needs_is_what_the_value_needs(
    types: dict[str, SourceType], name: str
) -> None:
    fields = {field.name: field for field in types[name].connection}
    required = {field for field, about in fields.items() if about.required}
    assert required == {"host", "instance", "database", "user"}
    given = dict.fromkeys(required - {"instance"}, "x")
    connection = CONNECTIONS[name].model_validate(given)
    assert not isinstance(connection, BigqueryConnection)
    assert fields["port"].default == connection.port
    assert fields["tls"].default == connection.tls
    assert (fields["port"].minimum, fields["port"].maximum) == (1, 65535)
    assert {field for field, about in fields.items() if about.more} == {"tls", "ca_certificate"}


def test_each_choice_is_explained() -> None:
    assert set(TLS_MODES) == set(TlsMode)
    assert set(ADDRESS_TYPES) == set(AddressType)
    assert set(LOGINS) == set(Login)


def test_an_instance_is_offered_where_the_connector_is_installed(
    types: dict[str, SourceType], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ways(kind: SourceType) -> set[str | None]:
        return {field.way for field in kind.connection}

    for kind in map(types.__getitem__, SERVERS):
        assert [way.value for way in kind.ways] == ["host", "instance"]
        assert ways(kind) == {None, "host", "instance"}
        (password,) = kind.credentials
        assert password.only_if is not None
        assert password.only_if.field in {field.name for field in kind.connection}

    monkeypatch.setattr("headrace.cloud_sql.installed", lambda: False)
    for kind in list_source_types(Services(settings), ListSourceTypes()).types:
        assert kind.ways == ()
        assert ways(kind) <= {None, "host"}


def test_bigquery_asks_for_a_project_and_for_a_key(types: dict[str, SourceType]) -> None:
    kind = types["bigquery"]
    assert kind.ways == ()
    assert {field.name for field in kind.connection if field.required} == {"project"}
    (login,) = (field for field in kind.connection if field.name == "login")
    assert [choice.value for choice in login.choices] == list(BigqueryLogin)
    assert all(choice.description for choice in login.choices)
    (key,) = kind.credentials
    assert (key.label, key.kind, key.required) == ("Service account key", "password", True)
    assert key.only_if is not None
    assert (key.only_if.field, key.only_if.value) == ("login", login.default)


def test_a_type_is_offered_where_it_can_be_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sources.NEEDED, "bigquery", ("a-package-that-nobody-has",))
    found = list_source_types(Services(settings), ListSourceTypes())
    assert [kind.type for kind in found.types] == list(SERVERS)


def test_a_url_of_each_scheme_is_of_its_type(types: dict[str, SourceType]) -> None:
    for kind in types.values():
        for scheme in kind.url_schemes:
            at = "my-project/d" if kind.type == "bigquery" else "u@h/d"
            connection, _ = from_url(f"{scheme}://{at}")
            assert connection.type == kind.type


def test_over_http(http: httpx.Client) -> None:
    answer = http.get("/sources/types").json()
    assert answer["layers"][0] == "address"
    (password,) = answer["types"][0]["credentials"]
    assert (password["kind"], password["required"]) == ("password", True)
