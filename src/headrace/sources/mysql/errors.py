"""What MySQL's, MariaDB's and the driver's errors mean: by number and class, never by prose.

Numbers are those of the MySQL 8.4 Error Reference and MariaDB's "MariaDB Error Codes". Nothing
else of a server's message is passed on: the rest is text that the server chose.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pymysql.err

from headrace.errors import (
    ACCOUNT_LOCKED,
    COLUMN_NOT_FOUND,
    CONNECTION_LOST,
    DATABASE_ERROR,
    DATABASE_NOT_FOUND,
    DATABASE_NOT_PERMITTED,
    HOST_BLOCKED,
    HOST_NOT_PERMITTED,
    LOGIN_METHOD_UNKNOWN,
    PASSWORD_EXPIRED,
    PASSWORD_REJECTED,
    PERMISSION_DENIED,
    PROTOCOL_UNEXPECTED,
    SERVER_NOT_READY,
    STATEMENT_TIMED_OUT,
    TABLE_CHANGED,
    TABLE_LOCKED,
    TABLE_NOT_FOUND,
    TLS_REQUIRED,
    TOO_MANY_CONNECTIONS,
    VIEW_INVALID,
    HeadraceError,
    Kind,
)

_Meanings = Mapping[int, tuple[Kind, str]]

BY_NUMBER: _Meanings = {
    1040: (TOO_MANY_CONNECTIONS, "the server has no connection left"),
    1203: (TOO_MANY_CONNECTIONS, "the user has no connection left"),
    1226: (TOO_MANY_CONNECTIONS, "the user has used up what it may use"),
    1042: (HOST_NOT_PERMITTED, "the server could not look this machine's name up"),
    1129: (HOST_BLOCKED, "the server has blocked this machine after many failures"),
    1130: (HOST_NOT_PERMITTED, "the server does not let anybody in from this machine"),
    3118: (ACCOUNT_LOCKED, "the user's account is locked"),
    3955: (ACCOUNT_LOCKED, "the user's account is blocked after many failures"),
    4150: (ACCOUNT_LOCKED, "the user's account is blocked after many failures"),
    4151: (ACCOUNT_LOCKED, "the user's account is locked"),
    1820: (PASSWORD_EXPIRED, "the user's password has expired"),
    1862: (PASSWORD_EXPIRED, "the user's password has expired"),
    3159: (TLS_REQUIRED, "the server lets nobody in without TLS"),
    1045: (PASSWORD_REJECTED, "the server rejected the user name, the password or this address"),
    1698: (
        PASSWORD_REJECTED,
        "the server rejected the user name or the password, or lets this user in on its own "
        "machine alone",
    ),
    1251: (LOGIN_METHOD_UNKNOWN, "the server asks for a login method that is not known here"),
    1275: (LOGIN_METHOD_UNKNOWN, "the user's password is of an old form that the server refuses"),
    1524: (LOGIN_METHOD_UNKNOWN, "the server lacks the user's login method"),
    2059: (LOGIN_METHOD_UNKNOWN, "the server asks for a login method that is not known here"),
    1044: (
        DATABASE_NOT_PERMITTED,
        "the user may not enter the database, or there is none of that name: the server does not "
        "tell which",
    ),
    1142: (PERMISSION_DENIED, "the user lacks the right"),
    1143: (PERMISSION_DENIED, "the user may not read one of the columns"),
    1227: (PERMISSION_DENIED, "the user lacks the right"),
    1345: (PERMISSION_DENIED, "the user may not see what the view reads"),
    1370: (PERMISSION_DENIED, "the user may not call a function that the view calls"),
    1356: (
        VIEW_INVALID,
        "the view reads a table, column or function that is missing, or its owner may not",
    ),
    1449: (VIEW_INVALID, "the user on whose behalf the view reads does not exist"),
    1049: (DATABASE_NOT_FOUND, "there is no such database"),
    1051: (TABLE_NOT_FOUND, "there is no such table"),
    1146: (TABLE_NOT_FOUND, "there is no such table"),
    1932: (TABLE_NOT_FOUND, "the server's storage lacks the table"),
    1054: (COLUMN_NOT_FOUND, "there is no such column"),
    1412: (TABLE_CHANGED, "the table was altered after the run began"),
    1205: (TABLE_LOCKED, "another session held a lock on the table for too long"),
    1100: (TABLE_LOCKED, "the table is locked"),
    1213: (TABLE_LOCKED, "the server ended the statement to resolve a deadlock"),
    1317: (STATEMENT_TIMED_OUT, "the server cancelled the statement"),
    1969: (STATEMENT_TIMED_OUT, "the statement took longer than the server allows"),
    3024: (STATEMENT_TIMED_OUT, "the statement took longer than the server allows"),
    1053: (SERVER_NOT_READY, "the server is shutting down"),
    1152: (CONNECTION_LOST, "the server ended the session"),
    1153: (DATABASE_ERROR, "a row is larger than the server's max_allowed_packet"),
    1158: (CONNECTION_LOST, "the connection broke"),
    1159: (CONNECTION_LOST, "the connection broke"),
    1160: (CONNECTION_LOST, "the connection broke"),
    1161: (CONNECTION_LOST, "the connection broke"),
    1184: (CONNECTION_LOST, "the server ended the session"),
    1927: (CONNECTION_LOST, "the server ended the session"),
    4031: (CONNECTION_LOST, "the server ended the session because it was idle"),
}

# MariaDB rejects a user here too, if not the one who is logged in.
_OF_STATEMENTS: _Meanings = {
    **BY_NUMBER,
    1045: (VIEW_INVALID, "the user on whose behalf the view reads does not exist"),
}

# Steps that differ from those of the kinds, which speak of other databases too.
HINTS: dict[Kind, str] = {
    DATABASE_NOT_PERMITTED: "Check the name of the database; upper and lower case may matter. If "
    "it is right, have the right granted: GRANT SELECT ON `database`.* TO …;",
    LOGIN_METHOD_UNKNOWN: "Have the user identified by caching_sha2_password, "
    "mysql_native_password or ed25519: ALTER USER … IDENTIFIED ….",
    PASSWORD_REJECTED: "Enter the password again. Check the user name with whoever runs the "
    "database, and that the account is meant for this machine's address too.",
    TOO_MANY_CONNECTIONS: "Try again later, or have max_connections or the user's "
    "MAX_USER_CONNECTIONS raised.",
    PERMISSION_DENIED: "Have the right granted: GRANT SELECT ON `database`.* TO …;",
    STATEMENT_TIMED_OUT: "Raise max_statement_time (MariaDB) or max_execution_time (MySQL) for "
    "this user, and see that nobody cancels the statement.",
    DATABASE_ERROR: "Look the number up in the MySQL or MariaDB manual's list of errors, and in "
    "the database's own log.",
}

# What the driver itself raises: these numbers of MySQL's errmsg.h, and 0 once it has hung up.
_OF_DRIVER = {0, *range(2000, 2059)}

_REFUSED = (DATABASE_ERROR, "the server refused the statement")

# What the driver lets escape when bytes come that no MySQL sends.
_GARBAGE = (
    struct.error,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    MemoryError,
    OverflowError,
    RuntimeError,
)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the driver's errors into ours; for calls of the driver alone, after the login.

    `what` says what is being done, such as "Reading shop.orders".
    """
    with _translated(what, _OF_STATEMENTS, CONNECTION_LOST):
        yield


