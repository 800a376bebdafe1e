"""A REST server on a free port of 127.0.0.1, which keeps what it was asked and can be faulty."""

from __future__ import annotations

import json
import re
import select
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn, Self
from urllib.parse import parse_qs, unquote, urlsplit

from devservers.google.faults import FaultyServer

Json = dict[str, Any]
Work = Callable[[], Json]

# The codes of HTTP that Google's statuses have (google.rpc.Code).
CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


class RestError(Exception):
    """A method's refusal, with the status that the caller gets, and what an answer adds to it."""

    def __init__(self, status: str, message: str, details: Sequence[Json] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details


class _HungUpError(Exception):
    """Nothing is to be answered any more."""


@dataclass(frozen=True)
class Call:
    """One that came: what the path's pattern caught, the query, the body, the bearer token."""

    parts: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    token: str | None
    connection: socket.socket


@dataclass(frozen=True)
class Route:
    """A method of the service, by its verb and path."""

    name: str
    verb: str
    path: re.Pattern[str]
    work: Callable[[Call], Json]


# A fault is given what the method would do, and the call.
Fault = Callable[[Work, Call], Json]


def refused(status: str) -> Fault:
    """Nothing is done."""

    def fault(work: Work, call: Call) -> NoReturn:  # noqa: ARG001
        raise RestError(status, "a fault of the test's own: s3cret text of the server")

    return fault


def lost(status: str) -> Fault:
    """It is done, and the answer does not arrive."""

    def fault(work: Work, call: Call) -> NoReturn:  # noqa: ARG001
        work()
        raise RestError(status, "a fault of the test's own")

    return fault


def silent(work: Work, call: Call) -> NoReturn:  # noqa: ARG001
    """Nothing is said until the caller hangs up."""
    select.select([call.connection], [], [], 60)
    raise _HungUpError


def hung_up(work: Work, call: Call) -> NoReturn:  # noqa: ARG001
    """It is done, and the connection breaks."""
    work()
    raise _HungUpError


def spoilt(change: Callable[[Json], None]) -> Fault:
    """It is done, and the answer changed on the way."""

    def fault(work: Work, call: Call) -> Json:  # noqa: ARG001
        answer = work()
        change(answer)
        return answer

    return fault


class RestServer(FaultyServer[Fault, Call]):
    def __init__(self, routes: Sequence[Route]) -> None:
        super().__init__([route.name for route in routes])
        self._routes = routes
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> Self:
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        server.daemon_threads = True
        threading.Thread(target=lambda: server.serve_forever(0.05), daemon=True).start()
        self._server, self.address = server, f"127.0.0.1:{server.server_port}"
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, verb: str, path: str, call: Callable[[Mapping[str, str]], Call]) -> Json:
        for route in self._routes:
            if route.verb == verb and (found := route.path.fullmatch(path)):
                parts = {name: unquote(part) for name, part in found.groupdict().items()}
                return self._answered(route, call(parts))
        raise RestError("NOT_FOUND", f"There is no method {verb} {path}.")

    def _answered(self, route: Route, call: Call) -> Json:
        self.requests[route.name].append(call)
        if self._faults[route.name]:
            return self._faults[route.name].popleft()(lambda: route.work(call), call)
        return route.work(call)

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # it would hold each body back for 40 ms

            def _do(self) -> None:
                url = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(url.query).items()}
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                form = "form" in self.headers.get("Content-Type", "")
                body = {k: v[-1] for k, v in parse_qs(sent.decode()).items()} if form else {}
                scheme, _, token = self.headers.get("Authorization", "").partition(" ")

                def call(parts: Mapping[str, str]) -> Call:
                    return Call(
                        parts,
                        query,
                        body or json.loads(sent or b"{}"),
                        token if scheme == "Bearer" else None,
                        self.connection,
                    )

                try:
                    self._say(200, server.answer(self.command, url.path, call))
                except _HungUpError:
                    self.close_connection = True
                except RestError as error:
                    code = CODES[error.status]
                    told = {"code": code, "message": error.message, "status": error.status}
                    details = {"details": list(error.details)} if error.details else {}
                    self._say(code, {"error": told | details})

            do_GET = do_POST = _do  # noqa: N815

            def _say(self, code: int, answer: Json) -> None:
                content = json.dumps(answer).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json; charset=UTF-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
