"""A deployment as a stranger sees it, held against the real page and functions on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from deploy.smoke import faults
from headrace import page
from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint
from headrace.services import Services
from headrace.settings import LocalSettings

ROOT = Path(__file__).parents[2]
Change = Callable[[str, Any], Any]


class Deployment:
    """The page at one origin and the functions at another, as in buckets and services.

    `spoil` changes what is answered: it gets the path and the response.
    """

    def __init__(self, data: Path) -> None:
        self.spoil: Change = lambda _, response: response
        self._servers = [make_server("127.0.0.1", 0, app, threaded=True)
                         for app in (self._page, self._functions)]  # fmt: skip
        self.origin, self._functions_at = (f"http://127.0.0.1:{s.port}" for s in self._servers)
        settings = LocalSettings.read(data=data, token="test-token", web_origin=self.origin)
        services = Services(settings)
        self._endpoints = {name: endpoint(ops, services) for name, ops in FUNCTIONS.items()}
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def outputs(self) -> dict[str, Any]:
        names = FUNCTIONS.keys() - {"dispatch"}
        return {
            "page": f"{self.origin}/index.html",
            "page_origin": self.origin,
            "functions": {name: f"{self._functions_at}/{name}" for name in names},
        }

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _page(self, environ: Any, start: Any) -> Any:
        from flask import Request, Response

        request = Request(environ)
        if request.path == "/config.json":
            response = Response(json.dumps({"functions": self.outputs["functions"]}))
        else:
            response = page.answer(request) or Response(status=404)
            told = " ".join(sorted(self.outputs["functions"].values()))
            response.direct_passthrough = False
            response.data = response.data.replace(b"connect-src 'self'", told.encode())
        return self.spoil(request.path, response)(environ, start)

    def _functions(self, environ: Any, start: Any) -> Any:
        from flask import Request

        name = environ["PATH_INFO"].split("/")[1]
        request = Request({**environ, "PATH_INFO": "/", "SCRIPT_NAME": f"/{name}"})
        return self.spoil(f"/{name}", self._endpoints[name](request))(environ, start)


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    with closing(Deployment(tmp_path)) as deployment:
        yield deployment


def test_nothing_is_wrong_with_one_that_works(deployment: Deployment, tmp_path: Path) -> None:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps({n: {"value": v} for n, v in deployment.outputs.items()}))
    # As the pipeline does: with Python alone.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c",
         f"import sys; sys.path.insert(0, '{ROOT}'); sys.argv[1:] = ['{outputs}'];"
         "from deploy.smoke import main; sys.exit(main())"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "The page and 8 functions answer.\n")


def without_policy(path: str, response: Any) -> Any:
    if path == "/index.html":
        response.data = b"<!doctype html>"
    return response


def kept_for_long(path: str, response: Any) -> Any:
    if path == "/index.html":
        response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def open_to_all(path: str, response: Any) -> Any:
    if path == "/runs":
        response.status_code = 200
    return response


def of_another_origin(path: str, response: Any) -> Any:
    if path == "/grants":
        response.headers["Access-Control-Allow-Origin"] = "https://elsewhere.example.com"
    return response


def not_there(path: str, response: Any) -> Any:
    if path == "/config.json":
        response.status_code, response.data = 403, b"{}"
    return response


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (without_policy, "/index.html answers 200."),
        (kept_for_long, "may be kept by browsers: public, max-age=3600."),
        (open_to_all, "The function runs answers a stranger with 200."),
        (of_another_origin, "The function grants does not let the page call it: 204."),
        (not_there, "The page's config.json answers 403 and names other functions."),
    ],
)
def test_what_is_wrong_is_named(deployment: Deployment, spoil: Change, complaint: str) -> None:
    deployment.spoil = spoil
    assert any(found.endswith(complaint) for found in faults(deployment.outputs))


def test_what_does_not_answer_is_named(deployment: Deployment) -> None:
    outputs = deployment.outputs
    deployment.close()
    found = list(faults(outputs))
    assert f"The page {outputs['page']} answers 0." in found
    assert "The function sources answers a stranger with 0." in found


def test_behind_a_load_balancer_a_stranger_may_be_led_elsewhere(deployment: Deployment) -> None:
    def led(path: str, response: Any) -> Any:
        if path.startswith("/functions/"):
            response.status_code = 302
            response.headers["Location"] = "https://accounts.example.com/"
        return response

    deployment.spoil = led
    functions = {name: f"{deployment.origin}/functions/{name}" for name in FUNCTIONS}
    found = list(faults({**deployment.outputs, "functions": functions}))
    assert not [fault for fault in found if "stranger" in fault]
