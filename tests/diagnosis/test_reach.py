"""The outer layers of the test: what each finds, and what it says to do."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from devservers.ports import free_port
from headrace.connections import PostgresConnection
from headrace.diagnosis import reach
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.network import Network
from headrace.diagnosis.reach import Reach
from headrace.errors import (
    CONNECTION_REFUSED,
    CONNECTION_RESET,
    CONNECTION_TIMED_OUT,
    HeadraceError,
    Kind,
)
from headrace.model import Layer
from tests.conftest import LOCAL
from tests.diagnosis import impostors

EGRESS = Network(allowed=LOCAL.allowed, egress=(ip_address("198.51.100.7"),))


def found(host: str, port: int, network: Network = LOCAL) -> dict[Layer, str]:
    """What each layer found; raises as the first that failed."""
    connection = PostgresConnection(host=host, port=port, database="d", user="u")
    reached = Reach(connection, network, Deadline(0.5))
    try:
        return {layer: step().found for layer, step in reached.steps.items()}
    finally:
        reached.close()


def test_an_address() -> None:
    with impostors.listening(impostors.silent) as port:
        assert found("127.0.0.1", port) == {
            Layer.ADDRESS: f"'127.0.0.1' port {port} may be connected to.",
            Layer.DNS: "'127.0.0.1' is an address itself.",
            Layer.TCP: f"Port {port} of 127.0.0.1 accepts connections.",
        }
        assert "another spelling of 127.0.0.1" in found("127.1", port)[Layer.DNS]


def test_a_name_with_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(_: str, port: int, **__: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
            for ip in ("127.0.0.3", "127.0.0.2")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with impostors.listening(impostors.silent, "127.0.0.2") as port:
        layers = found("db.example", port)
    assert layers[Layer.DNS] == "'db.example' stands for 127.0.0.3; 127.0.0.2 if that fails."
    assert "127.0.0.2 accepts" in layers[Layer.TCP]  # the one that was used


@pytest.mark.parametrize(
    ("conversation", "kind"),
    [(None, CONNECTION_REFUSED), (impostors.resets, CONNECTION_RESET)],
)
def test_refused_differs_from_reset(
    monkeypatch: pytest.MonkeyPatch, conversation: Any, kind: Kind
) -> None:
    monkeypatch.setattr(reach, "_LITTLE", 20)  # this machine may be busy
    with pytest.raises(HeadraceError) as caught:
        if conversation is None:
            found("127.0.0.1", free_port())
        else:
            with impostors.listening(conversation) as port:
                found("127.0.0.1", port, EGRESS)
    assert caught.value.kind is kind
    assert ("198.51.100.7" in caught.value.hint) == (kind is CONNECTION_RESET)


def test_filtered_is_told_which_address_to_let_in() -> None:
    with impostors.filtered() as port, pytest.raises(HeadraceError) as caught:
        found("127.0.0.1", port, EGRESS)
    assert caught.value.kind is CONNECTION_TIMED_OUT
    assert "198.51.100.7" in caught.value.hint


def test_a_server_that_speaks_first_is_no_reset() -> None:
    with impostors.listening(lambda client: client.sendall(b"SSH-2.0-x\r\n")) as port:
        assert Layer.TCP in found("127.0.0.1", port)
