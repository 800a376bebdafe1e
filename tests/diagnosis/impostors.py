"""Servers on loopback that are no PostgreSQL, or a hostile one."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

Conversation = Callable[[socket.socket], None]

# Without TLS.
MYSQL_GREETING = (
    b"\x4a\x00\x00\x00\x0a8.0.36\x00" + bytes([7, 0, 0, 0]) + b"saltsalt\x00"
    b"\xff\xf7\x2d\x02\x00\xff\x81\x15" + bytes(10) + b"saltsaltsalt\x00"
    b"mysql_native_password\x00"
)
SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@contextlib.contextmanager
def listening(converse: Conversation, host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """The port of a server that holds this conversation with each client, then hangs up."""
    with socket.create_server((host, port)) as server:
        threading.Thread(target=_serve, args=(server, converse), daemon=True).start()
        yield server.getsockname()[1]
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def filtered() -> Iterator[int]:
    """A port whose packets are dropped: nobody accepts, and the queue of those who wait is full."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as server,
        contextlib.ExitStack() as all_,
    ):
        for _ in range(4):
            queued = all_.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def http(client: socket.socket) -> None:
    client.recv(1024)
    client.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def start_up(client: socket.socket) -> None:
    """Receive a PostgreSQL client's first message; TLS is not to be had."""
    if client.recv(1024) == SSL_REQUEST:
        client.sendall(b"N")
        client.recv(1024)


def saying(text: bytes) -> Conversation:
    """Greets so, and then says nothing more."""

    def converse(client: socket.socket) -> None:
        client.sendall(text)
        silent(client)

    return converse


def answering(answers: dict[bytes, bytes]) -> Conversation:
    """Answers to what begins like one of these, and says nothing to anything else."""

    def converse(client: socket.socket) -> None:
        said = client.recv(1024)
        for beginning, answer in answers.items():
            if said.startswith(beginning):
                client.sendall(answer)
        silent(client)

    return converse


def echo(client: socket.socket) -> None:
    client.sendall(client.recv(1024))


def silent(client: socket.socket) -> None:
    while client.recv(1024):
        pass


def hangs_up(client: socket.socket) -> None:
    client.recv(1024)


def dribbling(client: socket.socket) -> None:
    """A PostgreSQL whose answer to a login of 100 bytes comes one byte at a time."""
    start_up(client)
    for byte in b"R\x00\x00\x00\x64" + bytes(95):
        client.sendall(bytes([byte]))
        time.sleep(0.1)


def kerberos(client: socket.socket) -> None:
    """AuthenticationKerberosV5, which nobody speaks any more."""
    start_up(client)
    client.sendall(b"R\x00\x00\x00\x08\x00\x00\x00\x02")


def oauth(client: socket.socket) -> None:
    """Takes a token and nothing else, as PostgreSQL 18 can be set to."""
    start_up(client)
    client.sendall(_asking(10, b"OAUTHBEARER\x00\x00"))


def lets_everybody_in(client: socket.socket) -> None:
    """Says that whatever it is asked is done, and nothing else."""
    start_up(client)
    client.sendall(b"R\x00\x00\x00\x08" + bytes(4))
    with contextlib.suppress(OSError):
        while True:
            client.sendall(b"Z\x00\x00\x00\x05I")
            if not client.recv(65_536):
                return


def refusing_with_prose(client: socket.socket) -> None:
    """An error whose text and code are chosen to reach a log or a page."""
    start_up(client)
    fields = b"SFATAL\x00C<script>\x00Mforged text\x00\x00"
    client.sendall(b"E" + (len(fields) + 4).to_bytes(4) + fields)


