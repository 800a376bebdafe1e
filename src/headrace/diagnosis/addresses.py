"""Which addresses a deployment may dial at all: the special ranges, and what hides inside others.

The ranges are those of the IANA registries of special-purpose addresses (RFC 6890 and its
updates), written down here because `ipaddress` judges some of them differently from one Python to
the next, and takes the metadata services of two clouds for public ones.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Ip = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[IpNetwork, ...]:
    return tuple(ip_network(text) for text in texts)


LOOPBACK = _networks("127.0.0.0/8", "::1/128")
PRIVATE = _networks(
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",  # between a carrier and its customers (RFC 6598)
    "fc00::/7",
)
# Closed unless an operator opens them. The last two are no private ranges, but some networks use
# them as such (Google Cloud, "VPC subnets", valid IPv4 ranges).
OPENABLE = (*LOOPBACK, *PRIVATE, *_networks("198.18.0.0/15", "240.0.0.0/4"))

# Never dialled. Metadata services hand out a machine's credentials to whoever asks from it.
_METADATA = _networks(
    "169.254.169.254/32",  # most clouds
    "fd00:ec2::/32",  # Amazon's, which holds fd00:ec2::254
    "fd20:ce::254/128",  # Google
    "192.0.0.192/32",  # Oracle
    "168.63.129.16/32",  # Azure
    "100.100.100.200/32",  # Alibaba
)
_NEVER = (
    *_METADATA,
    *_networks(
        "0.0.0.0/8",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "255.255.255.255/32",
        # NAT64 with prefixes of a network's own: where the IPv4 address stands in them is for
        # that network alone to know (RFC 8215), so it can't be judged.
        "64:ff9b:1::/48",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ),
)
# All IPv6 addresses that were ever given out for use in the internet (RFC 4291, section 2.4).
_GLOBAL_UNICAST = IPv6Network("2000::/3")

_LOW_32_BITS = _networks(
    "::/96",  # IPv4-compatible
    "::ffff:0:0/96",  # IPv4-mapped
    "::ffff:0:0:0/96",  # IPv4-translated
    "64:ff9b::/96",  # NAT64 (RFC 6052)
)

METADATA_NAMES = {
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "metadata.azure.internal",
    "instance-data",
    "instance-data.ec2.internal",
}


def permitted(address: Ip, opened: Iterable[IpNetwork] = ()) -> bool:
    """Whether the address, and each IPv4 address inside it, is a public or an opened one."""
    if isinstance(address, IPv6Address) and (inner := _inside(address)):
        return all(permitted(one, opened) for one in inner)
    if _within(address, _NEVER):
        return False
    if _within(address, OPENABLE):
        return _within(address, opened)
    return address.version == 4 or address in _GLOBAL_UNICAST


def openable(network: IpNetwork) -> bool:
    """Whether an operator may open the network: it lies within one range that is closed."""
    return any(
        network.subnet_of(closed)  # type: ignore[arg-type]
        for closed in OPENABLE
        if closed.version == network.version
    )


def literal(host: str) -> Ip | None:
    """The address that a host is, in whatever spelling; None for a name.

    Spellings are those that the system's resolver reads: `127.1`, `0x7f.1`, `017700000001`,
    `2130706433`, each also with a dot at the end, and IPv6 with brackets or a zone.
    """
    text = plain_name(host)
    try:
        return IPv6Address(text.removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        pass
    try:
        # inet_aton ignores whatever follows a space.
        plain = text.isprintable() and " " not in text
        return IPv4Address(socket.inet_aton(text)) if plain else None
    except OSError:
        return None


def plain_name(host: str) -> str:
    """The name as it is looked up: in ASCII, in lower case, without the dot at the end.

    Raises UnicodeError if it can't be a host's name: a label is empty or too long.
    """
    return host.encode("idna").decode("ascii").lower().removesuffix(".")


def _inside(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address stands for, or leads to on its way."""
    if address.sixtofour:
        return (address.sixtofour,)
    if address.teredo:
        return address.teredo
    if _within(address, _LOW_32_BITS) and int(address) > 1:  # :: and ::1 are themselves
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


def _within(address: Ip, networks: Iterable[IpNetwork]) -> bool:
    return any(address in network for network in networks)
