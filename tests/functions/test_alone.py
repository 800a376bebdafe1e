"""Each function alone, under the server that runs it in the cloud."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from devservers.ports import free_port
from headrace.api.functions import FUNCTIONS

DIRECTORY = Path(__file__).parents[2] / "functions"
TOKEN = {"Authorization": "Bearer test-token"}
JSON = {**TOKEN, "Content-Type": "application/json"}
LOCAL_NAMES = ("localhost", "127.1")
TEN_MEGABYTES = b'{"x": "' + b"x" * (10 << 20) + b'"}'


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, httpx.Client]]:
    """A client for each function, each of them a server of its own."""
    directory = tmp_path_factory.mktemp("data")
    environment = {**os.environ, "HEADRACE_TOKEN": "test-token", "HEADRACE_DATA": str(directory)}
    with ExitStack() as stack:
        clients = {}
        for name in FUNCTIONS:
            port = free_port()
            process = subprocess.Popen(
                [
                    sys.executable, "-m", "functions_framework", "--target", name,
                    "--source", DIRECTORY / name / "main.py",
                    "--host", "127.0.0.1", "--port", str(port),
                ],
                env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
            client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30)
            clients[name] = stack.enter_context(client)
        for client in clients.values():
            wait_until_it_answers(client)
        yield clients


def wait_until_it_answers(client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            client.options("/")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the function did not start")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_stranger_is_refused(functions: dict[str, httpx.Client], name: str) -> None:
    answer = functions[name].request(FUNCTIONS[name][0].method, "/")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_wrong_input_is_a_problem(functions: dict[str, httpx.Client], name: str) -> None:
    answer = functions[name].request(FUNCTIONS[name][0].method, "/?x=1", headers=JSON, content="{}")
    assert answer.headers["Content-Type"] == "application/problem+json"
    wrong = {field["path"]: field["message"] for field in answer.json()["fields"]}
    assert wrong["x"] == "is not a known field"


def test_an_empty_model_has_no_sources(functions: dict[str, httpx.Client]) -> None:
    answer = functions["sources"].get("/?model_id=m1", headers=TOKEN)
    assert answer.json() == {"sources": [], "next_after": None}


def test_nothing_is_due(functions: dict[str, httpx.Client]) -> None:
    answer = functions["dispatch"].post("/", headers=TOKEN)
    done = {"started": [], "skipped": [], "failed": [], "resumed": [], "complete": True}
    assert answer.json() == done


def test_a_source_that_is_not_there(functions: dict[str, httpx.Client]) -> None:
    for name in ("list_tables", "runs"):
        body = {"model_id": "m1", "source_id": "s1"}
        answer = functions[name].post("/", headers=TOKEN, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "source_not_found")


@pytest.mark.parametrize("host", ["localhost", "127.1", "169.254.169.254", "10.0.0.1"])
def test_a_deployed_function_does_not_dial_inside(
    functions: dict[str, httpx.Client], host: str
) -> None:
    connection = {
        "type": "postgres", "host": host, "port": free_port(), "database": "d", "user": "u",
    }  # fmt: skip
    body = {"connection": connection, "credentials": {"password": "never-sent"}}
    answer = functions["test_connection"].post("/", headers=TOKEN, json=body)
    failed = [check for check in answer.json()["checks"] if check["status"] == "failed"]
    assert [(check["layer"], check["code"]) for check in failed] == [("address", "address_refused")]
    assert ("the machine that runs this service" in failed[0]["hint"]) == (host in LOCAL_NAMES)


def test_malformed_json_is_a_problem(functions: dict[str, httpx.Client]) -> None:
    answer = functions["save_draft"].post("/", headers=JSON, content="{")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("token", ["test-token", "wrong"])
@pytest.mark.parametrize("piece", [len(TEN_MEGABYTES), 65536])
def test_ten_megabytes_are_a_problem(
    functions: dict[str, httpx.Client], token: str, piece: int
) -> None:
    pieces = (TEN_MEGABYTES[at : at + piece] for at in range(0, len(TEN_MEGABYTES), piece))
    headers = {**JSON, "Authorization": f"Bearer {token}"}
    if piece == len(TEN_MEGABYTES):
        headers["Content-Length"] = str(piece)
    answer = functions["save_draft"].post("/", headers=headers, content=pieces)
    expected = "body_too_large" if token == "test-token" else "not_signed_in"
    assert answer.json()["code"] == expected


def test_a_path_of_another_function_is_not_there(functions: dict[str, httpx.Client]) -> None:
    answer = functions["sources"].get("/a/b/c/d", headers=TOKEN)
    assert (answer.status_code, answer.json()["code"]) == (404, "endpoint_not_found")
