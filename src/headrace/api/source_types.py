"""The kinds of databases that can be a source, each with the form that it takes."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from headrace import cloud_sql, sources
from headrace.bigquery_connection import BIGQUERY_LOGINS, BigqueryConnection, BigqueryLogin
from headrace.checks import Layer
from headrace.connections import (
    ADDRESS_TYPES,
    CONNECTIONS,
    LOGINS,
    TLS_MODES,
    Credentials,
    Login,
    ServerConnection,
    ServiceAccountKey,
)
from headrace.services import Services
from headrace.urls import BY_SCHEME
from headrace.values import Value

# What hardly anybody has to touch, and what takes more than a line.
_MORE = ("tls", "ca_certificate")
_LONG = ("ca_certificate",)
_CHOICES: dict[str, dict[str, str]] = {
    "tls": {str(mode): words for mode, words in TLS_MODES.items()},
    "ip_type": {str(kind): words for kind, words in ADDRESS_TYPES.items()},
    "login": {str(login): words for login, words in LOGINS.items()},
}
_CHOICES_OF: dict[type[Value], dict[str, dict[str, str]]] = {
    BigqueryConnection: {"login": {str(login): words for login, words in BIGQUERY_LOGINS.items()}},
}
_CREDENTIALS: dict[type[Value], type[Credentials]] = {BigqueryConnection: ServiceAccountKey}

# How a database is named, and the fields that belong to one way alone. The first of each has to be
# filled in.
_WAYS = {"host": "Host and port", "instance": "Cloud SQL instance"}
_FIELDS_OF_WAYS = {
    "host": ("host", "port", "tls", "ca_certificate"),
    "instance": ("instance", "ip_type", "login"),
}
_WAY_OF = {name: way for way, names in _FIELDS_OF_WAYS.items() for name in names}


class ListSourceTypes(Value):
    """Nothing needs to be said."""


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    LONG_TEXT = "long_text"
    PASSWORD = "password"  # noqa: S105 - what a field holds, not what it says


class Choice(Value):
    value: str
    description: str = Field(description="What it means, for a person.")


class Condition(Value):
    field: str = Field(description="A field of `connection`.")
    value: str = Field(description="What it has to be.")


# A field that is needed only if another one says so.
_ONLY_IF: dict[type[Value], Condition] = {
    Credentials: Condition(field="login", value=Login.PASSWORD),
    ServiceAccountKey: Condition(field="login", value=BigqueryLogin.KEY),
}


class FormField(Value):
    """A field of a form, read off the schema by which its value is judged."""

    name: str
    label: str
    kind: FieldKind
    description: str
    required: bool
    default: str | int | None = None
    example: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    choices: tuple[Choice, ...] = ()
    more: bool = Field(description="Whether it may be kept out of sight at first.")
    way: str | None = Field(
        default=None, description="The way of naming a database that it belongs to, if to one."
    )
    only_if: Condition | None = Field(
        default=None, description="When it is asked for; always, if nothing is said."
    )


class SourceType(Value):
    type: str = Field(description="What a connection's `type` says.")
    label: str
    ways: tuple[Choice, ...] = Field(
        description="How such a database can be named; none if there is but one way."
    )
    connection: tuple[FormField, ...] = Field(description="The fields of `connection`.")
    credentials: tuple[FormField, ...] = Field(description="The fields of `credentials`.")
    url_schemes: tuple[str, ...] = Field(description="How a URL of such a database begins.")


class SourceTypes(Value):
    types: tuple[SourceType, ...]
    layers: tuple[Layer, ...] = Field(description="What a test of a connection looks at, in order.")


def list_source_types(services: Services, request: ListSourceTypes) -> SourceTypes:  # noqa: ARG001
    """Those whose tables this service can read. Nothing is read or stored."""
    types = tuple(
        _source_type(name, kind) for name, kind in CONNECTIONS.items() if sources.served(name)
    )
    return SourceTypes(types=types, layers=tuple(Layer))


def _source_type(name: str, kind: type[ServerConnection | BigqueryConnection]) -> SourceType:
    known = ["host", *(["instance"] if cloud_sql.installed() else [])]
    ways = [way for way in known if way in kind.model_fields]
    fields = _fields(kind)
    return SourceType(
        type=name,
        label=kind.label,
        ways=tuple(Choice(value=way, description=_WAYS[way]) for way in ways[1:] and ways),
        connection=tuple(field for field in fields if field.way in (None, *ways)),
        credentials=_fields(_CREDENTIALS.get(kind, Credentials)),
        url_schemes=tuple(scheme for scheme, known in BY_SCHEME.items() if known is kind),
    )


def _fields(kind: type[Value]) -> tuple[FormField, ...]:
    schema = kind.model_json_schema()
    required = schema["required"]
    return tuple(
        _field(kind, name, about, required=name in required)
        for name, about in schema["properties"].items()
        if name != "type"
    )


def _field(kind: type[Value], name: str, about: dict[str, Any], *, required: bool) -> FormField:
    # A field that may be left out is one of its type and null.
    about = {**about, **about.get("anyOf", [{}])[0]}
    (example, *_) = about.get("examples", [None])
    return FormField(
        name=name,
        label=about.get("title", name.capitalize()),
        kind=_kind(name, about),
        description=about.get("description", ""),
        required=required or name in _WAYS,
        default=about.get("default"),
        example=example,
        minimum=about.get("minimum"),
        maximum=about.get("maximum"),
        max_length=about.get("maxLength"),
        choices=tuple(
            Choice(value=value, description=words)
            for value, words in {**_CHOICES, **_CHOICES_OF.get(kind, {})}.get(name, {}).items()
        ),
        more=name in _MORE,
        way=_WAY_OF.get(name) if set(_WAYS) <= kind.model_fields.keys() else None,
        only_if=_ONLY_IF.get(kind),
    )


def _kind(name: str, about: dict[str, Any]) -> FieldKind:
    if name in _CHOICES:
        return FieldKind.CHOICE
    if name in _LONG:
        return FieldKind.LONG_TEXT
    if about.get("format") == "password":
        return FieldKind.PASSWORD
    return FieldKind.NUMBER if about.get("type") == "integer" else FieldKind.TEXT
