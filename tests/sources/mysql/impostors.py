"""Servers that speak MySQL's protocol, to a point.

MariaDB lacks MySQL's own ways of logging in, so these stand in for it: what they check is what
the MySQL Source Code Documentation says under "Authentication Methods".
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.diagnosis.impostors import Conversation

SALT = bytes(range(1, 21))
SSL = 0x800
_CAPABILITIES = 0x81BFF7FF  # with plugins, without what ends rows in another way
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)

Told = list[bytes]


def refusing(number: int) -> Conversation:
    """Greets with an error, whose text is chosen to reach a log or a page."""

    def converse(client: socket.socket) -> None:
        client.sendall(framed(b"\xff" + number.to_bytes(2, "little") + b"forged text", 0))

    return converse


def asking_for(plugin: bytes, told: Told, context: ssl.SSLContext | None = None) -> Conversation:
    """Asks for a login method, notes what it is told, and rejects it."""

    def converse(client: socket.socket) -> None:
        client.sendall(framed(greeting(b"mysql_native_password", SSL if context else 0), 0))
        if context is None:
            ask(client)
            return
        _exactly(client, 36)
        with context.wrap_socket(client, server_side=True) as inside:
            ask(inside)

    def ask(client: socket.socket) -> None:
        _, number = packet(client)
        # The dialogue's question begins with a byte that says how to show the answer.
        question = b"\x04Password: " if plugin == b"dialog" else SALT + b"\0"
        client.sendall(framed(b"\xfe" + plugin + b"\0" + question, number + 1))
        told.append(packet(client)[0])
        client.sendall(framed(b"\xff\x15\x04#28000no", number + 3))

    return converse


def sha2(told: Told, context: ssl.SSLContext | None = None) -> Conversation:
    """MySQL 8's default: the proof is not in its cache, so the password itself is asked for."""

    def converse(client: socket.socket) -> None:
        client.sendall(framed(greeting(b"caching_sha2_password", SSL if context else 0), 0))
        if context is None:
            _log_in(client, told, _by_key)
            return
        _exactly(client, 36)
        with context.wrap_socket(client, server_side=True) as inside:
            _log_in(inside, told, _as_it_is)

    return converse


def proof(password: bytes) -> bytes:
    """What a client sends that knows the password, in `caching_sha2_password`."""
    once = hashlib.sha256(password).digest()
    salted = hashlib.sha256(hashlib.sha256(once).digest() + SALT).digest()
    return bytes(a ^ b for a, b in zip(once, salted, strict=True))


def _log_in(
    client: socket.socket, told: Told, password: Callable[[socket.socket], tuple[bytes, int]]
) -> None:
    response, number = packet(client)
    start = response.index(b"\0", 32) + 2  # behind the user's name and the proof's length
    told.append(response[start : start + response[start - 1]])
    client.sendall(framed(b"\x01\x04", number + 1))
    answer, number = password(client)
    told.append(answer.removesuffix(b"\0"))
    client.sendall(framed(b"\xff\x15\x04#28000no", number + 1))


def _as_it_is(client: socket.socket) -> tuple[bytes, int]:
    return packet(client)


def _by_key(client: socket.socket) -> tuple[bytes, int]:
    request, number = packet(client)
    if request != b"\x02":
        raise ConnectionError
    public = _KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    client.sendall(framed(b"\x01" + public, number + 1))
    encrypted, number = packet(client)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    hidden = _KEY.decrypt(encrypted, oaep)
    return bytes(byte ^ SALT[i % 20] for i, byte in enumerate(hidden)), number


def greeting(plugin: bytes, extra: int) -> bytes:
    capabilities = (_CAPABILITIES | extra).to_bytes(4, "little")
    return b"".join(
        [
            b"\x0a8.4.0\0",
            (7).to_bytes(4, "little"),
            SALT[:8] + b"\0",
            capabilities[:2] + bytes([45]) + b"\x02\0" + capabilities[2:] + bytes([21]) + bytes(10),
            SALT[8:] + b"\0",
            plugin + b"\0",
        ]
    )


def framed(payload: bytes, number: int) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([number]) + payload


def packet(client: socket.socket) -> tuple[bytes, int]:
    header = _exactly(client, 4)
    return _exactly(client, int.from_bytes(header[:3], "little")), header[3]


def _exactly(client: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        more = client.recv(size - len(received))
        if not more:
            raise ConnectionError
        received += more
    return received
