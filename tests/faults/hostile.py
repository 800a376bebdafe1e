"""Servers that are hostile behind the greeting, or behind TLS; others stand in `impostors`."""

from __future__ import annotations

import contextlib
import itertools
import random
import socket
import ssl
import time
from collections.abc import Callable

from trustme import CA

from headrace.checks import Layer
from tests.diagnosis import impostors
from tests.diagnosis.impostors import Conversation
from tests.faults import case
from tests.faults.case import Received, Recording, Says
from tests.sources.mysql.impostors import SSL, framed, greeting, packet

AUTHORITY = CA()
_GARBAGE = random.Random(4711).randbytes(1 << 16)


SOMETHING_ELSE = Says(Layer.PROTOCOL, "protocol_unexpected", hint="usually")


def silent_at(layer: Layer) -> Says:
    return Says(layer, "connection_timed_out")


def open_(conversation: Conversation) -> Recording:
    """It is told nothing that could not be overheard."""
    return lambda _: conversation


def certified() -> ssl.SSLContext:
    """Of a server whose certificate an authority signed that we do not know."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("localhost").configure_cert(made)
    return made


def garbage(client: socket.socket) -> None:
    """Bytes that mean nothing, without an end."""
    while True:
        client.sendall(_GARBAGE)


def endless_line(client: socket.socket) -> None:
    while True:
        client.sendall(b"welcome " * 1000)


def a_byte_at_a_time(client: socket.socket) -> None:
    """From the first byte on, and never the end of anything."""
    for byte in itertools.cycle(b"\x01"):
        client.sendall(bytes([byte]))
        time.sleep(0.2)


def tls_first(client: socket.socket) -> None:
    """TLS from the first byte on, as web servers speak it."""
    with certified().wrap_socket(client, server_side=True) as inside:
        inside.recv(1024)


def plain_text_in_tls(client: socket.socket) -> None:
    """Agrees to TLS, and answers the handshake in plain text."""
    client.recv(1024)
    client.sendall(b"S")
    client.recv(1024)
    client.sendall(b"220 forged <script>\r\n" * 10)


def plain_text_before_tls(client: socket.socket) -> None:
    """Agrees to TLS, and goes on in plain text without being asked."""
    client.recv(1024)
    client.sendall(b"S" + b"220 forged <script>\r\n" * 10)
    client.recv(1024)


def postgres_over_tls(inside: Recording) -> Recording:
    """A conversation behind TLS, whose certificate is not one that is trusted."""

    def recording(received: Received) -> Conversation:
        converse, context = inside(received), certified()

        def encrypted(client: socket.socket) -> None:
            client.recv(8, socket.MSG_WAITALL)
            client.sendall(b"S")
            with context.wrap_socket(client, server_side=True) as inner:
                converse(inner)

        return encrypted

    return recording


def postgres_refusing(state: bytes) -> Conversation:
    """An error in answer to the first word."""

    def converse(client: socket.socket) -> None:
        client.recv(1024)
        fields = b"SFATAL\0VFATAL\0C" + state + b"\0M\x1b[31mforged text\0\0"
        client.sendall(b"E" + (len(fields) + 4).to_bytes(4) + fields)

    return converse


def postgres_refusing_the_login(state: bytes) -> Conversation:
    def converse(client: socket.socket) -> None:
        if client.recv(1024) == impostors.SSL_REQUEST:
            client.sendall(b"N")
        postgres_refusing(state)(client)

    return converse


def mysql_version_without_end(client: socket.socket) -> None:
    """A greeting whose text goes on for ever."""
    client.sendall(b"\xff\x0f\0\0\x0a")
    while True:
        client.sendall(b"8.0.36-forged" * 1000)


def mysql_tls(answer: Callable[[socket.socket], None]) -> Conversation:
    """Agrees to TLS, as MySQL does, and then answers the handshake so."""

    def converse(client: socket.socket) -> None:
        client.sendall(framed(greeting(b"mysql_native_password", SSL), 0))
        client.recv(36, socket.MSG_WAITALL)
        client.recv(1024)
        answer(client)

    return converse


def mysql_saying_yes(answer: bytes) -> Conversation:
    """Lets everybody in, and gives this answer to all that is asked."""

    def converse(client: socket.socket) -> None:
        client.sendall(framed(greeting(b"mysql_native_password", 0), 0))
        _, number = packet(client)
        client.sendall(framed(b"\0\0\0\x02\0\0\0", number + 1))
        with contextlib.suppress(ConnectionError):
            while True:
                packet(client)
                client.sendall(framed(answer, 1))

    return converse


def mysql_asking_for_a_file(client: socket.socket) -> None:
    """Lets everybody in, and asks for a file in which the password stands (LOCAL INFILE)."""
    mysql_saying_yes(b"\xfb" + case.__file__.encode())(client)
