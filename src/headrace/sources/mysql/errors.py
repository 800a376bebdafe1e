"""What MySQL's, MariaDB's and the driver's errors mean: by number and class, never by prose.

Numbers are those of the MySQL 8.4 Error Reference and MariaDB's "MariaDB Error Codes". Nothing
else of a server's message is passed on: the rest is text that the server chose.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pymysql.err

from headrace.errors import (
    COLUMN_NOT_FOUND,
    CONNECTION_LOST,
    DATABASE_ERROR,
    DATABASE_NOT_FOUND,
    LOGIN_METHOD_UNKNOWN,
    LOGIN_NOT_PERMITTED,
    PASSWORD_REJECTED,
    PERMISSION_DENIED,
    PROTOCOL_UNEXPECTED,
    SERVER_NOT_READY,
    STATEMENT_TIMED_OUT,
    TABLE_CHANGED,
    TABLE_LOCKED,
    TABLE_NOT_FOUND,
    TOO_MANY_CONNECTIONS,
    HeadraceError,
    Kind,
)

BY_NUMBER: dict[int, tuple[Kind, str]] = {
    1040: (TOO_MANY_CONNECTIONS, "the server has no connection left"),
    1203: (TOO_MANY_CONNECTIONS, "the user has no connection left"),
    1226: (TOO_MANY_CONNECTIONS, "the user has used up what it may use"),
    1042: (LOGIN_NOT_PERMITTED, "the server could not look this machine's name up"),
    1129: (LOGIN_NOT_PERMITTED, "the server has blocked this machine after many failures"),
    1130: (LOGIN_NOT_PERMITTED, "the server does not let anybody in from this machine"),
    3118: (LOGIN_NOT_PERMITTED, "the user's account is locked"),
    4151: (LOGIN_NOT_PERMITTED, "the user's account is locked"),
    1820: (LOGIN_NOT_PERMITTED, "the user's password has expired"),
    1862: (LOGIN_NOT_PERMITTED, "the user's password has expired"),
    3159: (LOGIN_NOT_PERMITTED, "the server lets nobody in without TLS"),
    4166: (LOGIN_NOT_PERMITTED, "the user's account is blocked after many failures"),
    1045: (PASSWORD_REJECTED, "the server rejected the user name, the password or this address"),
    1698: (PASSWORD_REJECTED, "the server rejected the user name or the password"),
    1251: (LOGIN_METHOD_UNKNOWN, "the server asks for a login method that is not known here"),
    1524: (LOGIN_METHOD_UNKNOWN, "the server lacks the user's login method"),
    2059: (LOGIN_METHOD_UNKNOWN, "the server asks for a login method that is not known here"),
    1044: (PERMISSION_DENIED, "the user may not enter the database"),
    1142: (PERMISSION_DENIED, "the user lacks the right"),
    1143: (PERMISSION_DENIED, "the user may not read one of the columns"),
    1227: (PERMISSION_DENIED, "the user lacks the right"),
    1345: (PERMISSION_DENIED, "the user may not see what the view reads"),
    1370: (PERMISSION_DENIED, "the user may not call a function that the view calls"),
    1356: (
        TABLE_NOT_FOUND,
        "the view reads a table, column or function that is missing, or its owner may not",
    ),
    1449: (PERMISSION_DENIED, "the user on whose behalf the view reads does not exist"),
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

# Steps that differ from those of the kinds, which speak of other databases too.
HINTS: dict[Kind, str] = {
    LOGIN_NOT_PERMITTED: "Have an account made for this user and this machine's address "
    "(CREATE USER 'user'@'address' …), unlocked, with a password that is not expired; or choose "
    "another TLS mode if the server asks for TLS.",
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
def translated(what: str, *, lost: Kind = CONNECTION_LOST) -> Iterator[None]:
    """Turn the driver's errors into ours; for calls of the driver alone.

    `what` says what is being done, such as "Reading shop.orders". `lost` is the kind for a
    connection that ends without a word, which means something else while logging in.
    """
    try:
        yield
    except HeadraceError:
        raise
    except pymysql.err.MySQLError as error:
        raise _translated(error, what, lost) from error
    except EOFError as error:
        raise HeadraceError(lost, f"{what}: the other side closed the connection.") from error
    except TimeoutError as error:
        raise HeadraceError(CONNECTION_LOST, f"{what}: the server fell silent.") from error
    except OSError as error:
        raise HeadraceError(CONNECTION_LOST, f"{what}: the connection broke.") from error
    except _GARBAGE as error:
        raise unexpected(what) from error


def refusal(number: int, what: str) -> HeadraceError:
    """The error of this number."""
    kind, reason = BY_NUMBER.get(number, _REFUSED)
    return HeadraceError(kind, f"{what}: {reason} (error {number}).", hint=HINTS.get(kind))


def unexpected(what: str) -> HeadraceError:
    return HeadraceError(PROTOCOL_UNEXPECTED, f"{what}: the answer is not one that MySQL gives.")


def _translated(error: pymysql.err.MySQLError, what: str, lost: Kind) -> HeadraceError:
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
    return refusal(number, what)
