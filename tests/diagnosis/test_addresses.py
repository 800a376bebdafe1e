"""Which addresses may be dialled, in whatever spelling and wrapping they come."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headrace.diagnosis.addresses import LOOPBACK, OPENABLE, PRIVATE, literal, openable, permitted

NEVER = [
    "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.170.2", "192.0.0.192", "168.63.129.16",
    "100.100.100.200", "192.0.2.1", "198.51.100.7", "203.0.113.7", "192.88.99.1", "224.0.0.1",
    "239.255.255.255", "255.255.255.255",
    "::", "fe80::1", "fec0::1", "ff02::1", "fd00:ec2::254", "fd20:ce::254", "2001:db8::1",
    "3fff::1", "2001:10::1", "100::1", "5f00::1", "4000::1", "64:ff9b:1::8.8.8.8",
]  # fmt: skip
IF_OPENED = [
    "127.0.0.1", "127.255.255.254", "::1", "10.0.0.1", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "100.64.0.1", "198.18.0.1", "240.0.0.1", "fc00::1", "fd12:3456::1",
]  # fmt: skip
PUBLIC = [
    "8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1",
    "192.0.1.1", "168.63.129.17", "2600::1", "2a00:1450::5",
]  # fmt: skip

CARRY_IPV4 = [
    "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "2002::/16", "2001::/32",
]  # fmt: skip


# Texts near to addresses, and any others.
TEXTS = st.text("0123456789abcdefxX.:%[]- ", max_size=40) | st.text(max_size=40)


def wrapped(ip: IPv4Address) -> list[IPv6Address]:
    """IPv6 addresses that lead to the IPv4 address."""
    number = int(ip)
    return [
        IPv6Address(f"::ffff:{ip}"),
        IPv6Address(number if number > 1 else 0xFFFF_0000_0000 + number),
        IPv6Address(f"::ffff:0:{ip}"),
        IPv6Address(f"64:ff9b::{ip}"),
        IPv6Address((0x2002 << 112) | (number << 80) | 1),
        IPv6Address(
            (0x2001_0000 << 96) | (number << 64) | (0xFFFFFFFF ^ int(IPv4Address("8.8.8.8")))
        ),
        IPv6Address((0x2001_0000 << 96) | (0x08080808 << 64) | (0xFFFFFFFF ^ number)),
    ]


def spelled(ip: IPv4Address) -> st.SearchStrategy[str]:
    """Every way in which inet_aton lets an address be written."""
    number = int(ip)

    def written(value: int) -> st.SearchStrategy[str]:
        return st.sampled_from(
            [str(value), f"0{value:o}", f"0x{value:x}", f"0X{value:X}", f"0x000{value:x}"]
        )

    def parts(count: int) -> st.SearchStrategy[str]:
        first = [number >> (24 - 8 * n) & 0xFF for n in range(count - 1)]
        last = number & ((1 << (8 * (5 - count))) - 1)
        return st.tuples(*map(written, [*first, last])).map(".".join)

    return st.integers(1, 4).flatmap(parts)


@pytest.mark.parametrize("text", NEVER)
def test_never(text: str) -> None:
    assert not permitted(ip_address(text), [*OPENABLE, ip_network("0.0.0.0/0"), ip_network("::/0")])


@pytest.mark.parametrize("text", IF_OPENED)
def test_only_if_an_operator_opens_it(text: str) -> None:
    assert not permitted(ip_address(text))
    assert permitted(ip_address(text), [ip_network(text)])


@pytest.mark.parametrize("text", PUBLIC)
def test_public(text: str) -> None:
    assert permitted(ip_address(text))


@pytest.mark.parametrize("text", [t for t in NEVER + IF_OPENED if "." in t and ":" not in t])
def test_ipv4_inside_ipv6_is_judged_as_itself(text: str) -> None:
    for outer in wrapped(IPv4Address(text)):
        assert not permitted(outer), outer
    opened = [ip_network(text)]
    assert {permitted(outer, opened) for outer in wrapped(IPv4Address(text))} == {text in IF_OPENED}


@pytest.mark.parametrize(
    "text",
    [
        "::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",  # 6to4
        "2001:0:a9fe:a9fe::", "2001:0:808:808::5601:5601",  # Teredo: the server, the client
        "2001:0:808:808::80ff:fffe",
        "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::168.63.129.16",
    ],
)  # fmt: skip
def test_each_wrapping_of_a_forbidden_address(text: str) -> None:
    assert not permitted(ip_address(text))


@given(TEXTS)
def test_any_text_is_an_address_a_name_or_neither(text: str) -> None:
    try:
        address = literal(text)
    except UnicodeError:
        return
    if address is not None:
        # What was read is written in one way, which is read as the same.
        assert literal(str(address)) == address
        permitted(address)


@given(st.ip_addresses(v=4))
def test_what_python_holds_for_special_is_closed(ip: IPv4Address) -> None:
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        assert not permitted(ip)
    for outer in wrapped(ip):
        assert permitted(outer) == permitted(ip)


@given(st.ip_addresses(v=6))
def test_ipv6_outside_the_internet_is_closed(ip: IPv6Address) -> None:
    assume(not any(ip in ip_network(carrier) for carrier in CARRY_IPV4))
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_site_local:
        assert not permitted(ip)


@given(st.data(), st.ip_addresses(v=4))
def test_every_spelling_is_read(data: st.DataObject, ip: IPv4Address) -> None:
    spelling = data.draw(spelled(ip))
    assert literal(spelling) == literal(spelling + ".") == ip


@given(st.ip_addresses(v=6), st.sampled_from(["{}", "[{}]", "{}%eth0", "[{}%1]"]))
def test_every_spelling_of_ipv6_is_read(ip: IPv6Address, spelling: str) -> None:
    assert literal(spelling.format(ip.exploded)) == literal(spelling.format(ip)) == ip


@given(TEXTS)
def test_the_systems_own_reading_is_never_another(text: str) -> None:
    try:
        read = literal(text)
    except UnicodeError:
        return  # it is refused as a name
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        assert read == ip_address(packed)
    try:
        packed = socket.inet_aton(text)
    except (OSError, ValueError):
        return
    # inet_aton ignores what follows a space; the resolver does not.
    assert read == IPv4Address(packed) or any(letter.isspace() for letter in text)


@pytest.mark.parametrize(
    ("host", "ip"),
    [
        ("0x7f.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("127.1.", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0X7F.0.0.0x1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("2852039166", "169.254.169.254"),
        ("0xa9.254.43518", "169.254.169.254"),
        ("192.192", "192.0.0.192"),
        ("::ffff:169.254.169.254", "::ffff:169.254.169.254"),
        ("::FFFF:A9FE:A9FE", "::ffff:169.254.169.254"),
        ("0:0:0:0:0:ffff:127.0.0.1", "::ffff:127.0.0.1"),
        ("fd00:ec2:0:0:0:0:0:254", "fd00:ec2::254"),
        ("fe80::1%lo", "fe80::1"),
        ("::1%1", "::1"),
        ("１２７．０．０．１", "127.0.0.1"),
        ("127。0。0。1", "127.0.0.1"),
        ("[::ffff:7f00:1]", "::ffff:7f00:1"),
        ("FE80::1%25eth0", "fe80::1"),
    ],
)
def test_spellings_that_were_used_in_attacks(host: str, ip: str) -> None:
    address = literal(host)
    assert address == ip_address(ip)
    assert not permitted(address)


@pytest.mark.parametrize("host", ["db.example.com", "1.2.3.4.5", "256.1.1.1", "0x", "a.1", "-"])
def test_names_are_no_addresses(host: str) -> None:
    assert literal(host) is None


def test_what_an_operator_may_open() -> None:
    for network in (*LOOPBACK, *PRIVATE, ip_network("10.1.0.0/16"), ip_network("fd12::/32")):
        assert openable(network)
    for text in ("0.0.0.0/0", "::/0", "8.8.8.0/24", "169.254.0.0/16", "10.0.0.0/7"):
        assert not openable(ip_network(text))
