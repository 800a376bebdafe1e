"""The wire to BigQuery's emulator, where it can be looked at and be faulty."""

from __future__ import annotations

import json
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.destinations.gcs_wire import Fault, Send


class Wire(HTTPAdapter):
    """`sent` is all that was sent, be it that a fault swallowed it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[requests.PreparedRequest] = []
        self._faults: list[tuple[str, str, Fault]] = []

    def fail(self, verb: str, part: str, *faults: Fault) -> None:
        """The next requests with that verb that have the part in their address or body."""
        self._faults += [(verb, part, fault) for fault in faults]

    def jobs(self, kind: str) -> list[dict[str, Any]]:
        """What was sent to be done: loads, queries."""
        bodies = [
            _body_of(request)
            for request in self.sent
            if request.method == "POST" and str(request.url).partition("?")[0].endswith("/jobs")
        ]
        return [body for body in bodies if kind in body["configuration"]]

    def datasets(self, name: str) -> list[dict[str, Any]]:
        """What was sent to make the dataset of that name."""
        bodies = [
            _body_of(request)
            for request in self.sent
            if request.method == "POST" and str(request.url).partition("?")[0].endswith("/datasets")
        ]
        return [body for body in bodies if body["datasetReference"]["datasetId"] == name]

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        def forward(request: requests.PreparedRequest) -> requests.Response:
            return super(Wire, self).send(request, *args, **kwargs)

        self.sent.append(request)
        for number, (verb, part, fault) in enumerate(self._faults):
            if verb == request.method and part in f"{request.url} {request.body!r}":
                del self._faults[number]
                return fault(forward, request)
        return forward(request)


def refused(status: int, reason: str) -> Fault:
    def refuse(send: Send, request: requests.PreparedRequest) -> requests.Response:
        told = [{"reason": reason, "message": "s3cret text of the server"}]
        error = {"code": status, "message": "s3cret text of the server", "errors": told}
        return _answer(request, status, {"error": error})

    return refuse


def failed(reason: str) -> Fault:
    """The job is taken, and ends for that reason without having done anything."""

    def end(send: Send, request: requests.PreparedRequest) -> requests.Response:
        job = _body_of(request)
        error = {"reason": reason, "message": "s3cret text of the server"}
        job["status"] = {"state": "DONE", "errorResult": error, "errors": [error]}
        return _answer(request, 200, job)

    return end


def with_fields(**fields: object) -> Fault:
    """An answer that says what the emulator's never do."""

    def answer(send: Send, request: requests.PreparedRequest) -> requests.Response:
        return _answer(request, 200, {**send(request).json(), **fields})

    return answer


# A table of which no row is left.
emptied = with_fields(numRows="0")


def _body_of(request: requests.PreparedRequest) -> dict[str, Any]:
    body = request.body or "{}"
    assert isinstance(body, str | bytes)
    told: dict[str, Any] = json.loads(body)
    return told


def _answer(
    request: requests.PreparedRequest, status: int, body: dict[str, Any]
) -> requests.Response:
    made = requests.Response()
    made.request, made.url = request, str(request.url)
    made.status_code, made._content = status, json.dumps(body).encode()
    made.headers["Content-Type"] = "application/json"
    return made
