"""REST calls of Google's services, for those of which a client library would be mostly unused.

A failure has the status that it would have over gRPC, so that `google_calls` tells what it means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import google.auth
import requests
from google.api_core.exceptions import GoogleAPICallError, from_grpc_status
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import AuthorizedSession
from grpc import StatusCode

from headrace.errors import Kind
from headrace.google_calls import opened

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]

# An answer names its status; one of something in between has a code of HTTP alone.
STATUS_OF_CODE = {
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    408: StatusCode.DEADLINE_EXCEEDED,
    409: StatusCode.ABORTED,
    429: StatusCode.RESOURCE_EXHAUSTED,
    500: StatusCode.INTERNAL,
    502: StatusCode.UNAVAILABLE,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}
_STATUS_OF_CODE = {**STATUS_OF_CODE, 400: StatusCode.INVALID_ARGUMENT}


def failure(status: StatusCode) -> GoogleAPICallError:
    """Without the words of whoever answered."""
    made: GoogleAPICallError = from_grpc_status(status, status.name)  # type: ignore[no-untyped-call]
    return made


@contextmanager
def without_answer() -> Iterator[None]:
    """Where there was no answer, or nothing to show who asks, raises GoogleAPICallError."""
    try:
        yield
    except (requests.Timeout, TimeoutError) as error:
        raise failure(StatusCode.DEADLINE_EXCEEDED) from error
    except (requests.RequestException, ConnectionError, TransportError) as error:
        # Also an answer that ends too early, which is no JSON.
        raise failure(StatusCode.UNAVAILABLE) from error
    except GoogleAuthError as error:
        again = error.retryable  # such as a metadata server that is busy
        raise failure(StatusCode.UNAVAILABLE if again else StatusCode.UNAUTHENTICATED) from error


def machine_credentials() -> Credentials:
    """Those that this machine has. Raises GoogleAuthError if it has none."""
    credentials, _ = google.auth.default(scopes=_SCOPES)
    return credentials


class RestService:
    """The methods of one service, at `https://host` or at an emulator's address.

    Credentials are looked for with the first call, which raises `forbidden` if there are none; an
    emulator is shown none.
    """

    def __init__(
        self,
        host: str,
        emulator: str | None,
        forbidden: Kind,
        credentials: Callable[[], Credentials] = machine_credentials,
    ) -> None:
        self._base = f"http://{emulator}" if emulator else f"https://{host}"
        self._host = host
        self._forbidden = forbidden
        self._emulated = emulator is not None
        self._credentials = AnonymousCredentials if emulator else credentials

    @cached_property
    def _session(self) -> AuthorizedSession:
        credentials = opened(self._host, self._forbidden, self._credentials)
        session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
        session.trust_env = not self._emulated  # no proxy
        return session

    def get(self, path: str, query: Mapping[str, str | int], timeout: float) -> dict[str, Any]:
        """What the method answers. Raises GoogleAPICallError, with a status."""
        return self._ask("GET", path, timeout, params=query)

    def post(self, path: str, body: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        """As `get`. It is sent once: whether it may be sent again is for the caller to say."""
        return self._ask("POST", path, timeout, json=body)

    def _ask(self, verb: str, path: str, timeout: float, **sent: Any) -> dict[str, Any]:
        session, url = self._session, f"{self._base}/{path}"
        with without_answer():
            answer: requests.Response = session.request(  # type: ignore[no-untyped-call]
                verb, url, timeout=timeout, allow_redirects=False, **sent
            )
            if answer.status_code == requests.codes.ok:
                told = answer.json()
                if isinstance(told, dict):
                    return told
        raise failure(_status(answer))


def _status(answer: requests.Response) -> StatusCode:
    try:
        name = answer.json()["error"]["status"]
        return StatusCode[name]
    except (ValueError, KeyError, TypeError):
        return _STATUS_OF_CODE.get(answer.status_code, StatusCode.UNKNOWN)
