"""The same is said by the function, on the command line and as a library call, while it happens."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from devservers.ports import free_port
from headrace.checks import Check, Layer
from headrace.connections import (
    Credentials,
    MysqlConnection,
    PostgresConnection,
    ServerConnection,
    TlsMode,
)
from headrace.diagnosis.diagnose import diagnose
from tests import secrecy
from tests.cli.conftest import HEADRACE, Headrace
from tests.conftest import LOCAL, Database, MariadbDatabase
from tests.diagnosis import impostors
from tests.faults.case import PASSWORD

# What may differ is the time alone.
SAID = ("layer", "status", "code", "found", "hint", "copy_text", "fields", "grants")
SCHEMES = {"postgres": "postgresql", "mysql": "mysql"}

Faulty = Callable[[Database, MariadbDatabase], AbstractContextManager[ServerConnection]]


@contextmanager
def wrong_password(database: Database, _: MariadbDatabase) -> Iterator[ServerConnection]:
    yield database.connection


@contextmanager
def wrong_user(_: Database, database: MariadbDatabase) -> Iterator[ServerConnection]:
    yield database.connection.model_copy(update={"user": "nobody_here"})


@contextmanager
def no_tls(database: Database, _: MariadbDatabase) -> Iterator[ServerConnection]:
    yield database.connection.model_copy(update={"tls": TlsMode.VERIFY_FULL})


@contextmanager
def nothing_there(_: Database, database: MariadbDatabase) -> Iterator[ServerConnection]:
    yield database.connection.model_copy(update={"port": free_port()})


@contextmanager
def web_server(database: Database, _: MariadbDatabase) -> Iterator[ServerConnection]:
    with impostors.listening(impostors.http) as port:
        yield database.connection.model_copy(update={"port": port})


FAULTS = {
    "a wrong password": wrong_password,
    "a wrong user": wrong_user,
    "no TLS": no_tls,
    "nothing listens": nothing_there,
    "a web server": web_server,
}


@pytest.mark.parametrize("faulty", FAULTS.values(), ids=FAULTS.keys())
def test_all_say_the_same(
    database: Database,
    mariadb_database: MariadbDatabase,
    http: httpx.Client,
    headrace: Headrace,
    faulty: Faulty,
) -> None:
    with faulty(database, mariadb_database) as connection:
        called = list(diagnose(connection, Credentials(password=SecretStr(PASSWORD)), LOCAL))
        answer = http.post("/test_connection", json=body(connection))
        accept = {"Accept": "application/x-ndjson"}
        lines = http.post("/test_connection", json=body(connection), headers=accept)
        command = headrace("test", url(connection), "--json", **environment_of(connection))
    streamed = [json.loads(line) for line in lines.text.splitlines()]
    expected = said(check.model_dump(mode="json") for check in called)
    assert len(expected) == len(Layer)
    assert any(status == "failed" for _, status, *_ in expected)
    assert said(answer.json()["checks"]) == expected
    assert said(line["check"] for line in streamed[:-1]) == expected
    assert said(json.loads(command.stdout)["checks"]) == expected
    shown = (answer.text, lines.text, command.stdout, command.stderr)
    assert not secrecy.told(PASSWORD, *shown)


def said(checks: Any) -> list[tuple[Any, ...]]:
    return [tuple(check[name] for name in SAID) for check in checks]


def body(connection: ServerConnection) -> dict[str, Any]:
    return {
        "connection": connection.model_dump(mode="json"),
        "credentials": {"password": PASSWORD},
    }


def url(connection: ServerConnection) -> str:
    return (
        f"{SCHEMES[connection.type]}://{connection.user}@{connection.host}:{connection.port}"
        f"/{connection.database}?sslmode={connection.tls}"
    )


def environment_of(connection: ServerConnection) -> Mapping[str, str]:
    return {type(connection).password_variable: PASSWORD}


class Hesitant:
    """A server that answers once it is told to."""

    def __init__(self) -> None:
        self.told = threading.Event()

    def __call__(self, client: socket.socket) -> None:
        self.told.wait()
        impostors.http(client)


KINDS = [PostgresConnection, MysqlConnection]


@pytest.mark.parametrize("kind", KINDS)
def test_the_function_tells_each_check_as_it_is_done(
    http: httpx.Client, kind: type[PostgresConnection | MysqlConnection]
) -> None:
    """The server waits for the first checks to arrive; were they kept back, it would for ever."""
    server = Hesitant()
    accept = {"Accept": "application/x-ndjson"}
    with impostors.listening(server) as port:
        connection = kind(host="127.0.0.1", port=port, database="d", user="u")
        stream = http.stream("POST", "/test_connection", json=body(connection), headers=accept)
        with stream as answer:
            lines = answer.iter_lines()
            first = [json.loads(next(lines))["check"] for _ in range(3)]
            server.told.set()
            rest = [json.loads(line) for line in lines]
    assert [check["layer"] for check in first] == ["address", "dns", "tcp"]
    failed = Check.model_validate(rest[0]["check"])
    assert (failed.layer, failed.code) == (Layer.PROTOCOL, "protocol_unexpected")


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_shows_each_check_as_it_is_done(
    environment: dict[str, str], kind: type[PostgresConnection | MysqlConnection]
) -> None:
    server = Hesitant()
    with impostors.listening(server) as port:
        connection = kind(host="127.0.0.1", port=port, database="d", user="u")
        reader, writer = os.openpty()  # as a terminal shows it
        process = subprocess.Popen(
            [HEADRACE, "test", url(connection)],
            env={**environment, **environment_of(connection)},
            stdin=subprocess.DEVNULL, stdout=writer, stderr=writer,
        )  # fmt: skip
        os.close(writer)
        shown = b""
        while b"tcp" not in shown:
            shown += os.read(reader, 4096)
        assert b"protocol_unexpected" not in shown
        server.told.set()
        try:
            while more := os.read(reader, 4096):
                shown += more
        except OSError:  # how a terminal ends
            pass
        assert process.wait() == 1
        os.close(reader)
    assert "this is a web server" in shown.decode()
    assert not secrecy.told(PASSWORD, shown)
