"""The outer layers of the test: what each finds, and what it says to do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import pytest

from devservers.ports import free_port
from headrace.checks import Layer
from headrace.connections import MysqlConnection, PostgresConnection
from headrace.diagnosis import reach
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.network import Network
from headrace.diagnosis.reach import Reach
from headrace.errors import (
    ADDRESS_REFUSED,
    ANSWER_TOO_LONG,
    CONNECTION_LOST,
    CONNECTION_REFUSED,
    CONNECTION_RESET,
    CONNECTION_TIMED_OUT,
    PORT_REFUSED,
    HeadraceError,
    Kind,
)
from headrace.sources import Finding
from tests.conftest import LOCAL
from tests.diagnosis import impostors

EGRESS = Network(allowed=LOCAL.allowed, egress=(ip_address("198.51.100.7"),))

# Answers to PostgreSQL's first question, and to nothing else.
POSTGRES = impostors.answering({impostors.SSL_REQUEST: b"N"})


def reached(host: str, port: int, network: Network = LOCAL, **more: Any) -> Reach:
    connection = PostgresConnection(host=host, port=port, database="d", user="u", **more)
    return Reach(connection, network, Deadline(5))


def found(
    host: str, port: int, network: Network = LOCAL, last: Layer = Layer.PROTOCOL
) -> dict[Layer, Finding]:
    """What each layer found, to the last one; raises as the first that failed."""
    reach = reached(host, port, network)
    findings = {}
    try:
        for layer, step in reach.steps.items():
            findings[layer] = step()
            if layer is last:
                break
    finally:
        reach.close()
    return findings


def failure(host: str, port: int, network: Network = LOCAL) -> HeadraceError:
    with pytest.raises(HeadraceError) as caught:
        found(host, port, network)
    return caught.value


def answers(monkeypatch: pytest.MonkeyPatch, *ips: str) -> None:
    def getaddrinfo(_: str, port: int, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ips]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def facts(finding: Finding) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for fact in finding.facts:
        grouped.setdefault(fact.name, []).append(fact.value)
    return grouped


def test_an_address() -> None:
    with impostors.listening(POSTGRES) as port:
        findings = found("127.0.0.1", port)
        assert {layer: finding.found for layer, finding in findings.items()} == {
            Layer.ADDRESS: f"'127.0.0.1' port {port} may be connected to.",
            Layer.DNS: "'127.0.0.1' is an address itself.",
            Layer.TCP: f"Port {port} of 127.0.0.1 accepts connections.",
            Layer.PROTOCOL: "PostgreSQL answers.",
        }
        tcp = facts(findings[Layer.TCP])
        assert tcp["address in use"] == ["127.0.0.1"]
        assert tcp["time to connect"][0].endswith(" ms")
        assert "another spelling of 127.0.0.1" in found("127.1", port)[Layer.DNS].found


def test_a_name_with_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "127.0.0.3", "127.0.0.2")
    with impostors.listening(POSTGRES, "127.0.0.2") as port:
        layers = found("db.example", port)
    dns, tcp = layers[Layer.DNS], layers[Layer.TCP]
    assert dns.found == "'db.example' stands for 127.0.0.3; 127.0.0.2 if that fails."
    assert facts(dns)["address"] == ["127.0.0.3", "127.0.0.2"]
    assert facts(dns)["time to look up"][0].endswith(" ms")
    # The one that was used, and the one that failed.
    assert f"Port {port} of 127.0.0.2 accepts" in tcp.found
    assert f"127.0.0.3 port {port}: the connection was refused" in tcp.found
    assert facts(tcp)["address in use"] == ["127.0.0.2"]


def test_a_name_in_letters_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "127.0.0.1")
    with impostors.listening(POSTGRES) as port:
        dns = found("Bücher.example", port)[Layer.DNS]
    assert "'Bücher.example' stands for 127.0.0.1" in dns.found
    assert facts(dns)["looked up as"] == ["xn--bcher-kva.example"]


@pytest.mark.parametrize(
    ("conversation", "kind"),
    [(None, CONNECTION_REFUSED), (impostors.resets, CONNECTION_RESET)],
)
def test_refused_differs_from_reset(
    monkeypatch: pytest.MonkeyPatch, conversation: Any, kind: Kind
) -> None:
    monkeypatch.setattr(reach, "_LITTLE", 20)  # this machine may be busy
    if conversation is None:
        error = failure("127.0.0.1", free_port())
    else:
        with impostors.listening(conversation) as port:
            error = failure("127.0.0.1", port, EGRESS)
    assert error.kind is kind
    assert ("198.51.100.7" in error.hint) == (kind is CONNECTION_RESET)


def test_a_refusal_names_the_usual_port_of_what_was_chosen() -> None:
    port = free_port()
    error = failure("127.0.0.1", port)
    assert [(f.path, f.suggestion) for f in error.fields] == [("connection.port", "5432")]
    assert "5432" in error.hint
    assert "is the machine of this service itself" in error.hint
    connection = MysqlConnection(host="127.0.0.1", port=port, database="d", user="u")
    mysql = Reach(connection, LOCAL, Deadline(5))
    with pytest.raises(HeadraceError) as caught:
        for step in mysql.steps.values():
            step()
    assert [f.suggestion for f in caught.value.fields] == ["3306"]


def test_filtered_is_told_which_address_to_let_in() -> None:
    connection = PostgresConnection(host="127.0.0.1", port=1024, database="d", user="u")
    with impostors.filtered() as port:
        connection = connection.model_copy(update={"port": port})
        filtered = Reach(connection, EGRESS, Deadline(0.3))
        with pytest.raises(HeadraceError) as caught:
            for step in filtered.steps.values():
                step()
    assert caught.value.kind is CONNECTION_TIMED_OUT
    assert "198.51.100.7" in caught.value.hint
    assert caught.value.copy == "198.51.100.7"


def test_a_server_that_speaks_first_is_no_reset() -> None:
    with impostors.listening(lambda client: client.sendall(b"SSH-2.0-x\r\n")) as port:
        assert Layer.TCP in found("127.0.0.1", port, last=Layer.TCP)


def test_a_port_that_is_not_open_to_us_comes_with_the_usual_one() -> None:
    error = failure("db.example", 443, Network())
    assert error.kind is PORT_REFUSED
    assert [(f.path, f.suggestion) for f in error.fields] == [("connection.port", "5432")]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "db.localhost", "127.0.0.1"])
def test_localhost_ends_in_its_own_layer_where_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.delattr(socket, "getaddrinfo")  # nothing is looked up
    with pytest.raises(HeadraceError) as caught:
        reached(host, 5432, Network()).steps[Layer.ADDRESS]()
    assert caught.value.kind is ADDRESS_REFUSED
    assert "the machine that runs this service" in caught.value.hint


@contextmanager
def opened(conversation: impostors.Conversation, **more: Any) -> Iterator[Reach]:
    """All steps done, over a server that holds this conversation with each client."""
    with impostors.listening(conversation) as port:
        reach = reached("127.0.0.1", port, **more)
        try:
            for step in reach.steps.values():
                step()
            yield reach
        finally:
            reach.close()


def counting(clients: list[list[bytes]], answer: bytes) -> impostors.Conversation:
    """Answers so to an SSLRequest, and keeps what each client says."""

    def converse(client: socket.socket) -> None:
        said: list[bytes] = []
        clients.append(said)
        while piece := client.recv(1024):
            said.append(piece)
            client.sendall(answer if piece == impostors.SSL_REQUEST else b"heard")

    return converse


@pytest.mark.parametrize("answer", [b"S", b"N"])
def test_a_driver_that_asks_for_tls_does_so_over_the_same_connection(answer: bytes) -> None:
    clients: list[list[bytes]] = []
    with opened(counting(clients, answer), tls="require") as reach:
        reach.sock.sendall(impostors.SSL_REQUEST)
        assert reach.sock.recv(10) == answer
        reach.sock.sendall(b"and then")
        assert reach.sock.recv(10) == b"heard"
    assert clients == [[impostors.SSL_REQUEST, b"and then"]]  # asked once


@pytest.mark.parametrize(("answer", "connections"), [(b"N", 1), (b"S", 2)])
def test_a_driver_without_tls_gets_a_connection_that_waits_for_it(
    answer: bytes, connections: int
) -> None:
    clients: list[list[bytes]] = []
    with opened(counting(clients, answer), tls="disable") as reach:
        reach.sock.sendall(b"start up")
        assert reach.sock.recv(10) == b"heard"
    assert len(clients) == connections
    assert clients[-1][-1] == b"start up"


def test_a_driver_that_begins_otherwise_is_cut_off() -> None:
    clients: list[list[bytes]] = []
    with opened(counting(clients, b"S"), tls="require") as reach:
        reach.sock.sendall(b"something else")
        assert reach.sock.recv(10) == b"S"
        assert reach.sock.recv(10) == b""
    assert clients == [[impostors.SSL_REQUEST]]


def test_a_further_connection_goes_to_the_judged_address_under_the_same_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def converse(client: socket.socket) -> None:
        while said := client.recv(1024):
            client.sendall(b"N" if said == impostors.SSL_REQUEST else bytes(60_000))

    monkeypatch.setattr(reach, "MOST_BYTES", 100_000)
    with opened(converse, tls="disable") as reaching:
        monkeypatch.setattr(socket, "getaddrinfo", None)
        reaching.sock.sendall(b"much")
        assert len(reaching.sock.recv(60_000, socket.MSG_WAITALL)) == 60_000
        sock = reaching.again()
        assert sock is reaching.sock
        with pytest.raises(HeadraceError) as caught, reaching.held("Reading"):
            sock.sendall(b"more")
            if len(sock.recv(60_000, socket.MSG_WAITALL)) < 60_000:
                raise HeadraceError(CONNECTION_LOST, "what a driver says")
    assert caught.value.kind is ANSWER_TOO_LONG
