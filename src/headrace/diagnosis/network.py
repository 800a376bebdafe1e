"""Where a deployment may dial: what its operator decided."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from headrace.diagnosis.addresses import (
    METADATA_NAMES,
    Ip,
    IpNetwork,
    literal,
    openable,
    permitted,
    plain_name,
)
from headrace.diagnosis.names import LOCALHOST_NAMES
from headrace.errors import ADDRESS_INVALID, ADDRESS_REFUSED, PORT_REFUSED, Field, HeadraceError

UNPRIVILEGED_PORTS = range(1024, 65536)

_LOCALHOST = (
    "'{host}' is the machine that runs this service, not the one at which you sit. Enter the "
    "name by which other machines reach the database."
)

_PRIVATE = (
    "Enter the database's public name, if it has one. For a database in a private network, "
    "whoever runs this service adds that network to HEADRACE_ALLOWED_NETWORKS."
)


@dataclass(frozen=True)
class Network:
    """The networks beside the public internet that may be dialled, the ports, and who dials.

    `egress` are the addresses from which this deployment connects, if they are known: those that
    a database's firewall has to let in. `instances` is where those of Cloud SQL are looked up.
    `bigquery` is what stands for BigQuery in tests, by the addresses of its REST and its gRPC API.
    """

    allowed: tuple[IpNetwork, ...] = ()
    ports: tuple[range, ...] = (UNPRIVILEGED_PORTS,)
    egress: tuple[Ip, ...] = ()
    instances: str = "https://sqladmin.googleapis.com"
    bigquery: str = ""

    def admit(self, host: str, port: int) -> None:
        """Judge what can be judged without looking the host up.

        Raises ADDRESS_INVALID, ADDRESS_REFUSED or PORT_REFUSED.
        """
        what = f"Checking '{host}' port {port}"
        try:
            name, address = plain_name(host), literal(host)
        except UnicodeError as error:
            message = "a host's name has parts of 1 to 63 characters between its dots"
            meant = re.sub(r"\.{2,}", ".", host).strip(".")
            raise HeadraceError(
                ADDRESS_INVALID,
                f"{what}: {message}.",
                fields=[Field("connection.host", message, meant if _is_name(meant) else None)],
            ) from error
        if name in METADATA_NAMES or (_is_localhost(name) and not self.opens_loopback):
            raise refused(host)
        if address is not None and not permitted(address, self.allowed):
            raise refused(host)
        if not any(port in ports for ports in self.ports):
            raise HeadraceError(
                PORT_REFUSED,
                f"{what}: this service connects to the ports {shown_ports(self.ports)} alone.",
            )

    def judge(self, host: str, addresses: Iterable[Ip]) -> None:
        """Raises ADDRESS_REFUSED if a name has a single address that may not be dialled.

        The error is the same whatever lies behind the address, and nothing was sent there.
        """
        if not all(permitted(address, self.allowed) for address in addresses):
            raise HeadraceError(
                ADDRESS_REFUSED,
                f"Looking up '{host}': the name stands for a private address, or for another one "
                "to which this service does not connect.",
                hint=_PRIVATE,
            )

    def advice_to_let_in(self) -> str | None:
        """What to tell a firewall's administrator; None if nobody said from where we dial."""
        if not self.egress:
            return None
        listed = " and ".join(map(str, self.egress))
        return f"Allow connections from {listed} in the database's firewall or security group."

    def to_let_in(self) -> str | None:
        """The addresses of that advice alone, to be copied."""
        return ", ".join(map(str, self.egress)) or None

    @property
    def opens_loopback(self) -> bool:
        return any(permitted(ip_address(text), self.allowed) for text in ("127.0.0.1", "::1"))


def refused(host: str) -> HeadraceError:
    """One text for every refused address, so that it tells nothing of what is there."""
    local = _is_localhost(plain_name(host)) or str(literal(host)) in ("127.0.0.1", "::1")
    return HeadraceError(
        ADDRESS_REFUSED,
        f"Checking '{host}': this service does not connect to that address.",
        hint=_LOCALHOST.format(host=host) if local else None,
    )


def _is_localhost(name: str) -> bool:
    return name in LOCALHOST_NAMES or name.endswith(".localhost")


def _is_name(text: str) -> bool:
    try:
        return bool(plain_name(text))
    except UnicodeError:
        return False


def parse_networks(text: str) -> tuple[IpNetwork, ...]:
    """Networks such as `10.0.0.0/8, fd12:3456::/32`. Raises ValueError naming the wrong one."""
    networks = []
    for part in _parts(text):
        try:
            network = ip_network(part)
        except ValueError:
            raise ValueError(f"'{part}' is not written like 10.0.0.0/8") from None
        if not openable(network):
            raise ValueError(
                f"'{part}' is not a part of a private or loopback range; public addresses are "
                "allowed anyway, and others never"
            )
        networks.append(network)
    return tuple(networks)


def parse_ports(text: str) -> tuple[range, ...]:
    """Ports such as `443, 1024-65535`. Raises ValueError naming the wrong part."""
    ports = []
    for part in _parts(text):
        first, dash, last = part.partition("-")
        try:
            chosen = range(int(first), int(last if dash else first) + 1)
        except ValueError:
            raise ValueError(f"'{part}' is not written like 5432 or 1024-65535") from None
        if not chosen or chosen[0] < 1 or chosen[-1] > 65535:
            raise ValueError(f"'{part}' does not lie between 1 and 65535")
        ports.append(chosen)
    if not ports:
        raise ValueError("no port is named")
    return tuple(ports)


def parse_addresses(text: str) -> tuple[Ip, ...]:
    """Addresses with commas between them. Raises ValueError naming the wrong one."""
    return tuple(ip_address(part) for part in _parts(text))


def shown_ports(ports: Iterable[range]) -> str:
    """The ports as `parse_ports` reads them."""
    return ", ".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in ports)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
