"""What PostgreSQL's and the driver's errors mean: by SQLSTATE and class, never by prose.

SQLSTATEs are those of the PostgreSQL manual, appendix A. Nothing else of a server's message is
passed on: the rest is text that the server chose.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pg8000.exceptions import DatabaseError, InterfaceError
from scramp import ScramException

from headrace.errors import (
    COLUMN_NOT_FOUND,
    CONNECTION_LOST,
    DATABASE_CLOSED,
    DATABASE_ERROR,
    DATABASE_NOT_FOUND,
    DATABASE_NOT_PERMITTED,
    LOGIN_NOT_PERMITTED,
    PASSWORD_REJECTED,
    PERMISSION_DENIED,
    POOLER_REFUSED,
    PROTOCOL_UNEXPECTED,
    RECOVERY_CONFLICT,
    SERVER_NOT_READY,
    STATEMENT_TIMED_OUT,
    TABLE_LOCKED,
    TABLE_NOT_FOUND,
    TOO_MANY_CONNECTIONS,
    HeadraceError,
    Kind,
)

BY_SQLSTATE: dict[str, tuple[Kind, str]] = {
    "28P01": (PASSWORD_REJECTED, "the server rejected the user name or the password"),
    "28000": (LOGIN_NOT_PERMITTED, "the server does not let this user in from here"),
    "3D000": (DATABASE_NOT_FOUND, "there is no such database"),
    "3F000": (TABLE_NOT_FOUND, "there is no such schema"),
    "42P01": (TABLE_NOT_FOUND, "there is no such table"),
    "42703": (COLUMN_NOT_FOUND, "there is no such column"),
    "42501": (PERMISSION_DENIED, "the user lacks the right"),
    "22021": (DATABASE_ERROR, "a text holds bytes that are no characters of its encoding"),
    "53300": (TOO_MANY_CONNECTIONS, "the server has no connection left"),
    "55P03": (TABLE_LOCKED, "another session holds a lock on it, and did not let go in time"),
    "40001": (
        RECOVERY_CONFLICT,
        "the replica gave its primary's changes precedence",
    ),
    "57014": (STATEMENT_TIMED_OUT, "the server cancelled the statement"),
    "57P01": (CONNECTION_LOST, "the server ended the session"),
    "57P02": (CONNECTION_LOST, "the server is restarting after a crash"),
    "57P03": (SERVER_NOT_READY, "the server is starting up or shutting down"),
    "57P04": (CONNECTION_LOST, "the database was dropped"),
    "57P05": (CONNECTION_LOST, "the server ended the session because it was idle"),
    "25P03": (CONNECTION_LOST, "the server ended the session because it was idle"),
    "25P04": (STATEMENT_TIMED_OUT, "the transaction took longer than the server allows"),
}

# What means something else, or more, while logging in. PgBouncer says 08P01 of everything.
AT_LOGIN: dict[str, tuple[Kind, str]] = {
    "08P01": (POOLER_REFUSED, "a pooler in front of the server refuses it"),
    "42501": (DATABASE_NOT_PERMITTED, "the user lacks the right to connect to the database"),
    "55000": (DATABASE_CLOSED, "the database takes no connections"),
}

BY_CLASS: dict[str, tuple[Kind, str]] = {
    "08": (CONNECTION_LOST, "the connection broke"),
    "28": (LOGIN_NOT_PERMITTED, "the server does not let this user in from here"),
    "XX": (DATABASE_ERROR, "the server met an internal error, perhaps damaged data"),
    "22": (DATABASE_ERROR, "an expression of the table or view fails for a value"),
    "53": (DATABASE_ERROR, "the server lacks memory or disk"),
    "54": (DATABASE_ERROR, "a limit of PostgreSQL's is exceeded, such as 1 GB for a row"),
    "40": (DATABASE_ERROR, "the server rolled the transaction back"),
}

_REFUSED = (DATABASE_ERROR, "the server refused the statement")

# What the driver lets escape when bytes come that no PostgreSQL sends.
_GARBAGE = (
    struct.error,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    MemoryError,
    OverflowError,
    ScramException,
)


@contextmanager
def translated(
    what: str,
    *,
    lost: Kind = CONNECTION_LOST,
    first: Mapping[str, tuple[Kind, str]] | None = None,
) -> Iterator[None]:
    """Turn the driver's errors into ours; for calls of the driver alone.

    `what` says what is being done, such as "Reading public.flights". `lost` is the kind for a
    connection that ends without a word, and `first` has the SQLSTATEs, which mean something else
    while logging in.
    """
    try:
        yield
    except DatabaseError as error:
        raise _refusal(error, what, first or {}) from error
    except InterfaceError as error:
        raise _network_failure(error, what, lost) from error
    except OSError as error:
        raise _network_failure(error, what, lost) from error
    except _GARBAGE as error:
        raise HeadraceError(
            PROTOCOL_UNEXPECTED, f"{what}: the answer is not one that PostgreSQL gives."
        ) from error


def sqlstate(error: DatabaseError) -> str | None:
    """The error's SQLSTATE; None if it carries none that could be one."""
    fields = error.args[0] if error.args else None
    state = fields.get("C") if isinstance(fields, dict) else None
    return state if isinstance(state, str) and re.fullmatch("[0-9A-Z]{5}", state) else None


def refused_with(error: HeadraceError) -> str | None:
    """The SQLSTATE of the refusal that the error tells of; None if it tells of something else."""
    cause = error.__cause__
    return sqlstate(cause) if isinstance(cause, DatabaseError) else None


def _refusal(
    error: DatabaseError, what: str, first: Mapping[str, tuple[Kind, str]]
) -> HeadraceError:
    state = sqlstate(error)
    if state is None:
        return HeadraceError(PROTOCOL_UNEXPECTED, f"{what}: the server sent an error without code.")
    known = first.get(state) or BY_SQLSTATE.get(state) or BY_CLASS.get(state[:2])
    kind, reason = known or _REFUSED
    return HeadraceError(kind, f"{what}: {reason} (SQLSTATE {state}).")


def _network_failure(error: Exception, what: str, lost: Kind) -> HeadraceError:
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(cause, TimeoutError):
        return HeadraceError(CONNECTION_LOST, f"{what}: the server fell silent.")
    if isinstance(cause, OSError):
        return HeadraceError(CONNECTION_LOST, f"{what}: the connection broke.")
    return HeadraceError(lost, f"{what}: the other side closed the connection.")
