"""Looking a host up and connecting to it."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from devservers.ports import free_port
from headrace.diagnosis.dial import Address, Deadline, dial, resolve
from headrace.errors import (
    CONNECTION_REFUSED,
    CONNECTION_TIMED_OUT,
    DNS_UNAVAILABLE,
    HOST_UNKNOWN,
    HOST_UNREACHABLE,
    HeadraceError,
)
from tests.diagnosis.impostors import listening, silent


def loopback(port: int) -> Address:
    return Address(socket.AF_INET, ("127.0.0.1", port))


def test_an_address_stands_for_itself() -> None:
    assert resolve("127.0.0.1", 5432, Deadline(5)) == (loopback(5432),)


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example", "-", "\N{SNOWMAN}..example"])
def test_what_can_be_no_host_is_unknown(host: str) -> None:
    with pytest.raises(HeadraceError) as caught:
        resolve(host, 5432, Deadline(5))
    assert caught.value.kind is HOST_UNKNOWN
    assert host in caught.value.detail


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (socket.EAI_NONAME, HOST_UNKNOWN),
        (socket.EAI_NODATA, HOST_UNKNOWN),
        (socket.EAI_AGAIN, DNS_UNAVAILABLE),
        (socket.EAI_FAIL, DNS_UNAVAILABLE),
    ],
)
def test_unknown_differs_from_unanswered(
    monkeypatch: pytest.MonkeyPatch, code: int, kind: object
) -> None:
    def answer(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(code, "text of the C library")

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(HeadraceError) as caught:
        resolve("db.example", 5432, Deadline(5))
    assert caught.value.kind is kind


def test_name_servers_that_do_not_answer_end_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait())
    try:
        with pytest.raises(HeadraceError) as caught:
            resolve("db.example", 5432, Deadline(0.05))
        assert caught.value.kind is DNS_UNAVAILABLE
    finally:
        never.set()


def test_nothing_listens() -> None:
    with pytest.raises(HeadraceError) as caught:
        dial([loopback(free_port())], Deadline(5))
    assert caught.value.kind is CONNECTION_REFUSED


def test_the_next_address_is_tried() -> None:
    with listening(silent) as port:
        sock, address = dial([loopback(free_port()), loopback(port)], Deadline(5))
        sock.close()
    assert address == loopback(port)


def test_packets_that_are_dropped_end_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        here = loopback(server.getsockname()[1])
        queued = [socket.socket() for _ in range(4)]  # they fill the queue; nobody accepts
        for sock in queued:
            sock.setblocking(False)
            sock.connect_ex(here.sockaddr)
        with pytest.raises(HeadraceError) as caught:
            dial([here], Deadline(0.3))
        for sock in queued:
            sock.close()
    assert caught.value.kind is CONNECTION_TIMED_OUT


def test_no_route() -> None:
    broadcast = Address(socket.AF_INET, ("255.255.255.255", 5432))  # TCP can't go there
    with pytest.raises(HeadraceError) as caught:
        dial([broadcast], Deadline(5))
    assert caught.value.kind is HOST_UNREACHABLE
