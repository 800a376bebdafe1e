"""Which fields of the connection to look at after an error."""

from __future__ import annotations

from headrace import errors
from headrace.errors import HeadraceError, Kind
from headrace.problems import WrongField

_BY_KIND: dict[Kind, tuple[str, ...]] = {
    errors.ADDRESS_INVALID: ("connection.host",),
    errors.ADDRESS_REFUSED: ("connection.host",),
    errors.PORT_REFUSED: ("connection.port",),
    errors.HOST_UNKNOWN: ("connection.host",),
    errors.HOST_WITHOUT_ADDRESS: ("connection.host",),
    errors.HOST_UNREACHABLE: ("connection.host",),
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


def fields_at_fault(error: HeadraceError) -> tuple[WrongField, ...]:
    """Those that the error names, else those that its kind is usually about."""
    if error.fields:
        return tuple(
            WrongField(path=f.path, message=f.message, suggestion=f.suggestion)
            for f in error.fields
        )
    title = error.kind.title
    return tuple(WrongField(path=path, message=title) for path in _BY_KIND.get(error.kind, ()))