@contextmanager
def translated_login(what: str, lost: Kind) -> Iterator[None]:
    """The same for the login; `lost` is the kind for a connection that ends without a word."""
    with _translated(what, BY_NUMBER, lost):
        yield


@contextmanager
def _translated(what: str, meanings: _Meanings, lost: Kind) -> Iterator[None]:
    try:
        yield
    except HeadraceError:
        raise
    except pymysql.err.MySQLError as error:
        raise _of_driver(error, what, meanings, lost) from error
    except EOFError as error:
        raise HeadraceError(lost, f"{what}: the other side closed the connection.") from error
    except TimeoutError as error:
        raise HeadraceError(CONNECTION_LOST, f"{what}: the server fell silent.") from error
    except OSError as error:
        raise HeadraceError(CONNECTION_LOST, f"{what}: the connection broke.") from error
    except _GARBAGE as error:
        raise unexpected(what) from error


def refusal(number: int, what: str, meanings: _Meanings = BY_NUMBER) -> HeadraceError:
    """The error of this number."""
    kind, reason = meanings.get(number, _REFUSED)
    return HeadraceError(kind, f"{what}: {reason} (error {number}).", hint=HINTS.get(kind))


def unexpected(what: str) -> HeadraceError:
    return HeadraceError(PROTOCOL_UNEXPECTED, f"{what}: the answer is not one that MySQL gives.")


def _of_driver(
    error: pymysql.err.MySQLError, what: str, meanings: _Meanings, lost: Kind
) -> HeadraceError:
    number = error.args[0] if error.args else None
    if not isinstance(number, int):
        return unexpected(what)
    if number in _OF_DRIVER:
        # What the socket raised is the context of the driver's own error.
        if isinstance(error.__context__, TimeoutError):
            return HeadraceError(CONNECTION_LOST, f"{what}: the server fell silent.")
        if isinstance(error.__context__, OSError):
            return HeadraceError(CONNECTION_LOST, f"{what}: the connection broke.")
        return HeadraceError(lost, f"{what}: the other side closed the connection.")
    return refusal(number, what, meanings)
