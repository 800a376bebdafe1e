"""The local server: the page and all functions, on this machine alone, and the heartbeat."""

from __future__ import annotations

import errno
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import waitress
from flask import Request, Response
from waitress import wasyncore
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from headrace import page
from headrace.api import answers, openapi
from headrace.api.functions import FUNCTIONS
from headrace.api.http import endpoint
from headrace.errors import (
    ENDPOINT_NOT_FOUND,
    HOST_NOT_SERVED,
    METHOD_NOT_ALLOWED,
    PORT_NOT_FREE,
    Field,
    HeadraceError,
)
from headrace.extraction.dispatch_loop import DispatchLoop
from headrace.ids import new_id
from headrace.page import Brand, PageConfig
from headrace.services import Services
from headrace.settings import Settings
from headrace.values import Value

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"
# A page elsewhere can make its own name point to 127.0.0.1 and then call us as its own origin
# (DNS rebinding); the Host header still carries its name.
_SERVED_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)
# Above the limit of the functions, so that they answer with a problem; waitress's own is text.
_BODY_LIMIT = 64 << 20


class Index(Value):
    """What is here."""

    name: str = "Headrace"
    functions: tuple[str, ...]
    openapi: str = "/openapi.json"


class LocalServer:
    """A server that listens; it answers while `run` runs, in whichever thread.

    So long it also starts the runs that schedules want.
    """

    def __init__(self, services: Services, listening: socket.socket) -> None:
        self._services = services
        self._dispatching = DispatchLoop(services)
        self._sockets: dict[int, Any] = {}
        self._closing = threading.Event()
        # What wakes the loop is not freed while somebody does. A signal may come in its midst.
        self._waking = threading.RLock()
        self._ended = threading.Event()
        self._ended.set()
        self._server = waitress.create_server(
            application(services),
            map=self._sockets,
            sockets=[listening],
            threads=16,
            ident="",
            max_request_body_size=_BODY_LIMIT,
        )

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.effective_port}"

    @property
    def token(self) -> str:
        """What callers have to show; empty where that is not printed."""
        printed = self._services.sign_in.printed
        return printed.get_secret_value() if printed else ""

    @property
    def page(self) -> str:
        """The page's address, with the token where no server and no log sees it."""
        return f"{self.url}/#token={self.token}" if self.token else f"{self.url}/"

    def run(self, begun: Callable[[], None] = lambda: None) -> None:
        """Serve until `close` is called or, in the main thread, SIGINT or SIGTERM comes.

        `begun` is called once they are listened for: what it tells may be answered with one.
        """
        self._ended.clear()
        with _signals(self._stop):
            try:
                begun()
                self._dispatching.start()
                while not self._closing.is_set():
                    wasyncore.loop(timeout=1, map=self._sockets, count=1)
            finally:
                self._release()
                self._ended.set()

    def close(self) -> None:
        """End `run`, wait for it, and free the port. Closing twice is no error."""
        self._stop()
        self._ended.wait()
        self._release()

    def _stop(self) -> None:
        with self._waking:
            if not self._closing.is_set():
                self._closing.set()
                self._server.pull_trigger()

    def _release(self) -> None:
        self._dispatching.end()
        self._server.task_dispatcher.shutdown()
        with self._waking:
            self._closing.set()
            wasyncore.close_all(self._sockets)
        self._services.close()


def serve(settings: Settings, port: int) -> LocalServer:
    """Listen on a port of 127.0.0.1; 0 takes a free one. `run` then answers.

    Raises PORT_NOT_FREE, and SIGN_IN_NOT_CONFIGURED if nobody could call it.
    """
    services = Services(settings)
    services.sign_in  # noqa: B018  opens it
    try:
        listening = socket.create_server((LOOPBACK, port))
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0, "an unknown error")
        raise HeadraceError(
            PORT_NOT_FREE,
            f"Port {port} of {LOOPBACK} can't be listened on ({code}).",
            fields=[Field("port", "can't be listened on")],
        ) from error
    return LocalServer(services, listening)


def application(services: Services) -> WSGIApplication:
    """Every function under its name, for requests that are addressed to loopback."""
    mounts = {
        f"/{name}": _wsgi(endpoint(operations, services)) for name, operations in FUNCTIONS.items()
    }
    mounted = DispatcherMiddleware(_wsgi(_front(services)), mounts)

    def guarded(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if _SERVED_HOST.fullmatch(environ.get("HTTP_HOST", "")):
            return mounted(environ, start)
        error = HeadraceError(HOST_NOT_SERVED, "The request's Host is not this machine's own.")
        return answers.of_error(error, new_id())(environ, start)

    return guarded


def _front(services: Services) -> Callable[[Request], Response]:
    """What lies beside the functions. It holds no secret, so nobody needs to sign in."""
    documents: dict[str, Callable[[], Response]] = {
        "/functions": lambda: answers.of_value(Index(functions=tuple(FUNCTIONS)), 200),
        "/openapi.json": lambda: answers.of_json(openapi.document(FUNCTIONS)),
        "/config.json": lambda: answers.of_value(_config(services), 200),
    }

    def answer(request: Request) -> Response:
        make = documents.get(request.path)
        response = make() if make else page.answer(request)
        if response is None:
            return _refusal(HeadraceError(ENDPOINT_NOT_FOUND, "The server has no such path."))
        if request.method not in ("GET", "HEAD"):
            response = _refusal(HeadraceError(METHOD_NOT_ALLOWED, "The path can only be read."))
            response.headers["Allow"] = "GET, HEAD"
        return response

    return answer


def _config(services: Services) -> PageConfig:
    settings = services.settings
    return PageConfig(
        sign_in=services.sign_in.page, brand=Brand(name=settings.brand), contact=settings.contact
    )


def _refusal(error: HeadraceError) -> Response:
    return answers.of_error(error, new_id())


def _wsgi(view: Callable[[Request], Response]) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return view(Request(environ))(environ, start)

    return app


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let SIGINT and SIGTERM call `stop`; only the main thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
