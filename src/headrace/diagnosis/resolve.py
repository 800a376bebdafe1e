"""From a host to addresses that may be dialled. There is no other way to them.

A name is looked up once, all that is found is judged, and the connection goes to what was judged:
a DNS answer that changes a moment later changes nothing.
"""

from __future__ import annotations

import queue
import socket
import threading
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from headrace.diagnosis.addresses import Ip, literal, plain_name
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.names import LOCALHOST_NAMES, guess
from headrace.diagnosis.network import Network
from headrace.errors import (
    DNS_UNAVAILABLE,
    HOST_UNKNOWN,
    HOST_WITHOUT_ADDRESS,
    Field,
    HeadraceError,
    Kind,
)

_WITHOUT_ADDRESS = (HOST_WITHOUT_ADDRESS, "the name exists, but no address is given for it")
BY_EAI: dict[int, tuple[Kind, str]] = {
    socket.EAI_NONAME: (HOST_UNKNOWN, "there is no such host"),
    socket.EAI_NODATA: _WITHOUT_ADDRESS,
    socket.EAI_ADDRFAMILY: _WITHOUT_ADDRESS,
}


@dataclass(frozen=True)
class Address:
    """A judged address: what `socket.connect` takes, and how people write it."""

    family: socket.AddressFamily
    sockaddr: tuple[Any, ...]

    @classmethod
    def of(cls, ip: Ip, port: int) -> Address:
        return cls(socket.AF_INET if ip.version == 4 else socket.AF_INET6, (str(ip), port))

    @property
    def ip(self) -> Ip:
        return ip_address(self.sockaddr[0].partition("%")[0])  # the zone is told apart in front

    @property
    def port(self) -> int:
        return int(self.sockaddr[1])

    def __str__(self) -> str:
        return str(self.sockaddr[0])


def resolve(host: str, port: int, network: Network, deadline: Deadline) -> tuple[Address, ...]:
    """The host's addresses, in the order in which to try them (RFC 6724).

    Raises ADDRESS_INVALID, ADDRESS_REFUSED and PORT_REFUSED as the network says, HOST_UNKNOWN if
    there is no such name, HOST_WITHOUT_ADDRESS if it stands for none, DNS_UNAVAILABLE if nobody
    can tell.
    """
    network.admit(host, port)
    if (ip := literal(host)) is not None:
        return (Address.of(ip, port),)
    found = tuple(dict.fromkeys(_looked_up(host, port, network, deadline)))
    network.judge(host, [address.ip for address in found])
    return found


def _looked_up(host: str, port: int, network: Network, deadline: Deadline) -> list[Address]:
    what = f"Looking up '{host}'"
    try:
        found = _within(deadline, host, port)
    except queue.Empty as error:
        raise HeadraceError(
            DNS_UNAVAILABLE, f"{what}: the name servers did not answer in time."
        ) from error
    except socket.gaierror as error:
        if known := BY_EAI.get(error.errno or 0):
            raise _unknown(known, host, network) from error
        raise HeadraceError(
            DNS_UNAVAILABLE, f"{what}: the name servers could not be asked."
        ) from error
    except OSError as error:
        raise HeadraceError(DNS_UNAVAILABLE, f"{what}: this machine could not ask.") from error
    return [Address(family, sockaddr) for family, _, _, _, sockaddr in found]


def _unknown(failure: tuple[Kind, str], host: str, network: Network) -> HeadraceError:
    kind, reason = failure
    probably = guess(plain_name(host))
    reachable = probably.suggestion not in LOCALHOST_NAMES or network.opens_loopback
    suggestion = probably.suggestion if reachable else None
    return HeadraceError(
        kind,
        f"Looking up '{host}': {reason}.",
        hint=probably.hint,
        fields=[Field("connection.host", kind.title, suggestion)],
    )


def _within(deadline: Deadline, host: str, port: int) -> list[Any]:
    """`getaddrinfo`, which has no time-out of its own, in a thread that nobody waits for."""
    answers: queue.SimpleQueue[list[Any] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    answer = answers.get(timeout=deadline.remaining)
    if isinstance(answer, Exception):
        raise answer
    return answer