def resets(client: socket.socket) -> None:
    """Ends the connection as soon as it is made, as proxies do with nothing behind them."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def gigabyte(client: socket.socket) -> None:
    """A message that claims to have 1 GiB, and does go on for so long."""
    start_up(client)
    client.sendall(b"R" + (1 << 30).to_bytes(4))
    _for_ever(client, bytes(1 << 20))


def negative(client: socket.socket) -> None:
    """A message whose length is less than nothing, which some read as: all there is."""
    start_up(client)
    client.sendall(b"R" + (3).to_bytes(4))  # the four bytes of the length count too
    _for_ever(client, bytes(1 << 20))


def notices(client: socket.socket) -> None:
    """One short notice after the other."""
    start_up(client)
    _for_ever(client, b"N\x00\x00\x00\x0bSINFO\x00\x00" * 10_000)


def parameters(client: socket.socket) -> None:
    """Parameters of the session without an end, each with a name of its own."""
    start_up(client)
    for number in itertools.count():
        pair = f"p{number}\x00".encode() + b"v" * 1000 + b"\x00"
        client.sendall(b"S" + (len(pair) + 4).to_bytes(4) + pair)


def tls_records(client: socket.socket) -> None:
    """Agrees to TLS, and then never ends its first handshake message."""
    client.recv(1024)
    client.sendall(b"S")
    client.recv(1024)
    endless_handshake(client)


def endless_handshake(client: socket.socket) -> None:
    """A message of TLS that never ends."""
    # Records of 16 KiB; the message inside claims to have 16 MiB.
    client.sendall(b"\x16\x03\x03\x40\x00" + b"\x02\xff\xff\xff" + bytes(0x4000 - 4))
    _for_ever(client, b"\x16\x03\x03\x40\x00" + bytes(0x4000))


def tls_dribble(client: socket.socket) -> None:
    """Agrees to TLS, and then sends a byte of its handshake from time to time."""
    client.recv(1024)
    client.sendall(b"S")
    client.recv(1024)
    slow_handshake(client)


def slow_handshake(client: socket.socket) -> None:
    """A byte of a message of TLS from time to time."""
    for byte in b"\x16\x03\x03\x40\x00" + bytes(0x4000):
        client.sendall(bytes([byte]))
        time.sleep(0.1)


def mysql_packets(client: socket.socket) -> None:
    """A greeting of MySQL's that goes on in ever more packets of the greatest length."""
    for number in itertools.cycle(range(256)):
        client.sendall(b"\xff\xff\xff" + bytes([number]) + bytes(0xFFFFFF))


def mysql_packet(client: socket.socket) -> None:
    """A greeting of MySQL's that is as long as one in a single packet can be."""
    client.sendall(b"\xfe\xff\xff\x00" + bytes(0xFFFFFE))


def mysql_flood(client: socket.socket) -> None:
    """Greets as MySQL does; its answer to a login is as long as one in a single packet can be."""
    client.sendall(MYSQL_GREETING)
    client.recv(1024)
    client.sendall(b"\xfe\xff\xff\x02\xfe" + bytes(0xFFFFFD))


def mysql_dribble(client: socket.socket) -> None:
    """A greeting of MySQL's that goes on a byte at a time behind its version."""
    client.sendall(MYSQL_GREETING[:12])
    for byte in bytes(60):
        client.sendall(bytes([byte]))
        time.sleep(0.1)


def scram_iterations(client: socket.socket) -> None:
    """Asks for the password to be hashed for hours."""
    start_up(client)
    client.sendall(_asking(10, b"SCRAM-SHA-256\x00\x00"))
    nonce = client.recv(1024).partition(b"r=")[2]
    client.sendall(_asking(11, b"r=%sx,s=AAAAAAAAAAAAAAAA,i=2147483647" % nonce))
    client.recv(1024)


def scram_for_ever(client: socket.socket) -> None:
    """Begins anew each time that a login has begun."""
    start_up(client)
    with contextlib.suppress(OSError):
        while True:
            client.sendall(_asking(10, b"SCRAM-SHA-256\x00\x00"))
            if not client.recv(1024):
                return


def encoding(name: bytes) -> Conversation:
    """Lets everybody in, and says that its texts come in this encoding."""

    def converse(client: socket.socket) -> None:
        start_up(client)
        pair = b"client_encoding\x00" + name + b"\x00"
        status = b"S" + (len(pair) + 4).to_bytes(4) + pair
        client.sendall(b"R\x00\x00\x00\x08" + bytes(4) + status + b"Z\x00\x00\x00\x05I")
        client.recv(1024)

    return converse


def clear_text(received: list[bytes]) -> Conversation:
    """Asks for the password in clear text, and keeps what it is sent."""

    def converse(client: socket.socket) -> None:
        start_up(client)
        client.sendall(_asking(3, b""))
        received.append(client.recv(1024))

    return converse


def _asking(method: int, more: bytes) -> bytes:
    """An authentication request ("Message Formats" of the PostgreSQL manual)."""
    return b"R" + (len(more) + 8).to_bytes(4) + method.to_bytes(4) + more


def _for_ever(client: socket.socket, data: bytes) -> None:
    while True:
        client.sendall(data)


def _serve(server: socket.socket, converse: Conversation) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = server.accept()
            threading.Thread(target=_answer, args=(client, converse), daemon=True).start()


def _answer(client: socket.socket, converse: Conversation) -> None:
    with client, contextlib.suppress(OSError):
        converse(client)
