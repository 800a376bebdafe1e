"""A database that is not there, or may not be entered: what was probably meant."""

from __future__ import annotations

from collections.abc import Callable

from headrace.connections import PostgresConnection
from headrace.errors import (
    DATABASE_CLOSED,
    DATABASE_NOT_FOUND,
    DATABASE_NOT_PERMITTED,
    Field,
    HeadraceError,
    Kind,
)
from headrace.sources.near import listed, near
from headrace.sources.postgres.identifiers import quoted
from headrace.sources.postgres.session import Session
from headrace.values import Value

# Those that PostgreSQL makes itself, which most users may enter.
OTHERS = ("postgres", "template1")

_NAMED_AT_MOST = 5
_ENTERABLE = """
SELECT json_build_object('names', coalesce(json_agg(datname), '[]'))::text FROM (
    SELECT datname FROM pg_database
    WHERE datallowconn AND NOT datistemplate AND has_database_privilege(oid, 'CONNECT')
    ORDER BY datname LIMIT 1000
) enterable
"""


class _Databases(Value):
    names: tuple[str, ...]


def advised(
    error: HeadraceError, connection: PostgresConnection, elsewhere: Session | None
) -> HeadraceError:
    """The same error with its next step; `elsewhere` is a session in another database."""
    return _ADVICE[error.kind](error, connection, elsewhere)


def _absent(
    error: HeadraceError, connection: PostgresConnection, elsewhere: Session | None
) -> HeadraceError:
    names = _enterable(elsewhere)
    meant = near(connection.database, names)
    asked = f" Did you mean '{meant}'?" if meant else ""
    if meant:
        hint = f"Enter '{meant}', if that is what is meant; upper and lower case matter."
    elif names and len(names) <= _NAMED_AT_MOST:
        hint = f"Enter one of those that this user may enter: {listed(names)}."
    else:
        hint = error.hint
    message = "there is no database of that name"
    return HeadraceError(
        error.kind,
        f"{error.detail}{asked}",
        hint=hint,
        copy=meant,
        fields=[Field("connection.database", message, meant)],
    )


def _not_permitted(
    error: HeadraceError, connection: PostgresConnection, _: Session | None
) -> HeadraceError:
    return HeadraceError(
        error.kind,
        error.detail,
        hint="Have an administrator, or the database's owner, run this statement.",
        copy=f"GRANT CONNECT ON DATABASE {quoted(connection.database)} "
        f"TO {quoted(connection.user)};",
        fields=[Field("connection.database", "may not be entered by this user")],
    )


def _closed(
    error: HeadraceError, connection: PostgresConnection, _: Session | None
) -> HeadraceError:
    return HeadraceError(
        error.kind,
        error.detail,
        hint="Check the name of the database. If it is right, have an administrator open it.",
        copy=f"ALTER DATABASE {quoted(connection.database)} ALLOW_CONNECTIONS true;",
        fields=[Field("connection.database", "takes no connections")],
    )


def _enterable(elsewhere: Session | None) -> tuple[str, ...]:
    if elsewhere is None:
        return ()
    what = "Looking for other databases"
    try:
        with elsewhere.contained(what):
            return elsewhere.ask(what, _ENTERABLE, _Databases).names
    except HeadraceError:
        return ()  # the error that is being explained says more


_ADVICE: dict[
    Kind, Callable[[HeadraceError, PostgresConnection, Session | None], HeadraceError]
] = {
    DATABASE_NOT_FOUND: _absent,
    DATABASE_CLOSED: _closed,
    DATABASE_NOT_PERMITTED: _not_permitted,
}
KINDS = frozenset(_ADVICE)
