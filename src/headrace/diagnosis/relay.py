"""A relay between a driver and a server that nobody trusts, for the connection test.

A driver that waits for a message of a gigabyte, or for the next byte of one that never ends, can
be stopped by nothing but the end of its connection. So it is given one end of a pair of sockets;
a thread passes on what comes, and hangs up at the deadline or after so many bytes. It works below
TLS, which the driver's end carries like any other socket.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from headrace.diagnosis.deadline import Deadline
from headrace.errors import ANSWER_TOO_LONG, HeadraceError

_PIECE = 1 << 16


@dataclass(frozen=True)
class Before:
    """What was said to the server and heard from it before the driver came.

    The driver goes through it again: it hears what was heard, and what it says first is not sent
    once more but has to be what was said.
    """

    said: bytes = b""
    heard: bytes = b""


_NOTHING = Before()


class Relay:
    """Takes a connected socket over; `sock` is the driver's end. Close it at the end."""

    def __init__(
        self,
        server: socket.socket,
        deadline: Deadline,
        most_bytes: int,
        before: Before = _NOTHING,
    ) -> None:
        self.sock, self._behind = socket.socketpair()
        self._server = server
        self._deadline = deadline
        self._left = self._most = most_bytes
        self._said = before.said
        self._behind.sendall(before.heard)
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()

    @contextmanager
    def held(self, what: str) -> Iterator[None]:
        """For what is done over the driver's end: says which limit ended it, if one did.

        Raises CONNECTION_TIMED_OUT or ANSWER_TOO_LONG in place of the HeadraceError that the
        end of the connection caused.
        """
        try:
            yield
        except HeadraceError as error:
            if self._left < 0:
                raise HeadraceError(
                    ANSWER_TOO_LONG, f"{what}: the server sent more than {self._most} bytes."
                ) from error
            if self._deadline.expired:
                raise self._deadline.missed(what) from error
            raise

    @property
    def left(self) -> int:
        """How many bytes the server may still send."""
        return self._left

    def close(self) -> None:
        """End the connection and the thread; what the driver has sent still goes out."""
        self.sock.close()  # nothing if TLS has taken the descriptor; then the driver closes it
        _shut(self._behind)
        self._thread.join()
        self._behind.close()
        self._server.close()

    def _run(self) -> None:
        try:
            self._pass_on()
        except OSError:
            pass  # one of the two is gone: the other learns of it here
        finally:
            _shut(self._behind)
            _shut(self._server)

    def _pass_on(self) -> None:
        other = {self._server: self._behind, self._behind: self._server}
        with selectors.DefaultSelector() as selector:
            for sock in other:
                selector.register(sock, selectors.EVENT_READ)
            while True:
                ready = selector.select(self._deadline.remaining)
                if self._deadline.expired:
                    return
                for key, _ in ready:
                    source = self._server if key.fileobj is self._server else self._behind
                    piece = source.recv(_PIECE)
                    if source is self._server:
                        self._left -= len(piece)
                    if self._left < 0 or (not piece and source is self._behind):
                        return
                    if not piece:  # the driver reads what is on its way, and may still say bye
                        selector.unregister(source)
                        self._behind.shutdown(socket.SHUT_WR)
                        continue
                    if source is self._behind:
                        piece = self._not_yet_said(piece)
                    # Both may wait for each other to read; the deadline ends that too.
                    other[source].settimeout(self._deadline.remaining)
                    other[source].sendall(piece)

    def _not_yet_said(self, piece: bytes) -> bytes:
        again = min(len(piece), len(self._said))
        if piece[:again] != self._said[:again]:
            raise ConnectionAbortedError  # the server would take it for something else
        self._said = self._said[again:]
        return piece[again:]


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):  # it may be shut already
        sock.shutdown(socket.SHUT_RDWR)
