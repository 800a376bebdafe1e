"""Looking a host up: what is found is judged, and nothing else is ever connected to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from itertools import cycle
from queue import SimpleQueue
from typing import Any

import pytest

from devservers.ports import free_port
from headrace import sources
from headrace.checks import Check, CheckStatus, Layer
from headrace.connections import Credentials, MysqlConnection, PostgresConnection
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.diagnose import diagnose
from headrace.diagnosis.network import Network
from headrace.diagnosis.resolve import Address, resolve
from headrace.errors import (
    ADDRESS_REFUSED,
    DNS_UNAVAILABLE,
    HOST_UNKNOWN,
    HOST_WITHOUT_ADDRESS,
    HeadraceError,
)
from tests.conftest import LOCAL
from tests.diagnosis.impostors import listening, silent

# What the operator of these tests opened: one address, at which nothing listens.
ONE_ADDRESS = Network(allowed=(ip_network("127.0.0.2/32"),))

CREDENTIALS = Credentials.model_validate({"password": "never-sent"})


Choice = type[PostgresConnection] | type[MysqlConnection]


@contextmanager
def never_reached(port: int) -> Iterator[None]:
    """Nobody connects to this port of 127.0.0.1 but we ourselves, at the end."""
    reached: SimpleQueue[str] = SimpleQueue()
    with listening(lambda client: reached.put(client.recv(8).decode()), "127.0.0.1", port):
        yield
        with socket.socket() as ours:
            ours.connect(("127.0.0.1", port))
            ours.sendall(b"the test")
        assert reached.get(timeout=20) == "the test"
    assert reached.empty()


def refusal(host: str, network: Network = LOCAL, seconds: float = 5) -> HeadraceError:
    with pytest.raises(HeadraceError) as caught:
        resolve(host, 5432, network, Deadline(seconds))
    return caught.value


def answers(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], list[str]]) -> None:
    """The resolver, under the test's control."""

    def getaddrinfo(_: str, port: int, **__: Any) -> list[Any]:
        return [
            (
                socket.AF_INET6 if ":" in ip else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (ip, port),
            )
            for ip in answer()
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_an_address_stands_for_itself_and_is_not_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(socket, "getaddrinfo")
    expected = (Address(socket.AF_INET, ("127.0.0.1", 5432)),)
    for host in ("127.0.0.1", "0x7f.1", "127.0.0.1."):
        assert resolve(host, 5432, LOCAL, Deadline(5)) == expected
    expected = (Address(socket.AF_INET6, ("::1", 5432)),)
    assert resolve("::1", 5432, LOCAL, Deadline(5)) == expected


def test_no_such_host() -> None:
    error = refusal("-")
    assert error.kind is HOST_UNKNOWN
    assert "'-'" in error.detail


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        (socket.EAI_NONAME, HOST_UNKNOWN, "no such host"),
        (socket.EAI_NODATA, HOST_WITHOUT_ADDRESS, "no address"),
        (socket.EAI_AGAIN, DNS_UNAVAILABLE, "could not be asked"),
        (socket.EAI_FAIL, DNS_UNAVAILABLE, "could not be asked"),
    ],
)
def test_unknown_differs_from_unanswered(
    monkeypatch: pytest.MonkeyPatch, code: int, kind: object, says: str
) -> None:
    def answer() -> list[str]:
        raise socket.gaierror(code, "text of the C library")

    answers(monkeypatch, answer)
    error = refusal("db.example")
    assert error.kind is kind
    assert says in error.detail


def test_name_servers_that_do_not_answer_end_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait())
    try:
        assert refusal("db.example", seconds=0.05).kind is DNS_UNAVAILABLE
    finally:
        never.set()


@pytest.mark.parametrize(
    "found",
    [
        ["10.0.0.1"],
        ["8.8.8.8", "10.0.0.1"],
        ["::ffff:10.0.0.1"],
        ["fe80::1%lo"],
        ["64:ff9b::a00:1"],
    ],
)
def test_a_private_answer_is_a_finding_of_its_own_and_is_not_told(
    monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    answers(monkeypatch, lambda: found)
    error = refusal("db.example", Network())
    assert error.kind is ADDRESS_REFUSED
    assert "the name stands for a private address" in error.detail
    assert "HEADRACE_ALLOWED_NETWORKS" in error.hint
    for text in ("10.0.0.1", *found):
        assert text not in error.detail + error.hint


@pytest.mark.parametrize("answer", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "fd00:ec2::254"])
def test_all_refused_answers_are_refused_in_the_same_words(
    monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    answers(monkeypatch, lambda: ["192.168.0.1"])
    expected = refusal("db.example", Network())
    answers(monkeypatch, lambda: [answer])
    error = refusal("db.example", Network())
    assert (error.detail, error.hint) == (expected.detail, expected.hint)


def test_a_name_with_very_many_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, lambda: [f"8.8.8.{n}" for n in range(1, 200)])
    assert len(resolve("db.example", 5432, Network(), Deadline(5))) == 199
    # All are judged, those too that are not tried.
    answers(monkeypatch, lambda: [*(f"8.8.8.{n}" for n in range(1, 200)), "10.0.0.1"])
    assert refusal("db.example", Network()).kind is ADDRESS_REFUSED


