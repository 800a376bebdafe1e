"""Dialling: every TCP connection of the project to a database is made here, to judged addresses."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence

from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.network import Network
from headrace.diagnosis.resolve import Address
from headrace.errors import (
    CONNECTION_LOST,
    CONNECTION_REFUSED,
    CONNECTION_TIMED_OUT,
    HOST_UNKNOWN,
    HOST_UNREACHABLE,
    HeadraceError,
    Kind,
)

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

# A server that has vanished is noticed after two and a half minutes, also while it says nothing
# because it works for long. macOS has no TCP_KEEPIDLE.
_KEEPALIVE = [
    (level, getattr(socket, name), value)
    for level, name, value in (
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 60),
        (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 15),
        (socket.IPPROTO_TCP, "TCP_KEEPCNT", 6),
        (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
    )
    if hasattr(socket, name)
]


def dial(
    addresses: Sequence[Address], network: Network, deadline: Deadline
) -> tuple[socket.socket, Address]:
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
            failure = _translated(error, address, network)
    if failure is None:
        raise HeadraceError(HOST_UNKNOWN, "The host has no address.")
    raise failure


def hung_up(sock: socket.socket, seconds: float) -> bool:
    """Whether the other side ends the connection within so many seconds, without a word."""
    sock.settimeout(seconds)
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return False
    except OSError:
        return True
    finally:
        sock.settimeout(None)


def _connected(address: Address, seconds: float) -> socket.socket:
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(address.sockaddr)
        sock.settimeout(None)
        for level, option, value in _KEEPALIVE:
            sock.setsockopt(level, option, value)
    except BaseException:
        sock.close()
        raise
    return sock


def _translated(error: OSError, address: Address, network: Network) -> HeadraceError:
    # A socket's own time-out carries no errno.
    number = errno.ETIMEDOUT if isinstance(error, TimeoutError) else error.errno
    name = errno.errorcode.get(number or 0, "unknown error")
    kind, reason = _BY_ERRNO.get(number, (HOST_UNREACHABLE, f"the system said {name}"))
    failure = HeadraceError(
        kind,
        f"Connecting to {address} port {address.sockaddr[1]}: {reason}.",
        hint=network.advice_to_let_in() if kind is CONNECTION_TIMED_OUT else None,
    )
    failure.__cause__ = error
    return failure
