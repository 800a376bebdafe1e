"""Which fields of the connection to look at after an error."""

from __future__ import annotations

from headrace import errors
from headrace.connections import Connection
from headrace.errors import Field, HeadraceError, Kind
from headrace.problems import WrongField

_BY_KIND: dict[Kind, tuple[str, ...]] = {
    errors.ADDRESS_INVALID: ("connection.host",),
    errors.ADDRESS_REFUSED: ("connection.host",),
    errors.PORT_REFUSED: ("connection.port",),
    errors.HOST_UNKNOWN: ("connection.host",),
    errors.HOST_WITHOUT_ADDRESS: ("connection.host",),
    errors.HOST_UNREACHABLE: ("connection.host",),
    errors.INSTANCE_UNKNOWN: ("connection.instance",),
    errors.INSTANCE_FORBIDDEN: ("connection.instance",),
    errors.INSTANCE_NOT_READY: ("connection.instance",),
    errors.INSTANCE_WITHOUT_ADDRESS: ("connection.ip_type",),
    errors.IAM_LOGIN_REFUSED: ("connection.user",),
    errors.CONNECTION_REFUSED: ("connection.host", "connection.port"),
    errors.CONNECTION_RESET: ("connection.port",),
    errors.DATABASE_TYPE_WRONG: ("connection.type",),
    errors.PROTOCOL_UNEXPECTED: ("connection.type", "connection.port"),
    errors.TLS_NOT_OFFERED: ("connection.tls",),
    errors.TLS_REQUIRED: ("connection.tls",),
    errors.TLS_NOT_SPOKEN: ("connection.host", "connection.port"),
    errors.TLS_SELF_SIGNED: ("connection.ca_certificate",),
    errors.TLS_UNTRUSTED: ("connection.ca_certificate",),
    errors.TLS_NAME_WRONG: ("connection.host",),
    errors.PASSWORD_REJECTED: ("connection.user", "credentials.password"),
    errors.LOGIN_NOT_PERMITTED: ("connection.user",),
    errors.ACCOUNT_LOCKED: ("connection.user",),
    errors.PASSWORD_EXPIRED: ("credentials.password",),
    errors.PASSWORD_WITHHELD: ("connection.tls",),
    errors.DATABASE_NOT_FOUND: ("connection.database",),
    errors.DATABASE_NOT_PERMITTED: ("connection.database",),
}


# What an instance of Cloud SQL has in place of these.
_OF_INSTANCE = {
    f"connection.{name}": "connection.instance"
    for name in ("host", "port", "tls", "ca_certificate")
}


def fields_at_fault(error: HeadraceError, connection: Connection) -> tuple[WrongField, ...]:
    """Those that the error names, else those that its kind is usually about."""
    title = error.kind.title
    named = error.fields or [Field(path, title) for path in _BY_KIND.get(error.kind, ())]
    if connection.instance is None:
        return tuple(_wrong(field.path, field) for field in named)
    there = {_OF_INSTANCE.get(field.path, field.path): field for field in named}
    return tuple(_wrong(path, field) for path, field in there.items())


def _wrong(path: str, field: Field) -> WrongField:
    return WrongField(path=path, message=field.message, suggestion=field.suggestion)
