"""A session: logged in, inside one read-only transaction, with settings that keep values exact."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pg8000.exceptions import InterfaceError
from pg8000.native import Connection as Driver

from headrace.connections import Credentials, PostgresConnection
from headrace.errors import (
    LOGIN_METHOD_UNKNOWN,
    PERMISSION_DENIED,
    PROTOCOL_UNEXPECTED,
    HeadraceError,
)
from headrace.sources import clear_text
from headrace.sources.postgres.copy import CopyOut
from headrace.sources.postgres.errors import translated

# A server may work for long before it sends its first row; one that has vanished is noticed
# earlier, by the keep-alive probes of `dial`.
_SILENCE_SECONDS = 3600

# AuthenticationOk, cleartext, MD5 and the three steps of SASL; the rest are Kerberos and Windows.
_LOGIN_METHODS = {0, 3, 5, 10, 11, 12}
_CLEAR_TEXT = 3

# How long to wait for a lock on a table. Reading takes the weakest one, which only an ALTER TABLE
# and its like stand in the way of; but who waits for a lock makes others wait behind.
LOCK_SECONDS = 60

# One transaction, so that all reads see the same snapshot; SET LOCAL, so that a pooler's other
# clients are left alone. An empty search_path makes the names of types come with their schema
# and keeps a function of someone's own from standing in for PostgreSQL's.
_BEGIN = """
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL search_path TO '';
SET LOCAL TimeZone TO 'UTC';
SET LOCAL DateStyle TO 'ISO';
SET LOCAL IntervalStyle TO 'iso_8601';
SET LOCAL extra_float_digits TO 3;
SET LOCAL bytea_output TO 'hex';
SET LOCAL lock_timeout TO '{lock_seconds}s';
SET LOCAL idle_in_transaction_session_timeout TO 0;
SELECT current_setting('server_version_num')::int;
"""


class Session:
    """Statements over one connection. After an error the transaction, and so the session, is over.

    Errors of the driver come out as HeadraceErrors; `what` says in them what was being done.
    """

    def __init__(
        self, sock: socket.socket, connection: PostgresConnection, credentials: Credentials
    ) -> None:
        """Log in over the socket, which the session owns from now on.

        Raises PASSWORD_REJECTED, LOGIN_NOT_PERMITTED, DATABASE_NOT_FOUND and the like.
        """
        what = f"Logging in to '{connection.database}' as '{connection.user}'"
        try:
            # A proxy with nothing behind it, or another protocol's server, just hangs up.
            with translated(what, lost=PROTOCOL_UNEXPECTED):
                self._driver = _Driver(
                    connection,
                    connection.user,
                    database=connection.database,
                    password=credentials.password.get_secret_value(),
                    application_name="headrace",
                    startup_params={"client_encoding": "UTF8"},
                    ssl_context=False,
                    sock=sock,
                )
        except HeadraceError as error:
            sock.close()
            if error.kind is PERMISSION_DENIED:  # right password, no CONNECT privilege
                hint = "Have the right granted: GRANT CONNECT ON DATABASE … TO …;"
                raise HeadraceError(error.kind, error.detail, hint=hint) from error
            raise
        self._sock = sock
        try:
            rows = self.query("Beginning a transaction", _BEGIN.format(lock_seconds=LOCK_SECONDS))
            self.server_version: int = rows[0][0]
            sock.settimeout(_SILENCE_SECONDS)
        except BaseException:
            self.close()
            raise

    def query(self, what: str, sql: str, **parameters: str | int) -> Sequence[Sequence[Any]]:
        """The rows of a statement; `:name` in it stands for a parameter."""
        with translated(what):
            return self._driver.run(sql, **parameters) or []

    def result_types(self, what: str, sql: str) -> Sequence[int]:
        """The oids of the types of a statement's columns, domains resolved."""
        with translated(what):
            self._driver.run(sql)
            return [column["type_oid"] for column in self._driver.columns]

    def copy(self, what: str) -> CopyOut:
        """A COPY, to be started; nothing else may use the session until it has ended."""
        return CopyOut(self._driver, what)

    def abandon(self) -> None:
        """Break the connection, whatever another thread is doing over it."""
        with suppress(OSError):
            # SSLSocket's own shutdown would take the TLS layer from under the reading thread.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        self._driver.close()


class _Driver(Driver):  # type: ignore[misc]
    """pg8000 with some of its habits changed."""

    def __init__(self, connection: PostgresConnection, *arguments: Any, **more: Any) -> None:
        self._connection = connection
        self._asked: set[int] = set()
        super().__init__(*arguments, **more)

    def handle_AUTHENTICATION_REQUEST(self, data: bytes, context: Any) -> None:  # noqa: N802
        """Refuse what pg8000 tells of in prose alone, or would do for whatever server.

        Raises LOGIN_METHOD_UNKNOWN, PASSWORD_WITHHELD, PROTOCOL_UNEXPECTED.
        """
        method = int.from_bytes(data[:4])
        if method not in _LOGIN_METHODS:
            raise HeadraceError(
                LOGIN_METHOD_UNKNOWN,
                f"Logging in: the server asks for login method {method}, which is not known here.",
            )
        if method in self._asked:  # it could go on so, and each time have a password hashed
            raise HeadraceError(
                PROTOCOL_UNEXPECTED, "Logging in: the server asks for the same thing again."
            )
        self._asked.add(method)
        if method == _CLEAR_TEXT:
            clear_text.check_may_be_sent(self._connection)
        super().handle_AUTHENTICATION_REQUEST(data, context)

    def handle_PARAMETER_STATUS(self, data: bytes, context: Any) -> None:  # noqa: ARG002, N802
        """Keep nothing, but refuse an encoding that was not asked for.

        The driver would decode by whatever codec of Python's has that name, and keep as many
        parameters as a server makes up.
        """
        name, _, value = data.partition(b"\0")
        if name == b"client_encoding" and value.strip(b"\0").upper() != b"UTF8":
            raise ValueError("another encoding than UTF8")

    def handle_messages(self, context: Any) -> None:
        """Keep a fatal error that the server sent before it hung up."""
        try:
            super().handle_messages(context)
        except InterfaceError:
            if context.error is not None:
                raise context.error from None
            raise

    def close(self) -> None:
        """Close once or more, also when the other side is gone."""
        stream = self._sock
        # OSError and ValueError come from a stream that is broken or closed already.
        with suppress(InterfaceError, OSError, ValueError):
            super().close()
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.close()
