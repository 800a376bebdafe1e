"""pg8000 with some of its habits changed."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import Any

from pg8000.converters import PG_TYPES, string_in
from pg8000.exceptions import InterfaceError
from pg8000.native import Connection as Pg8000

from headrace.connections import PostgresConnection
from headrace.errors import (
    IAM_LOGIN_REFUSED,
    LOGIN_METHOD_UNKNOWN,
    PROTOCOL_UNEXPECTED,
    HeadraceError,
)
from headrace.sources import clear_text

# What AuthenticationXXX messages ask for ("Message Formats" of the PostgreSQL manual).
_OK, _CLEAR_TEXT, _MD5, _SASL, _SASL_CONTINUE, _SASL_FINAL = 0, 3, 5, 10, 11, 12
_KNOWN = (_OK, _CLEAR_TEXT, _MD5, _SASL, _SASL_CONTINUE, _SASL_FINAL)
_UNKNOWN = {2: "Kerberos V5", 6: "SCM credentials", 7: "GSSAPI", 8: "GSSAPI", 9: "SSPI"}
_MECHANISMS = (b"SCRAM-SHA-256", b"SCRAM-SHA-256-PLUS")

# The types of all that is asked for besides rows: bool, bigint, smallint, integer, oid, real and
# double precision. Any other value stays text, whatever the server says that it is.
_CONVERTED = (16, 20, 21, 23, 26, 700, 701)


class Driver(Pg8000):  # type: ignore[misc]
    """A connection over a socket that is there already.

    `announced_process` is the number of the server's process as it was told at the login. A
    pooler makes one up.
    """

    announced_process: int | None = None

    def __init__(self, connection: PostgresConnection, *arguments: Any, **more: Any) -> None:
        self._connection = connection
        self._asked: set[int] = set()
        super().__init__(*arguments, **more)
        self.pg_types = defaultdict(lambda: string_in, {oid: PG_TYPES[oid] for oid in _CONVERTED})

    def handle_AUTHENTICATION_REQUEST(self, data: bytes, context: Any) -> None:  # noqa: N802
        """Refuse what pg8000 tells of in prose alone, or would do for whatever server.

        Raises LOGIN_METHOD_UNKNOWN, PASSWORD_WITHHELD, PROTOCOL_UNEXPECTED, IAM_LOGIN_REFUSED.
        """
        method = int.from_bytes(data[:4])
        if method != _OK and not self._connection.needs_password:
            raise HeadraceError(
                IAM_LOGIN_REFUSED, "Logging in by IAM: the server asks for a password."
            )
        if method not in _KNOWN:
            named = _UNKNOWN.get(method, f"number {method}")
            raise HeadraceError(
                LOGIN_METHOD_UNKNOWN,
                f"Logging in: the server asks for the login method {named}, which is not known "
                "here.",
            )
        if method == _SASL and not set(_MECHANISMS) & set(data[4:].split(b"\0")):
            raise HeadraceError(
                LOGIN_METHOD_UNKNOWN,
                "Logging in: the server takes something else than a password, such as a token.",
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

    def handle_BACKEND_KEY_DATA(self, data: bytes, context: Any) -> None:  # noqa: N802
        """Keep who answers; the driver has no way of asking for it."""
        super().handle_BACKEND_KEY_DATA(data, context)
        self.announced_process = int.from_bytes(data[:4])

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
