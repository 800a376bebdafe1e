"""From a connection to a socket over which to log in, for whoever does not test each layer."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass

from headrace.connections import ServerConnection
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.dial import dial
from headrace.diagnosis.network import Network
from headrace.diagnosis.resolve import resolve
from headrace.sources import tls

# Asks for TLS in the words of a database's protocol; see `tls.encrypted`.
Request = Callable[[socket.socket, str], None]


@dataclass(frozen=True)
class Line:
    """A socket that is connected, and how it is encrypted."""

    sock: socket.socket
    _encrypt: Callable[[socket.socket, Request], socket.socket]

    def encrypted(self, request: Request) -> socket.socket:
        """The socket over which to log in. An instance of Cloud SQL is not asked for TLS first."""
        return self._encrypt(self.sock, request)


def line(connection: ServerConnection, network: Network, deadline: Deadline) -> Line:
    """Nothing is dialled but what the network allows.

    Raises the errors of docs/errors.md, "Reaching a database".
    """
    if connection.instance is not None:
        from headrace.cloud_sql.line import connected, encrypted

        sock, instance = connected(connection, network, deadline)
        return Line(sock, lambda sock, _: encrypted(sock, instance, connection))
    addresses = resolve(connection.hostname, connection.port, network, deadline)
    sock = dial(addresses, network, deadline).sock
    return Line(sock, lambda sock, request: tls.encrypted(sock, connection, request))
