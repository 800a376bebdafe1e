"""PostgreSQL's request for TLS.

The exchange is "SSL Session Encryption" of the PostgreSQL manual, section 54.2.
"""

from __future__ import annotations

import socket
import struct

from headrace.connections import PostgresConnection, TlsMode
from headrace.errors import PROTOCOL_UNEXPECTED, TLS_NOT_OFFERED, HeadraceError
from headrace.sources import tls

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_VERSION = 3 << 16
_AUTHENTICATION = b"R"


def protected(sock: socket.socket, connection: PostgresConnection) -> socket.socket:
    """The socket over which to log in: encrypted as the connection's TLS mode says.

    Raises TLS_NOT_OFFERED, PROTOCOL_UNEXPECTED, and the errors of `headrace.sources.tls`.
    """
    return tls.encrypted(sock, connection, request)


def offered(heard: bytes) -> bool | None:
    """Whether this answer to a request for TLS offers it; None if it is no such answer."""
    return {b"S": True, b"N": False}.get(heard)


def required(sock: socket.socket, connection: PostgresConnection) -> bool:
    """Whether a server that refused this user without TLS asks for a password with it.

    PostgreSQL tells the two apart in prose alone. It hears the names of the user and the database
    once more, over a connection whose certificate nobody looks at, and nothing else.
    """
    unverified = {"tls": TlsMode.REQUIRE, "ca_certificate": None}
    with protected(sock, connection.model_copy(update=unverified)) as inside:
        names = ("user", connection.user, "database", connection.database, "")
        words = b"".join(name.encode() + b"\0" for name in names)
        inside.sendall(struct.pack("!ii", len(words) + 8, _VERSION) + words)
        return inside.recv(1) == _AUTHENTICATION


def request(sock: socket.socket, what: str) -> None:
    """Ask for TLS (`headrace.sources.tls.encrypted`)."""
    sock.sendall(_SSL_REQUEST)
    # One byte and no more: what a man in the middle adds in plain text must not be read later
    # as if it had come encrypted (CVE-2021-23222).
    answer = sock.recv(1)
    if answer == b"N":
        raise HeadraceError(TLS_NOT_OFFERED, f"{what}: the server does not offer it.")
    if answer != b"S":
        raise HeadraceError(
            PROTOCOL_UNEXPECTED, f"{what}: the answer is not one that PostgreSQL gives."
        )
