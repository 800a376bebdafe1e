"""The forms that a page shows are read off the values by which it is judged."""

from __future__ import annotations

import httpx
import pytest

from headrace.api.source_types import ListSourceTypes, SourceType, list_source_types
from headrace.connections import CONNECTIONS, TLS_MODES, TlsMode
from headrace.services import Services
from headrace.settings import Settings
from headrace.urls import from_url


@pytest.fixture
def types(settings: Settings) -> dict[str, SourceType]:
    found = list_source_types(Services(settings), ListSourceTypes())
    return {kind.type: kind for kind in found.types}


def test_every_type_has_every_field_of_its_connection(types: dict[str, SourceType]) -> None:
    for name, connection in CONNECTIONS.items():
        fields = {field.name for field in types[name].connection}
        assert fields == set(connection.model_fields) - {"type"}


@pytest.mark.parametrize("name", CONNECTIONS)
def test_what_the_form_needs_is_what_the_value_needs(
    types: dict[str, SourceType], name: str
) -> None:
    fields = {field.name: field for field in types[name].connection}
    required = {field for field, about in fields.items() if about.required}
    assert required == {"host", "database", "user"}
    given = dict.fromkeys(required, "x")
    connection = CONNECTIONS[name].model_validate(given)
    assert fields["port"].default == connection.port
    assert fields["tls"].default == connection.tls
    assert (fields["port"].minimum, fields["port"].maximum) == (1, 65535)
    assert {field for field, about in fields.items() if about.more} == {"tls", "ca_certificate"}


def test_each_tls_mode_is_explained() -> None:
    assert set(TLS_MODES) == set(TlsMode)


def test_a_url_of_each_scheme_is_of_its_type(types: dict[str, SourceType]) -> None:
    for kind in types.values():
        for scheme in kind.url_schemes:
            connection, _ = from_url(f"{scheme}://u@h/d")
            assert connection.type == kind.type


def test_over_http(http: httpx.Client) -> None:
    answer = http.get("/sources/types").json()
    assert answer["layers"][0] == "address"
    (password,) = answer["types"][0]["credentials"]
    assert (password["kind"], password["required"]) == ("password", True)
