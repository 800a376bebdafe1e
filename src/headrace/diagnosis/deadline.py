"""A moment by which something must have ended, however slowly a server answers."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from headrace.errors import CONNECTION_TIMED_OUT, HeadraceError


class Deadline:
    """So many seconds from now on."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds left; never less than a millisecond, since 0 means 'do not block' to sockets."""
        return max(self._at - time.monotonic(), 0.001)

    @property
    def expired(self) -> bool:
        return time.monotonic() >= self._at

    def missed(self, what: str) -> HeadraceError:
        return HeadraceError(
            CONNECTION_TIMED_OUT,
            f"{what} had not ended after {self.seconds:g} seconds.",
            hint="The server accepts connections but answers too slowly or not at all: "
            "check the port, and the database's load.",
        )

    @contextmanager
    def enforced(self, sock: socket.socket, what: str) -> Iterator[None]:
        """Break the connection at the deadline, so that a server that dribbles ends too.

        Raises CONNECTION_TIMED_OUT in place of whatever HeadraceError the break causes.
        """
        # A descriptor of its own: TLS takes the socket's away, and it may be closed inside.
        watched = socket.socket(fileno=os.dup(sock.fileno()))
        timer = threading.Timer(self.remaining, _break, (watched,))
        timer.daemon = True
        timer.start()
        try:
            yield
        except HeadraceError as error:
            if self.expired:
                raise self.missed(what) from error
            raise
        finally:
            timer.cancel()
            timer.join()
            watched.close()


def _break(sock: socket.socket) -> None:
    with suppress(OSError):  # it may have ended by itself
        sock.shutdown(socket.SHUT_RDWR)
