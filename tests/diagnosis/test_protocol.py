"""Who answers: the chosen database is let through, and anybody else is named."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from trustme import CA

from devservers.mariadb import MariadbServer
from devservers.postgres import PostgresServer
from headrace.checks import Layer
from headrace.connections import MysqlConnection, PostgresConnection, ServerConnection, TlsMode
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.mistaken import another
from headrace.diagnosis.reach import Reach
from headrace.diagnosis.recognise import Service, Speaks
from headrace.errors import (
    CONNECTION_TIMED_OUT,
    DATABASE_TYPE_WRONG,
    PROTOCOL_UNEXPECTED,
    SERVER_NOT_READY,
    TOO_MANY_CONNECTIONS,
    HeadraceError,
    Kind,
)
from headrace.sources import Finding
from tests.conftest import LOCAL
from tests.diagnosis import impostors
from tests.diagnosis.test_recognise import SQL_SERVER, mysql, postgres_error, refusal

CHOICES: dict[str, Callable[..., ServerConnection]] = {
    "postgres": PostgresConnection,
    "mysql": MysqlConnection,
}


def protocol(kind: str, port: int, *, tls: str = "require", seconds: float = 3) -> Finding:
    """What the step finds, or raises, on loopback."""
    connection = CHOICES[kind](host="127.0.0.1", port=port, database="d", user="u", tls=tls)
    reach = Reach(connection, LOCAL, Deadline(seconds))
    try:
        found = [step() for step in reach.steps.values()]
    finally:
        reach.close()
    assert list(reach.steps) == [Layer.ADDRESS, Layer.DNS, Layer.TCP, Layer.PROTOCOL]
    assert not [thread for thread in threading.enumerate() if thread.name == "relay"]
    return found[-1]


def failure(kind: str, port: int, **more: float) -> HeadraceError:
    with pytest.raises(HeadraceError) as caught:
        protocol(kind, port, **more)  # type: ignore[arg-type]
    assert caught.value.hint
    return caught.value


def suggestions(error: HeadraceError) -> dict[str, str | None]:
    return {field.path: field.suggestion for field in error.fields}


# --- the right one ----------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [*TlsMode])
def test_postgresql(postgres: PostgresServer, tls: str) -> None:
    assert protocol("postgres", postgres.port, tls=tls).found == "PostgreSQL answers."


@pytest.mark.parametrize("tls", [*TlsMode])
def test_mariadb(mariadb: MariadbServer, tls: str) -> None:
    assert protocol("mysql", mariadb.port, tls=tls).found.startswith("MariaDB 10.")


@pytest.mark.parametrize(
    ("kind", "conversation", "found"),
    [
        ("mysql", impostors.saying(mysql(b"8.0.36")), "MySQL 8.0.36 answers."),
        ("mysql", impostors.saying(mysql(b"11.4.2-MariaDB")), "MariaDB 11.4.2 answers."),
        (
            "mysql",
            impostors.saying(refusal(1130)),
            "MySQL or MariaDB answers, and refuses the connection.",
        ),
        ("postgres", impostors.answering({impostors.SSL_REQUEST: b"S"}), "PostgreSQL answers."),
    ],
)
def test_the_right_one_sees_one_connection(
    kind: str, conversation: impostors.Conversation, found: str
) -> None:
    """Whoever takes one connection at a time, or counts those that are given up, is left alone."""
    clients: list[socket.socket] = []

    def converse(client: socket.socket) -> None:
        clients.append(client)
        conversation(client)

    with impostors.listening(converse) as port:
        assert protocol(kind, port).found == found
    assert len(clients) == 1


def test_a_right_one_that_takes_its_time_is_waited_for() -> None:
    """It looks up the client's name first, for example. Meanwhile others were thought of."""
    others = threading.Event()
    first: list[socket.socket] = []

    def converse(client: socket.socket) -> None:
        if first:
            others.set()
            impostors.silent(client)
            return
        first.append(client)
        assert others.wait(20)
        client.sendall(mysql(b"8.0.36"))
        impostors.silent(client)

    with impostors.listening(converse) as port:
        assert protocol("mysql", port, seconds=5).found == "MySQL 8.0.36 answers."


# --- another database -------------------------------------------------------------------------


def test_mariadb_for_postgresql(mariadb: MariadbServer) -> None:
    error = failure("postgres", mariadb.port)
    assert error.kind is DATABASE_TYPE_WRONG
    assert "this is MariaDB 10." in error.detail
    assert "you chose PostgreSQL" in error.detail
    assert suggestions(error) == {"connection.type": "mysql", "connection.port": "5432"}


@pytest.mark.parametrize("tls", ["disable", "verify-full"])
def test_postgresql_for_mysql(postgres: PostgresServer, tls: str) -> None:
    with pytest.raises(HeadraceError) as caught:
        protocol("mysql", postgres.port, tls=tls)
    error = caught.value
    assert error.kind is DATABASE_TYPE_WRONG
    assert "this is PostgreSQL; you chose MySQL or MariaDB" in error.detail
    assert suggestions(error) == {"connection.type": "postgres", "connection.port": "3306"}
    assert "postgresql://" in error.hint


def test_a_mysql_that_refuses_is_mysql_all_the_same() -> None:
    with impostors.listening(impostors.saying(refusal(1130))) as port:
        error = failure("postgres", port)
    assert error.kind is DATABASE_TYPE_WRONG
    assert suggestions(error)["connection.type"] == "mysql"


# --- none that can be read here ---------------------------------------------------------------


def closes(answer: bytes) -> impostors.Conversation:
    """Answers whatever it is asked, and hangs up."""

    def converse(client: socket.socket) -> None:
        client.recv(1024)
        client.sendall(answer)

    return converse


