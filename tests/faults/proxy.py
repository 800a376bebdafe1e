"""A proxy before a server, which does to what passes through it what networks and proxies do.

A `Way` is one direction of one connection: given the pieces that come from one side, the pieces
that go on to the other one. When it ends, so does the connection.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Way = Callable[[Iterator[bytes]], Iterator[bytes]]


def as_it_is(pieces: Iterator[bytes]) -> Iterator[bytes]:
    return pieces


def changed(change: Callable[[bytes], bytes]) -> Way:
    """Each piece is changed so."""
    return lambda pieces: map(change, pieces)


def first_changed(change: Callable[[bytes], bytes]) -> Way:
    """The first piece is changed so, and the others are left as they are."""

    def way(pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            yield change(piece)
            yield from pieces

    return way


def recorded(into: list[bytes], way: Way = as_it_is) -> Way:
    """What comes is kept, before anything is done to it."""

    def keeping(pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            into.append(piece)
            yield piece

    return lambda pieces: way(keeping(pieces))


def cut_after(length: int) -> Way:
    """The connection ends after so many bytes."""

    def way(pieces: Iterator[bytes]) -> Iterator[bytes]:
        left = length
        for piece in pieces:
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                return

    return way


def cut_at(marker: bytes) -> Way:
    """The connection ends in place of the bytes that are looked for, in whatever piece."""

    def way(pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            before, found, _ = piece.partition(marker)
            yield before
            if found:
                return

    return way


def swallowed_from(marker: bytes) -> Way:
    """Nothing arrives any more from the piece on that holds these bytes."""

    def way(pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            if marker in piece:
                break
            yield piece
        for _ in pieces:
            pass

    return way


def garbled_after(length: int) -> Way:
    """All bits of what comes after so many bytes are turned over."""

    def way(pieces: Iterator[bytes]) -> Iterator[bytes]:
        left = length
        for piece in pieces:
            yield piece[:left] + bytes(byte ^ 0xFF for byte in piece[left:])
            left = max(left - len(piece), 0)

    return way


def delayed(seconds: float) -> Way:
    """Each piece comes so much later."""

    def way(pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            time.sleep(seconds)
            yield piece

    return way


def dribbled(seconds: float) -> Way:
    """A byte comes in each such time."""

    def way(pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            for byte in piece:
                time.sleep(seconds)
                yield bytes([byte])

    return way


@dataclass(frozen=True)
class Fault:
    """What happens to what clients send, and to what the server answers."""

    asked: Way = as_it_is
    answered: Way = as_it_is


NO_FAULT = Fault()


@contextlib.contextmanager
def between(port: int, *, asked: Way = as_it_is, answered: Way = as_it_is) -> Iterator[int]:
    """The port of a proxy before the server at another one.

    What clients send goes the way `asked`, and what the server sends the way `answered`.
    """
    with socket.create_server(("127.0.0.1", 0)) as front:
        thread = threading.Thread(target=_serve, args=(front, port, asked, answered), daemon=True)
        thread.start()
        yield front.getsockname()[1]
        with contextlib.suppress(OSError):
            front.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(front: socket.socket, port: int, asked: Way, answered: Way) -> None:
    threads = []
    with contextlib.suppress(OSError):
        while True:
            client, _ = front.accept()
            arguments = (client, port, asked, answered)
            threads.append(threading.Thread(target=_converse, args=arguments))
            threads[-1].start()
    for thread in threads:
        thread.join()


def _converse(client: socket.socket, port: int, asked: Way, answered: Way) -> None:
    with (
        contextlib.suppress(OSError),
        client,
        socket.create_connection(("127.0.0.1", port)) as server,
    ):
        asking = threading.Thread(target=_pass_on, args=(client, server, asked))
        asking.start()
        _pass_on(server, client, answered)
        asking.join()


def _pass_on(source: socket.socket, target: socket.socket, way: Way) -> None:
    with contextlib.suppress(OSError):
        for piece in way(iter(lambda: source.recv(65_536), b"")):
            target.sendall(piece)
    for sock in (source, target):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
