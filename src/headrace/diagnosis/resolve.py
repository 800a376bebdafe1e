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

from headrace.diagnosis.addresses import Ip, literal
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.network import Network
from headrace.errors import DNS_UNAVAILABLE, HOST_UNKNOWN, HeadraceError

# A name may have any number of addresses; no client tries them all.
_MOST_ADDRESSES = 8

_UNKNOWN = {
    socket.EAI_NONAME: "there is no such host",
    socket.EAI_NODATA: "the name exists, but no address is given for it",
    socket.EAI_ADDRFAMILY: "the name exists, but no address is given for it",
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

    def __str__(self) -> str:
        return str(self.sockaddr[0])


def resolve(host: str, port: int, network: Network, deadline: Deadline) -> tuple[Address, ...]:
    """The host's addresses, in the order in which to try them (RFC 6724).

    Raises ADDRESS_INVALID, ADDRESS_REFUSED and PORT_REFUSED as the network says, HOST_UNKNOWN if
    there is no such name, DNS_UNAVAILABLE if nobody can tell.
    """
    network.admit(host, port)
    if (ip := literal(host)) is not None:
        return (Address.of(ip, port),)
    found = tuple(dict.fromkeys(_looked_up(host, port, deadline)))
    network.judge(host, [address.ip for address in found])
    return found[:_MOST_ADDRESSES]


def _looked_up(host: str, port: int, deadline: Deadline) -> list[Address]:
    what = f"Looking up '{host}'"
    try:
        found = _within(deadline, host, port)
    except queue.Empty as error:
        raise HeadraceError(
            DNS_UNAVAILABLE, f"{what}: the name servers did not answer in time."
        ) from error
    except socket.gaierror as error:
        if reason := _UNKNOWN.get(error.errno or 0):
            raise HeadraceError(HOST_UNKNOWN, f"{what}: {reason}.") from error
        raise HeadraceError(
            DNS_UNAVAILABLE, f"{what}: the name servers could not be asked."
        ) from error
    except OSError as error:
        raise HeadraceError(DNS_UNAVAILABLE, f"{what}: this machine could not ask.") from error
    return [Address(family, sockaddr) for family, _, _, _, sockaddr in found]


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
