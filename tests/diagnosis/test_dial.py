"""Connecting to addresses that were judged."""

from __future__ import annotations

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


def test_the_next_address_is_tried() -> None:
    with listening(silent) as port:
        sock, address = dial([loopback(free_port()), loopback(port)], LOCAL, Deadline(5))
        sock.close()
    assert address == loopback(port)


def test_packets_that_are_dropped_end_at_the_deadline() -> None:
    with filtered() as port:
        assert refusal(loopback(port), seconds=0.3).kind is CONNECTION_TIMED_OUT


def test_who_is_filtered_is_told_which_address_to_let_in() -> None:
    egress = (ip_address("198.51.100.7"), ip_address("2001:db8::7"))
    with filtered() as port:
        error = refusal(loopback(port), Network(egress=egress), seconds=0.3)
    assert "198.51.100.7 and 2001:db8::7" in error.hint


def test_no_route() -> None:
    broadcast = Address(socket.AF_INET, ("255.255.255.255", 5432))  # TCP can't go there
    assert refusal(broadcast).kind is HOST_UNREACHABLE


def test_a_server_that_vanishes_is_noticed() -> None:
    with listening(silent) as port:
        sock, _ = dial([loopback(port)], LOCAL, Deadline(5))
        with sock:
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert sock.gettimeout() is None
