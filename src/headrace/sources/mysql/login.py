"""What to do about a login that the server refused.

It tells a stranger little on purpose: a wrong password, an unknown user, an account for another
address and one that takes encrypted connections alone are one number. So the advice names all of
them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from headrace.connections import MysqlConnection, TlsMode
from headrace.diagnosis.addresses import Ip
from headrace.errors import (
    ACCOUNT_LOCKED,
    HOST_BLOCKED,
    HOST_NOT_PERMITTED,
    LOGIN_METHOD_UNKNOWN,
    PASSWORD_EXPIRED,
    PASSWORD_REJECTED,
    TLS_REQUIRED,
    TOO_MANY_CONNECTIONS,
    Field,
    HeadraceError,
    Kind,
)
from headrace.sources.mysql.grants import PLACEHOLDER
from headrace.sources.mysql.identifiers import account, all_of, literal

_PUT = "Put a new password in its place"
_HOST = "if the account is for another host than '%', put that in its place"


@dataclass(frozen=True)
class _Advice:
    hint: str
    copy: str | None = None
    fields: tuple[Field, ...] = ()


def advised(
    error: HeadraceError,
    connection: MysqlConnection,
    clients: Sequence[Ip],
    *,
    offers_tls: bool | None,
) -> HeadraceError:
    """The same error with the next step for this connection, which came from `clients`.

    `offers_tls` is whether the server speaks TLS, None if nobody knows.
    """
    advise = _ADVICE.get(error.kind)
    if advise is None:
        return error
    advice = advise(connection, clients)
    if error.kind is PASSWORD_REJECTED and connection.tls is TlsMode.DISABLE:
        advice = _encrypted(advice, offers_tls=offers_tls)
    return HeadraceError(
        error.kind, error.detail, hint=advice.hint, copy=advice.copy, fields=advice.fields
    )


def _password(connection: MysqlConnection, clients: Sequence[Ip]) -> _Advice:
    here = f" ({' and '.join(map(str, clients))})" if clients else ""
    return _Advice(
        "Enter the password again, and check the user's name; upper and lower case matter. The "
        f"server says the same if the account is for another address than this one{here}. An "
        "administrator sees the user's accounts with this statement.",
        f"SELECT User, Host FROM mysql.user WHERE User = {literal(connection.user)};",  # noqa: S608
        (
            Field("credentials.password", "may be wrong"),
            Field("connection.user", "may be wrong"),
        ),
    )


def _encrypted(advice: _Advice, *, offers_tls: bool | None) -> _Advice:
    """What to do besides if the account takes encrypted connections alone."""
    alone = "It says the same of accounts that take encrypted connections alone (REQUIRE SSL)"
    if offers_tls is False:
        hint = f"{advice.hint} {alone}; this server offers none: have TLS turned on there."
        return replace(advice, hint=hint)
    message = "may be what the account refuses"
    return replace(
        advice,
        hint=f"{advice.hint} {alone}: then choose the TLS mode 'verify-full'.",
        fields=(*advice.fields, Field("connection.tls", message, TlsMode.VERIFY_FULL)),
    )


def _host(connection: MysqlConnection, clients: Sequence[Ip]) -> _Advice:
    statements = []
    for host in map(str, clients or ("%",)):
        who = account(connection.user, host)
        statements.append(f"CREATE USER {who} IDENTIFIED BY {PLACEHOLDER};")
        statements.append(f"GRANT SELECT ON {all_of(connection.database)} TO {who};")
    return _Advice(
        "No account is for the address from which this service connects. Have an administrator "
        f"run these statements. {_PUT}; 'headrace grants' writes them for chosen tables alone.",
        "\n".join(statements),
    )


def _blocked(_: MysqlConnection, __: Sequence[Ip]) -> _Advice:
    return _Advice(
        "Have an administrator run this statement (in MySQL 8.4 and newer: TRUNCATE TABLE "
        "performance_schema.host_cache), and max_connect_errors raised if it happens again.",
        "FLUSH HOSTS;",
    )


def _method(connection: MysqlConnection, _: Sequence[Ip]) -> _Advice:
    return _Advice(
        "Have an administrator give the user a way of logging in that is known here: this one, "
        f"or IDENTIFIED WITH caching_sha2_password in MySQL 8 and newer. {_PUT}; {_HOST}.",
        f"ALTER USER {account(connection.user)} IDENTIFIED BY {PLACEHOLDER};",
        (Field("connection.user", "is let in by another method than those known here"),),
    )


def _locked(connection: MysqlConnection, _: Sequence[Ip]) -> _Advice:
    return _Advice(
        f"Have an administrator run this statement; {_HOST}.",
        f"ALTER USER {account(connection.user)} ACCOUNT UNLOCK;",
        (Field("connection.user", "has an account that is locked"),),
    )


def _expired(connection: MysqlConnection, _: Sequence[Ip]) -> _Advice:
    return _Advice(
        f"Have an administrator run this statement, then enter the new password. {_PUT}; {_HOST}.",
        f"ALTER USER {account(connection.user)} IDENTIFIED BY {PLACEHOLDER};",
        (Field("credentials.password", "has expired"),),
    )


def _without_tls(_: MysqlConnection, __: Sequence[Ip]) -> _Advice:
    message = "is what the server does not take"
    return _Advice(
        "Choose the TLS mode 'verify-full', with the CA certificate of your database provider if "
        "it has one of its own.",
        fields=(Field("connection.tls", message, TlsMode.VERIFY_FULL),),
    )


def _too_many(connection: MysqlConnection, _: Sequence[Ip]) -> _Advice:
    return _Advice(
        "Try again later. The server or the user has as many connections as it may have, or the "
        "user has used up what it may use in an hour: an administrator sees who is connected with "
        "this statement, and may raise max_connections, or lift the user's limits: ALTER USER "
        f"{account(connection.user)} WITH MAX_USER_CONNECTIONS 0 MAX_CONNECTIONS_PER_HOUR 0 "
        "MAX_QUERIES_PER_HOUR 0.",
        "SELECT USER, DB, COMMAND, COUNT(*) FROM information_schema.PROCESSLIST "
        "GROUP BY USER, DB, COMMAND ORDER BY COUNT(*) DESC;",
    )


_ADVICE: dict[Kind, Callable[[MysqlConnection, Sequence[Ip]], _Advice]] = {
    PASSWORD_REJECTED: _password,
    HOST_NOT_PERMITTED: _host,
    HOST_BLOCKED: _blocked,
    LOGIN_METHOD_UNKNOWN: _method,
    ACCOUNT_LOCKED: _locked,
    PASSWORD_EXPIRED: _expired,
    TLS_REQUIRED: _without_tls,
    TOO_MANY_CONNECTIONS: _too_many,
}
KINDS = frozenset(_ADVICE)
