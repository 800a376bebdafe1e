"""Dialling: every TCP connection of the project to a database is made here, to judged addresses."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.network import Network
from headrace.diagnosis.resolve import Address
from headrace.errors import (
    CONNECTION_REFUSED,
    CONNECTION_RESET,
    CONNECTION_TIMED_OUT,
    HOST_UNKNOWN,
    HOST_UNREACHABLE,
    HeadraceError,
    Kind,
)

BY_ERRNO: dict[int | None, tuple[Kind, str]] = {
    errno.ECONNREFUSED: (CONNECTION_REFUSED, "the connection was refused"),
    errno.ETIMEDOUT: (CONNECTION_TIMED_OUT, "there was no answer"),
    errno.EHOSTUNREACH: (HOST_UNREACHABLE, "there is no route to the host"),
    errno.ENETUNREACH: (HOST_UNREACHABLE, "there is no route to the network"),
    errno.EADDRNOTAVAIL: (HOST_UNREACHABLE, "this machine has no address of that family"),
    errno.EAFNOSUPPORT: (HOST_UNREACHABLE, "this machine has no address of that family"),
    errno.EACCES: (HOST_UNREACHABLE, "this machine's firewall forbids it"),
    errno.EPERM: (HOST_UNREACHABLE, "this machine's firewall forbids it"),
    errno.ECONNRESET: (CONNECTION_RESET, "the connection was reset"),
}

# A name may have any number of addresses; no client tries them all.
MOST_ADDRESSES = 8

_IPV6_ALONE = (
    "The host has IPv6 addresses alone, to which this machine has no route. Ask the provider for a "
    "name with an IPv4 address (Supabase: the one of the pooler), or give this machine IPv6."
)

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


@dataclass(frozen=True)
class Dialled:
    """A connected socket, the address that answered, and what those tried before it did."""

    sock: socket.socket
    address: Address
    failures: tuple[str, ...] = ()


def dial(addresses: Sequence[Address], network: Network, deadline: Deadline) -> Dialled:
    """Connect to the first address that answers, of the first `MOST_ADDRESSES`.

    Each gets a fair part of the time left. The socket has no time-out of its own; what is done
    over it is held to the deadline by `Deadline.enforced`.

    Raises CONNECTION_REFUSED, CONNECTION_TIMED_OUT, HOST_UNREACHABLE or CONNECTION_RESET. Of
    several addresses it is the last one's, since the system puts the likelier first; but one that
    this machine has no way to says less than any other.
    """
    failures: list[_Failure] = []
    tried = addresses[:MOST_ADDRESSES]
    for left, address in zip(range(len(tried), 0, -1), tried, strict=True):
        try:
            sock = _connected(address, deadline.remaining / left)
        except OSError as error:
            failures.append(_failure(error, address))
        else:
            return Dialled(sock, address, tuple(map(str, failures)))
    if not failures:
        raise HeadraceError(HOST_UNKNOWN, "The host has no address.")
    raise _error(failures, network) from failures[-1].cause


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


@dataclass(frozen=True)
class _Failure:
    """What became of one address."""

    address: Address
    kind: Kind
    reason: str
    cause: OSError

    def __str__(self) -> str:
        return f"{self.address} port {self.address.port}: {self.reason}"


def _failure(error: OSError, address: Address) -> _Failure:
    # A socket's own time-out carries no errno.
    number = errno.ETIMEDOUT if isinstance(error, TimeoutError) else error.errno
    name = errno.errorcode.get(number or 0, "unknown error")
    kind, reason = BY_ERRNO.get(number, (HOST_UNREACHABLE, f"the system said {name}"))
    return _Failure(address, kind, reason, error)


def _error(failures: Sequence[_Failure], network: Network) -> HeadraceError:
    kind = next(
        (failure.kind for failure in reversed(failures) if failure.kind is not HOST_UNREACHABLE),
        HOST_UNREACHABLE,
    )
    hint = copy = None
    if kind in (CONNECTION_TIMED_OUT, CONNECTION_RESET):
        hint, copy = network.advice_to_let_in(), network.to_let_in()
    elif kind is HOST_UNREACHABLE and all(f.address.family == socket.AF_INET6 for f in failures):
        hint = _IPV6_ALONE
    listed = "; ".join(map(str, failures))
    return HeadraceError(kind, f"Connecting to {listed}.", hint=hint, copy=copy)
