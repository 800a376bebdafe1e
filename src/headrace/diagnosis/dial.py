"""Dialling: every TCP connection of the project to a database is made here.

A name is resolved once, and the connection goes to one of the addresses that were found then; a
DNS answer that changes a moment later changes nothing.
"""

from __future__ import annotations

import errno
import os
import queue
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from headrace.errors import (
    CONNECTION_LOST,
    CONNECTION_REFUSED,
    CONNECTION_TIMED_OUT,
    DNS_UNAVAILABLE,
    HOST_UNKNOWN,
    HOST_UNREACHABLE,
    HeadraceError,
    Kind,
)

_UNKNOWN = {socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY}

_BY_ERRNO: dict[int | None, tuple[Kind, str]] = {
    errno.ECONNREFUSED: (CONNECTION_REFUSED, "the connection was refused"),
    errno.ETIMEDOUT: (CONNECTION_TIMED_OUT, "there was no answer"),
    errno.EHOSTUNREACH: (HOST_UNREACHABLE, "there is no route to the host"),
    errno.ENETUNREACH: (HOST_UNREACHABLE, "there is no route to the network"),
    errno.EADDRNOTAVAIL: (HOST_UNREACHABLE, "this machine has no address of that family"),
    errno.EAFNOSUPPORT: (HOST_UNREACHABLE, "this machine has no address of that family"),
    errno.EACCES: (HOST_UNREACHABLE, "this machine's firewall forbids it"),
    errno.EPERM: (HOST_UNREACHABLE, "this machine's firewall forbids it"),
    errno.ECONNRESET: (CONNECTION_LOST, "the connection was reset"),
}


class Deadline:
    """A moment by which something must have ended, however slowly a server answers."""

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
                raise HeadraceError(
                    CONNECTION_TIMED_OUT,
                    f"{what} had not ended after {self.seconds:g} seconds.",
                    hint="The server accepts connections but answers too slowly or not at all: "
                    "check the port, and the database's load.",
                ) from error
            raise
        finally:
            timer.cancel()
            timer.join()
            watched.close()


@dataclass(frozen=True)
class Address:
    """A resolved address: what `socket.connect` takes, and how people write it."""

    family: socket.AddressFamily
    sockaddr: tuple[Any, ...]

    def __str__(self) -> str:
        return str(self.sockaddr[0])


def resolve(host: str, port: int, deadline: Deadline) -> tuple[Address, ...]:
    """The host's addresses, in the order in which to try them (RFC 6724).

    Raises HOST_UNKNOWN if there is no such name, DNS_UNAVAILABLE if nobody can tell.
    """
    try:
        found = _within(deadline, host, port)
    except queue.Empty as error:
        raise HeadraceError(
            DNS_UNAVAILABLE, f"Looking up '{host}': the name servers did not answer in time."
        ) from error
    except UnicodeError as error:  # the idna codec: an empty label, or one too long
        raise HeadraceError(
            HOST_UNKNOWN, f"Looking up '{host}': this can't be the name of a host."
        ) from error
    except socket.gaierror as error:
        if error.errno in _UNKNOWN:
            raise HeadraceError(
                HOST_UNKNOWN, f"Looking up '{host}': there is no such host."
            ) from error
        raise HeadraceError(
            DNS_UNAVAILABLE, f"Looking up '{host}': the name servers could not be asked."
        ) from error
    except OSError as error:
        raise HeadraceError(
            DNS_UNAVAILABLE, f"Looking up '{host}': this machine could not ask."
        ) from error
    return tuple(dict.fromkeys(Address(family, sockaddr) for family, _, _, _, sockaddr in found))


def dial(addresses: Sequence[Address], deadline: Deadline) -> tuple[socket.socket, Address]:
    """Connect to the first address that answers; each gets a fair part of the time left.

    The socket has no time-out of its own; what is done over it is held to the deadline by
    `Deadline.enforced`.

    Raises CONNECTION_REFUSED, CONNECTION_TIMED_OUT, HOST_UNREACHABLE or CONNECTION_LOST, as the
    last address did.
    """
    failure: HeadraceError | None = None
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        try:
            return _connected(address, deadline.remaining / left), address
        except OSError as error:
            failure = _translated(error, address)
    if failure is None:
        raise HeadraceError(HOST_UNKNOWN, "The host has no address.")
    raise failure


def _within(deadline: Deadline, host: str, port: int) -> list[Any]:
    """`getaddrinfo`, which has no time-out of its own, in a thread that nobody waits for."""
    answers: queue.SimpleQueue[list[Any] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    answer = answers.get(timeout=deadline.remaining)
    if isinstance(answer, Exception):
        raise answer
    return answer


def _connected(address: Address, seconds: float) -> socket.socket:
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(address.sockaddr)
        sock.settimeout(None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def _translated(error: OSError, address: Address) -> HeadraceError:
    # A socket's own time-out carries no errno.
    number = errno.ETIMEDOUT if isinstance(error, TimeoutError) else error.errno
    name = errno.errorcode.get(number or 0, "unknown error")
    kind, reason = _BY_ERRNO.get(number, (HOST_UNREACHABLE, f"the system said {name}"))
    where = f"{address} port {address.sockaddr[1]}"
    failure = HeadraceError(kind, f"Connecting to {where}: {reason}.")
    failure.__cause__ = error
    return failure


def _break(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the connection has ended by itself
