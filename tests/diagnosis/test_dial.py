"""Connecting to addresses that were judged."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address

import pytest

from devservers.ports import free_port
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.dial import dial
from headrace.diagnosis.network import Network
from headrace.diagnosis.resolve import Address
from headrace.errors import (
    CONNECTION_REFUSED,
    CONNECTION_RESET,
    CONNECTION_TIMED_OUT,
    HOST_UNREACHABLE,
    HeadraceError,
)
from tests.conftest import LOCAL
from tests.diagnosis.impostors import filtered, listening, silent


def loopback(port: int) -> Address:
    return Address(socket.AF_INET, ("127.0.0.1", port))


def refusal(address: Address, network: Network = LOCAL, seconds: float = 5) -> HeadraceError:
    with pytest.raises(HeadraceError) as caught:
        dial([address], network, Deadline(seconds))
    return caught.value


def test_nothing_listens() -> None:
    assert refusal(loopback(free_port())).kind is CONNECTION_REFUSED


def test_a_reset_that_is_quicker_than_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of the two comes first is not for us to say; both are what proxies do."""

    def reset(*_: object) -> None:
        raise ConnectionResetError(errno.ECONNRESET, "forged")

    monkeypatch.setattr(socket.socket, "connect", reset)
    egress = Network(allowed=LOCAL.allowed, egress=(ip_address("198.51.100.7"),))
    error = refusal(loopback(1), egress)
    assert error.kind is CONNECTION_RESET
    assert error.copy == "198.51.100.7"


def test_the_next_address_is_tried() -> None:
    with listening(silent) as port:
        closed = loopback(free_port())
        dialled = dial([closed, loopback(port)], LOCAL, Deadline(5))
        dialled.sock.close()
    assert dialled.address == loopback(port)
    assert dialled.failures == (f"127.0.0.1 port {closed.port}: the connection was refused",)


def test_packets_that_are_dropped_end_at_the_deadline() -> None:
    with filtered() as port:
        assert refusal(loopback(port), seconds=0.3).kind is CONNECTION_TIMED_OUT


def test_who_is_filtered_is_told_which_address_to_let_in() -> None:
    egress = (ip_address("198.51.100.7"), ip_address("2001:db8::7"))
    with filtered() as port:
        error = refusal(loopback(port), Network(egress=egress), seconds=0.3)
    assert "198.51.100.7 and 2001:db8::7" in error.hint
    assert error.copy == "198.51.100.7, 2001:db8::7"


def test_no_route() -> None:
    broadcast = Address(socket.AF_INET, ("255.255.255.255", 5432))  # TCP can't go there
    assert refusal(broadcast).kind is HOST_UNREACHABLE


def test_all_that_failed_are_named_and_the_one_with_most_to_say_decides() -> None:
    closed, unreachable = loopback(free_port()), Address(socket.AF_INET, ("255.255.255.255", 5432))
    with filtered() as port:
        dropped = loopback(port)
        for order, kind in (
            ((unreachable, closed), CONNECTION_REFUSED),
            ((closed, unreachable), CONNECTION_REFUSED),
            ((closed, dropped), CONNECTION_TIMED_OUT),
            ((dropped, closed), CONNECTION_REFUSED),
        ):
            with pytest.raises(HeadraceError) as caught:
                dial(order, LOCAL, Deadline(0.5))
            assert caught.value.kind is kind
            for address in order:
                assert f"{address} port {address.port}: " in caught.value.detail


def test_ipv6_alone_without_a_route_is_told_apart() -> None:
    nowhere = Address(socket.AF_INET6, ("ff0e::1", 5432))  # TCP can't go there
    assert "IPv4" in refusal(nowhere).hint


def test_no_more_than_eight_addresses_are_tried() -> None:
    with listening(silent) as port, pytest.raises(HeadraceError) as caught:
        dial([loopback(free_port())] * 8 + [loopback(port)], LOCAL, Deadline(5))
    assert caught.value.kind is CONNECTION_REFUSED


def test_a_server_that_vanishes_is_noticed() -> None:
    with listening(silent) as port, dial([loopback(port)], LOCAL, Deadline(5)).sock as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.gettimeout() is None
