"""The wire to the server for Cloud Storage, where it can be looked at and be faulty.

On it resumable uploads are put right, which that server can't go on with and whose conditions it
ignores: what has come whole is sent to it as an upload of one request.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from google.auth.exceptions import RefreshError, TransportError
from requests.adapters import HTTPAdapter

Send = Callable[[requests.PreparedRequest], requests.Response]
Fault = Callable[[Send, requests.PreparedRequest], requests.Response]

_SPAN = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")
_SERVED = "s3cret text of the server"


class Wire(HTTPAdapter):
    """`sent` is all that was sent, be it that a fault swallowed it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[requests.PreparedRequest] = []
        self._faults: dict[str, deque[Fault]] = {}
        self._held: dict[str, bytearray] = {}
        self._done: dict[str, requests.Response] = {}

    def fail(self, verb: str, *faults: Fault) -> None:
        """The next requests with that verb, each in its way."""
        self._faults[verb] = deque(faults)

    def of(self, verb: str) -> list[requests.PreparedRequest]:
        return [request for request in self.sent if request.method == verb]

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        def send(request: requests.PreparedRequest) -> requests.Response:
            forward = super(Wire, self).send
            if request.method == "PUT":
                return self._put(request, lambda other: forward(other, *args, **kwargs))
            return forward(request, *args, **kwargs)

        self.sent.append(request)
        if faults := self._faults.get(request.method or ""):
            return faults.popleft()(send, request)
        return send(request)

    def _put(
        self, request: requests.PreparedRequest, forward: Callable[..., requests.Response]
    ) -> requests.Response:
        span = _SPAN.fullmatch(str(request.headers["Content-Range"]))
        assert span is not None
        if done := self._done.get(str(request.url)):
            return done
        held = self._held.setdefault(str(request.url), bytearray())
        if span[1] is not None:
            assert int(span[1]) <= len(held), "bytes are missing before these"
            del held[int(span[1]) :]
            held += body_of(request)
        if span[2] != str(len(held)):
            return answer(308, **({"Range": f"bytes=0-{len(held) - 1}"} if held else {}))
        url = urlsplit(str(request.url))
        (name,) = parse_qs(url.query)["name"]
        query = {"uploadType": "multipart", "name": name, "ifGenerationMatch": "0"}
        whole = url._replace(query=urlencode(query)).geturl()
        parts = b'--part\r\n\r\n{"name":"%s"}\r\n--part\r\n\r\n%s\r\n--part--'
        body = parts % (name.encode(), bytes(held))
        kind = {"Content-Type": "multipart/related; boundary=part"}
        made = forward(requests.Request("POST", whole, data=body, headers=kind).prepare())
        self._done[str(request.url)] = made
        return made


def answer(status: int, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code, made._content = status, _SERVED.encode()
    made.headers.update(headers)
    return made


def body_of(request: requests.PreparedRequest) -> bytes:
    body = request.body or b""
    assert isinstance(body, bytes)
    return body


def refused(status: int) -> Fault:
    return lambda send, request: answer(status)


def unreachable(send: Send, request: requests.PreparedRequest) -> requests.Response:
    raise requests.ConnectionError(_SERVED)


def unauthorised(send: Send, request: requests.PreparedRequest) -> requests.Response:
    raise RefreshError(_SERVED)  # type: ignore[no-untyped-call]


def no_way_to_sign_in(send: Send, request: requests.PreparedRequest) -> requests.Response:
    """The line to whoever gives out tokens is broken."""
    raise TransportError(_SERVED)  # type: ignore[no-untyped-call]


def lost(send: Send, request: requests.PreparedRequest) -> requests.Response:
    """It arrives, and the answer does not."""
    send(request)
    raise requests.ReadTimeout(_SERVED)


def in_part(send: Send, request: requests.PreparedRequest) -> requests.Response:
    """The server keeps the first half of it alone."""
    part, body = request.copy(), body_of(request)
    part.body = body[: len(body) // 2]
    return send(part)


def spoilt(send: Send, request: requests.PreparedRequest) -> requests.Response:
    """A byte of it changes on the way."""
    part = request.copy()
    part.body = b"?" + body_of(request)[1:]
    return send(part)
