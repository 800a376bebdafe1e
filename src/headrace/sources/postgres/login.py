"""What to do about a login that PostgreSQL refused.

It tells a stranger little on purpose: a wrong password, an unknown user and a password that has
run out are one SQLSTATE, and so are a missing line of pg_hba.conf and a role that may not log in.
So each advice names all of them, and how an administrator tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headrace.connections import PostgresConnection, TlsMode
from headrace.diagnosis.addresses import Ip
from headrace.errors import (
    LOGIN_METHOD_UNKNOWN,
    LOGIN_NOT_PERMITTED,
    PASSWORD_REJECTED,
    POOLER_REFUSED,
    TLS_REQUIRED,
    TOO_MANY_CONNECTIONS,
    Field,
    HeadraceError,
    Kind,
)
from headrace.sources.postgres.identifiers import literal, quoted
from headrace.sources.postgres.pg_hba import lines_to_add

_OF_ROLE = "SELECT rolname, rolcanlogin, rolvaliduntil FROM pg_catalog.pg_roles"
_WHO_IS_CONNECTED = (
    "SELECT datname, usename, application_name, state, count(*) "
    "FROM pg_catalog.pg_stat_activity WHERE datname IS NOT NULL "
    "GROUP BY datname, usename, application_name, state ORDER BY count(*) DESC;"
)

_ANY_OF_THEM = tuple(
    Field(path, "may be what the pooler refuses")
    for path in ("connection.user", "credentials.password", "connection.database")
)


@dataclass(frozen=True)
class Advice:
    hint: str
    copy: str
    fields: tuple[Field, ...] = ()


def advised(
    error: HeadraceError, connection: PostgresConnection, clients: Sequence[Ip]
) -> HeadraceError:
    """The same error with the next step for this connection, which came from `clients`."""
    if error.kind is POOLER_REFUSED:
        return HeadraceError(error.kind, error.detail, hint=error.hint, fields=_ANY_OF_THEM)
    advise = _ADVICE.get(error.kind)
    if advise is None:
        return error
    advice = advise(connection, clients)
    return HeadraceError(
        error.kind, error.detail, hint=advice.hint, copy=advice.copy, fields=advice.fields
    )


def without_tls(connection: PostgresConnection) -> HeadraceError:
    """The server refused the user, and asks for the password once the connection is encrypted."""
    return HeadraceError(
        TLS_REQUIRED,
        f"Logging in to '{connection.database}' as '{connection.user}': the server lets this user "
        "in over encrypted connections alone.",
        fields=(Field("connection.tls", "is what the server does not take", TlsMode.VERIFY_FULL),),
    )


def _password(connection: PostgresConnection, _: Sequence[Ip]) -> Advice:
    return Advice(
        "Enter the password again, and check the user's name; upper and lower case matter. "
        "PostgreSQL says the same of a user that does not exist, has no password, or whose "
        "password has run out (VALID UNTIL): an administrator sees which with this statement.",
        f"{_OF_ROLE} WHERE rolname = {literal(connection.user)};",
        (
            Field("credentials.password", "may be wrong"),
            Field("connection.user", "may be wrong"),
        ),
    )


def _not_permitted(connection: PostgresConnection, clients: Sequence[Ip]) -> Advice:
    if connection.instance is not None:  # whose pg_hba.conf is Google's
        return Advice(
            "Have an administrator let the user log in with this statement. One that was made for "
            "logging in by IAM has no password: then log in by IAM.",
            f"ALTER ROLE {quoted(connection.user)} LOGIN;",
            (Field("connection.user", "may not be allowed to log in"),),
        )
    return Advice(
        "Either pg_hba.conf has no line for this user, database and address: have "
        "this line added above any that rejects them, and run SELECT pg_reload_conf(). Or the "
        f"user may not log in at all: ALTER ROLE {quoted(connection.user)} LOGIN. The server's "
        "log says which of the two it is, and the address that it saw.",
        lines_to_add(connection, clients),
        (Field("connection.user", "may not be allowed to log in, or not from here"),),
    )


def _method_unknown(connection: PostgresConnection, clients: Sequence[Ip]) -> Advice:
    return Advice(
        "Have this line added to pg_hba.conf, above the one that asks for the other method, and "
        "run SELECT pg_reload_conf(). Managed databases have a setting for logging in by password.",
        lines_to_add(connection, clients),
        (Field("connection.user", "is let in by another method than a password"),),
    )


def _too_many(connection: PostgresConnection, _: Sequence[Ip]) -> Advice:
    return Advice(
        "Try again later. The server, the database or the user has as many connections as it may "
        "have: an administrator sees who holds them with this statement, and may raise "
        f"max_connections or ALTER ROLE {quoted(connection.user)} CONNECTION LIMIT -1.",
        _WHO_IS_CONNECTED,
    )


_ADVICE: dict[Kind, Callable[[PostgresConnection, Sequence[Ip]], Advice]] = {
    PASSWORD_REJECTED: _password,
    LOGIN_NOT_PERMITTED: _not_permitted,
    LOGIN_METHOD_UNKNOWN: _method_unknown,
    TOO_MANY_CONNECTIONS: _too_many,
}
