"""The local server, over real sockets."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from headrace import local
from headrace.api.functions import FUNCTIONS
from headrace.errors import HeadraceError
from headrace.extraction.settle import settle
from headrace.local import LocalServer
from headrace.model import Trigger
from headrace.records import Runs
from headrace.services import Services
from headrace.settings import Settings
from tests.extraction.scheduled import create

TOKEN = {"Authorization": "Bearer test-token"}
JSON = {**TOKEN, "Content-Type": "application/json"}
TEN_MEGABYTES = b'{"x": "' + b"x" * (10 << 20) + b'"}'


@pytest.fixture
def server(settings: Settings) -> Iterator[LocalServer]:
    with closing(local.serve(settings, 0)) as server:
        threading.Thread(target=server.run, daemon=True).start()
        yield server


@pytest.fixture
def http(server: LocalServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client


def raw(server: LocalServer, request: bytes) -> bytes:
    """What the server answers until it closes the connection."""
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_the_index_and_the_document_need_no_token(http: httpx.Client) -> None:
    assert http.get("/functions").json()["functions"] == list(FUNCTIONS)
    assert http.get("/openapi.json").json()["openapi"] == "3.1.0"


def test_every_function_is_mounted_and_guarded(http: httpx.Client) -> None:
    for name, operations in FUNCTIONS.items():
        answer = http.request(operations[0].method, f"/{name}")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def test_a_function_answers_with_and_without_a_slash(http: httpx.Client) -> None:
    for path in ("/sources", "/sources/"):
        answer = http.get(path, params={"model_id": "m1"}, headers=TOKEN)
        assert answer.json() == {"sources": [], "next_after": None}


@pytest.mark.parametrize("path", ["/nothing", "/sources_", "/sources/m/s/nothing"])
def test_an_unknown_path_is_a_problem(http: httpx.Client, path: str) -> None:
    answer = http.get(path, headers=TOKEN)
    assert (answer.status_code, answer.json()["code"]) == (404, "endpoint_not_found")


def test_the_index_can_only_be_read(http: httpx.Client) -> None:
    answer = http.post("/")
    assert (answer.json()["code"], answer.headers["Allow"]) == ("method_not_allowed", "GET, HEAD")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "10.0.0.1", ""])
def test_another_host_is_refused(http: httpx.Client, host: str) -> None:
    answer = http.get("/sources?model_id=m", headers={**TOKEN, "Host": host})
    assert (answer.status_code, answer.json()["code"]) == (403, "host_not_served")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:8080"])
def test_loopback_by_any_name_is_served(http: httpx.Client, host: str) -> None:
    assert http.get("/", headers={"Host": host}).status_code == 200


def test_ten_megabytes_are_a_problem(http: httpx.Client) -> None:
    answer = http.post("/save_draft", content=TEN_MEGABYTES, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_ten_megabytes_without_a_length_are_a_problem(http: httpx.Client) -> None:
    pieces = (TEN_MEGABYTES[at : at + 65536] for at in range(0, len(TEN_MEGABYTES), 65536))
    answer = http.post("/save_draft", content=pieces, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_length_that_is_too_short_cuts_the_body(server: LocalServer) -> None:
    head = "POST /save_draft HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    for name, value in {**JSON, "Content-Length": "5"}.items():
        head += f"{name}: {value}\r\n"
    answer = raw(server, f'{head}\r\n{{"model_id": "m"}}'.encode())
    assert b"malformed_json" in answer


def test_the_server_says_nothing_of_itself(http: httpx.Client) -> None:
    assert "Server" not in http.get("/").headers


def test_it_listens_on_loopback_alone(server: LocalServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    with (
        pytest.raises(OSError),
        socket.create_connection(("127.0.0.2", int(server.url.rpartition(":")[2])), timeout=5),
    ):
        pass


def test_a_taken_port_is_an_error_of_ours(server: LocalServer, settings: Settings) -> None:
    with pytest.raises(HeadraceError, match="EADDRINUSE") as raised:
        local.serve(settings, int(server.url.rpartition(":")[2]))
    assert raised.value.code == "port_not_free"


def test_without_a_token_it_does_not_start(settings: Settings) -> None:
    with pytest.raises(HeadraceError) as raised:
        local.serve(settings.model_copy(update={"token": None}), 0)
    assert raised.value.code == "sign_in_not_configured"


def test_closing_frees_the_port(settings: Settings) -> None:
    server = local.serve(settings, 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    port = int(server.url.rpartition(":")[2])
    server.close()
    thread.join(10)
    assert not thread.is_alive()
    server.close()
    local.serve(settings, port).close()


def test_it_may_see_by_itself_that_it_is_to_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And frees then what whoever closes it is about to wake it by."""
    server = local.serve(settings, 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    wake = server._server.pull_trigger

    def late() -> None:
        thread.join(2)  # the loop looks once a second
        wake()

    monkeypatch.setattr(server._server, "pull_trigger", late)
    server.close()
    thread.join(10)
    assert not thread.is_alive()


def test_it_starts_what_is_due(settings: Settings) -> None:
    services = Services(settings)
    create(services)

    with closing(local.serve(settings, 0)) as server:
        threading.Thread(target=server.run, daemon=True).start()
        while not (runs := Runs(services.documents).list("m1", "s1", limit=9)):
            time.sleep(0.02)
        while settle(services, runs[0]).state.live:  # its job finds no password
            runs = Runs(services.documents).list("m1", "s1", limit=9)

    assert [run.trigger for run in runs] == [Trigger.SCHEDULE]
    assert "dispatch" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    program = (
        "from headrace import local, logs; from headrace.settings import LocalSettings\n"
        "logs.configure(0)\n"
        "server = local.serve(LocalSettings.read(), 0); print(server.url, flush=True)\n"
        "server.run(); print('ended')"
    )
    environment = {"HEADRACE_DATA": str(tmp_path), "HEADRACE_TOKEN": "never-log-this"}
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout
        url = process.stdout.readline().strip()
        query = {"token": "never-log-this"}
        assert httpx.get(url, params=query, trust_env=False).status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "ended\n")
    assert "never-log-this" not in err
