"""Something between client and server that changes bytes on their way, as proxies do."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Change = Callable[[bytes], bytes]


def as_it_is(data: bytes) -> bytes:
    return data


@contextlib.contextmanager
def between(port: int, *, asked: Change = as_it_is, greeted: Change = as_it_is) -> Iterator[int]:
    """The port of a proxy before the server at another one.

    What the client sends is changed by `asked`, and the server's first packet by `greeted`.
    """
    with socket.create_server(("127.0.0.1", 0)) as front:
        thread = threading.Thread(target=_serve, args=(front, port, asked, greeted), daemon=True)
        thread.start()
        yield front.getsockname()[1]
        with contextlib.suppress(OSError):
            front.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(front: socket.socket, port: int, asked: Change, greeted: Change) -> None:
    threads = []
    with contextlib.suppress(OSError):
        while True:
            client, _ = front.accept()
            arguments = (client, port, asked, greeted)
            threads.append(threading.Thread(target=_converse, args=arguments))
            threads[-1].start()
    for thread in threads:
        thread.join()


def _converse(client: socket.socket, port: int, asked: Change, greeted: Change) -> None:
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        asking = threading.Thread(target=_pass_on, args=(client, server, asked, asked))
        asking.start()
        _pass_on(server, client, greeted, as_it_is)
        asking.join()


def _pass_on(source: socket.socket, target: socket.socket, first: Change, then: Change) -> None:
    change = first
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(change(data))
            change = then
    for sock in (source, target):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
