"""A relay in front of the real server, which tampers with what the server sends."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Given the bytes from the first row's message on, what is sent in their place; then it hangs up.
Tamper = Callable[[bytes], bytes]


@dataclass(frozen=True)
class FirstRow:
    """How the first row's message is found: by bytes in it, and how far from its start they are."""

    marker: bytes
    offset: int


@contextlib.contextmanager
def tampering(port: int, first: FirstRow, tamper: Tamper) -> Iterator[int]:
    """The port at which the first rows of the server at another one are replaced."""
    with socket.create_server(("127.0.0.1", 0)) as front:
        arguments = (front, port, first, tamper)
        thread = threading.Thread(target=_serve, args=arguments, daemon=True)
        thread.start()
        yield front.getsockname()[1]
        with contextlib.suppress(OSError):
            front.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(front: socket.socket, port: int, first: FirstRow, tamper: Tamper) -> None:
    with contextlib.suppress(OSError):
        client, _ = front.accept()
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            asking = threading.Thread(target=_pass_on, args=(client, server), daemon=True)
            asking.start()
            while data := server.recv(65_536):
                at = data.find(first.marker) - first.offset
                if at < 0:
                    client.sendall(data)
                    continue
                client.sendall(data[:at] + tamper(data[at:]))
                break
            client.shutdown(socket.SHUT_RDWR)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