@contextmanager
def stunnel() -> Iterator[int]:
    """Speaks TLS from the first byte."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA().issue_cert("db.example").configure_cert(context)

    def converse(client: socket.socket) -> None:
        with context.wrap_socket(client, server_side=True) as inside:
            impostors.silent(inside)

    with impostors.listening(converse) as port:
        yield port


@pytest.mark.parametrize("kind", CHOICES)
def test_tls_from_the_first_byte(kind: str) -> None:
    with stunnel() as port:
        error = failure(kind, port)
    assert error.kind is PROTOCOL_UNEXPECTED
    assert "TLS from the first byte" in error.detail
    assert "stunnel" in error.hint


ONLY_TDS = impostors.answering({b"\x12\x01": SQL_SERVER})
ONLY_HTTP = impostors.answering({b"OPTIONS ": b"HTTP/1.0 405 Method Not Allowed\r\n\r\n"})
REDIS = impostors.answering({b"OPTIONS ": b"-ERR unknown command 'OPTIONS'\r\n"})


@pytest.mark.parametrize("kind", CHOICES)
@pytest.mark.parametrize(
    ("conversation", "named", "hint"),
    [
        (impostors.saying(b"SSH-2.0-OpenSSH_9.2p1\r\n"), "an SSH server", "logging in to"),
        (impostors.saying(b"220 mail ESMTP\r\n"), "a mail server", "the database's port"),
        (impostors.saying(b"220 hello\r\n"), "speaks in lines of text", "database's port"),
        (impostors.http, "a web server", "port of a web server"),
        (closes(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "a web server", "port of a web server"),
        (impostors.echo, "speaks in lines of text", "database's port"),
        (impostors.saying(bytes.fromhex("050000000b08051a00")), "X Protocol", "3306"),
    ],
)
def test_others_are_named(
    kind: str, conversation: impostors.Conversation, named: str, hint: str
) -> None:
    with impostors.listening(conversation) as port:
        error = failure(kind, port)
    assert error.kind is PROTOCOL_UNEXPECTED
    assert named in error.detail
    assert hint in error.hint
    assert suggestions(error)["connection.port"] in ("5432", "3306")


@pytest.mark.parametrize(
    ("kind", "conversation", "named", "hint"),
    [
        ("postgres", ONLY_TDS, "SQL Server 2022", "not supported yet"),
        ("mysql", ONLY_TDS, "SQL Server 2022", "not supported yet"),
        ("mysql", ONLY_HTTP, "a web server", "port of a web server"),
        ("postgres", REDIS, "Redis", "the database's port"),
    ],
)
def test_who_answers_to_one_knock_alone_is_named_too(
    kind: str, conversation: impostors.Conversation, named: str, hint: str
) -> None:
    with impostors.listening(conversation) as port:
        error = failure(kind, port)
    assert error.kind is PROTOCOL_UNEXPECTED
    assert named in error.detail
    assert hint in error.hint


def test_the_usual_port_is_not_suggested_to_who_entered_it() -> None:
    connection = PostgresConnection(host="db.example", database="d", user="u")
    error = another(Service(Speaks.SSH), connection, "Asking")
    assert suggestions(error) == {"connection.port": None}
    error = another(Service(Speaks.MYSQL, "8.0.36"), connection, "Asking")
    assert suggestions(error) == {"connection.type": "mysql"}


# --- nobody that is known ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", CHOICES)
@pytest.mark.parametrize(
    ("conversation", "expected", "says"),
    [
        (impostors.saying(b"\x00\x01\x02"), PROTOCOL_UNEXPECTED, "something answers"),
        (impostors.saying(b"\x1b[2J<script>forged"), PROTOCOL_UNEXPECTED, "something answers"),
        (impostors.silent, CONNECTION_TIMED_OUT, "has not said a word"),
    ],
)
def test_nothing_recognisable(
    kind: str, conversation: impostors.Conversation, expected: Kind, says: str
) -> None:
    with impostors.listening(conversation) as port:
        error = failure(kind, port, seconds=1)
    assert error.kind is expected
    assert says in error.detail
    assert "forged" not in error.detail + error.hint + repr(error.fields)


def test_a_connection_that_is_ended_when_it_is_asked() -> None:
    with impostors.listening(impostors.hangs_up) as port:
        error = failure("postgres", port, seconds=1)
    assert error.kind is PROTOCOL_UNEXPECTED
    assert "ends each connection" in error.detail
    assert "proxy" in error.hint


def test_what_comes_at_once_with_a_consent_to_tls_is_not_postgresql() -> None:
    """A man in the middle could add it in plain text (CVE-2021-23222)."""
    with impostors.listening(impostors.answering({impostors.SSL_REQUEST: b"S\x16\x03"})) as port:
        assert failure("postgres", port, seconds=1).kind is PROTOCOL_UNEXPECTED


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (postgres_error(b"53300"), TOO_MANY_CONNECTIONS),
        (postgres_error(b"57P03"), SERVER_NOT_READY),
        (b"Ecould not fork new process for connection\n\0", SERVER_NOT_READY),
    ],
)
def test_a_postgresql_that_can_not_take_on_another(answer: bytes, kind: Kind) -> None:
    with impostors.listening(closes(answer)) as port:
        error = failure("postgres", port)
    assert error.kind is kind
    assert "fork" not in error.detail + error.hint


def test_who_takes_one_connection_only_is_not_dialled_for_ever() -> None:
    """The knocks fail, and what the first connection says counts."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def once() -> None:
            client, _ = server.accept()
            server.close()
            with client:
                impostors.echo(client)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        threading.Thread(target=once, daemon=True).start()
        assert failure("postgres", port, seconds=1).kind is PROTOCOL_UNEXPECTED