@pytest.mark.parametrize("order", [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"]])
@pytest.mark.parametrize("choice", [PostgresConnection, MysqlConnection])
def test_an_answer_that_changes_never_leads_to_the_forbidden_address(
    monkeypatch: pytest.MonkeyPatch, order: list[str], choice: Choice
) -> None:
    turns = cycle(order)
    asked = []

    def turn() -> list[str]:
        asked.append(next(turns))
        return asked[-1:]

    answers(monkeypatch, turn)
    allowed: SimpleQueue[str] = SimpleQueue()
    with (
        listening(lambda client: allowed.put("somebody"), "127.0.0.2") as port,
        never_reached(port),
    ):
        connection = choice(host="db.example", port=port, database="d", user="u")
        for _ in range(3):
            with pytest.raises(HeadraceError):
                sources.connect(connection, CREDENTIALS, ONE_ADDRESS)
            list(diagnose(connection, CREDENTIALS, ONE_ADDRESS, seconds=2))
    # Each looked the name up once, and the allowed address was reached each time.
    assert len(asked) == 6
    assert allowed.qsize() == 3


@pytest.mark.parametrize("choice", [PostgresConnection, MysqlConnection])
def test_further_connections_of_one_test_go_to_the_address_that_was_judged(
    monkeypatch: pytest.MonkeyPatch, choice: Choice
) -> None:
    """What answers is no database, so that the test goes on to ask what else it is."""
    asked: list[str] = []

    def first_allowed() -> list[str]:
        asked.append("127.0.0.1" if asked else "127.0.0.2")
        return asked[-1:]

    answers(monkeypatch, first_allowed)
    allowed: SimpleQueue[str] = SimpleQueue()

    def converse(client: socket.socket) -> None:
        allowed.put("somebody")
        client.sendall(b"\x00")
        silent(client)

    with listening(converse, "127.0.0.2") as port, never_reached(port):
        connection = choice(host="db.example", port=port, database="d", user="u")
        list(diagnose(connection, CREDENTIALS, ONE_ADDRESS, seconds=2))
    assert asked == ["127.0.0.2"]
    assert allowed.qsize() > 1


def test_a_refused_address_is_not_touched_and_tells_nothing_of_its_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No socket is even made, so that neither words nor time can depend on what is there."""
    answers(monkeypatch, lambda: ["127.0.0.1"])
    touched: SimpleQueue[str] = SimpleQueue()
    closed = free_port()
    with (
        listening(lambda client: touched.put("somebody")) as open_,
        monkeypatch.context() as patched,
    ):
        patched.delattr(socket, "socket")
        for host in ("127.0.0.1", "0x7f.1", "localhost", "db.example"):
            assert told(host, open_) == told(host, closed)
    assert touched.empty()


def told(host: str, port: int) -> list[Check]:
    """What a test says whose service may dial public addresses alone, but for the port."""
    connection = PostgresConnection(host=host, port=port, database="d", user="u")
    checks = list(diagnose(connection, CREDENTIALS, Network()))
    assert "address_refused" in [check.code for check in checks]
    return [
        check.model_copy(update={"milliseconds": 0, "facts": (), "found": found})
        for check in checks
        for found in [check.found.replace(str(port), "PORT")]
    ]


def test_a_refused_address_ends_the_test_in_its_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, lambda: ["127.0.0.1"])
    for host, layer in (("127.0.0.1", Layer.ADDRESS), ("db.example", Layer.DNS)):
        connection = PostgresConnection(host=host, database="d", user="u")
        checks = list(diagnose(connection, CREDENTIALS, Network()))
        (failed,) = [check for check in checks if check.status is CheckStatus.FAILED]
        assert (failed.layer, failed.code) == (layer, "address_refused")
