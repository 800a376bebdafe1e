"""TLS in front of the real server, whose build has none: the handshake and certificates are real.

The front answers PostgreSQL's request for TLS and passes what comes through it on, as poolers
and cloud proxies do.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

from trustme import CA

from devservers.postgres import PostgresServer
from tests.sources.certificates import SelfMade

SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@contextlib.contextmanager
def tls_front(server: PostgresServer, context: ssl.SSLContext) -> Iterator[int]:
    """The port at which the server is reached over TLS alone."""
    with socket.create_server(("127.0.0.1", 0)) as front:
        threading.Thread(target=_serve, args=(front, context, server.port), daemon=True).start()
        yield front.getsockname()[1]
        with contextlib.suppress(OSError):
            front.shutdown(socket.SHUT_RDWR)


def pem(authority: CA | SelfMade) -> str:
    """The authority's certificate, or one that somebody made for himself."""
    return authority.cert_pem.bytes().decode()


def _serve(front: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = front.accept()
            threading.Thread(target=_converse, args=(client, context, port), daemon=True).start()


def _converse(client: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with contextlib.suppress(OSError), client:
        if client.recv(8, socket.MSG_WAITALL) != SSL_REQUEST:
            # What a server says whose pg_hba.conf has lines of the type hostssl alone.
            fields = b"SFATAL\0VFATAL\0C28000\0Mforged text\0\0"
            client.sendall(b"E" + (len(fields) + 4).to_bytes(4) + fields)
            return
        client.sendall(b"S")
        with (
            context.wrap_socket(client, server_side=True) as inside,
            socket.create_connection(("127.0.0.1", port)) as behind,
        ):
            back = threading.Thread(target=_pass_on, args=(behind, inside), daemon=True)
            back.start()
            _pass_on(inside, behind)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        socket.socket.shutdown(target, socket.SHUT_RDWR)
