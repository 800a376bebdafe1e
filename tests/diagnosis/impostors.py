"""Servers on loopback that are no PostgreSQL."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

Conversation = Callable[[socket.socket], None]


@contextlib.contextmanager
def listening(converse: Conversation) -> Iterator[int]:
    """The port of a server that holds this conversation with each client, then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server, converse), daemon=True).start()
        yield server.getsockname()[1]
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def http(client: socket.socket) -> None:
    client.recv(1024)
    client.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def echo(client: socket.socket) -> None:
    client.sendall(client.recv(1024))


def silent(client: socket.socket) -> None:
    while client.recv(1024):
        pass


def hangs_up(client: socket.socket) -> None:
    client.recv(1024)


def dribbling(client: socket.socket) -> None:
    """A message of 100 bytes that comes one byte at a time."""
    client.recv(1024)
    for byte in b"R\x00\x00\x00\x64" + bytes(95):
        client.sendall(bytes([byte]))
        time.sleep(0.1)


def kerberos(client: socket.socket) -> None:
    """AuthenticationKerberosV5, which nobody speaks any more."""
    client.recv(1024)
    client.sendall(b"R\x00\x00\x00\x08\x00\x00\x00\x02")


def refusing_with_prose(client: socket.socket) -> None:
    """An error whose text and code are chosen to reach a log or a page."""
    client.recv(1024)
    fields = b"SFATAL\x00C<script>\x00Mforged text\x00\x00"
    client.sendall(b"E" + (len(fields) + 4).to_bytes(4) + fields)


def _serve(server: socket.socket, converse: Conversation) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = server.accept()
            threading.Thread(target=_answer, args=(client, converse), daemon=True).start()


def _answer(client: socket.socket, converse: Conversation) -> None:
    with client, contextlib.suppress(OSError):
        converse(client)
