"""Calls of Google's services: where they go, how often they are tried, what their failures mean.

The cloud's adapters alone load this module, since it loads Google's libraries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import grpc
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError

from headrace.errors import SETTINGS_INVALID, HeadraceError, Kind

Answer = TypeVar("Answer")

_PROJECT = re.compile(r"[a-z][a-z0-9.:-]*[a-z0-9]")
_EMULATOR = re.compile(r"(localhost|127\.0\.0\.1|\[::1\]):\d{1,5}")

# Whoever calls again may be answered. Everything that is called is told apart when it is repeated.
_AGAIN = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.INTERNAL,
}


@dataclass(frozen=True)
class Place:
    """What `scheme://project/path` names, on Google Cloud or at the address of an emulator."""

    project: str
    path: str
    emulator: str | None
    options: Mapping[str, str] = field(default_factory=dict)


def place(url: str, *known: str) -> Place:
    """Read a URL, which may have the `known` options. Raises SETTINGS_INVALID.

    `?emulator=127.0.0.1:8080` has everything sent there, unencrypted and with no credentials, so
    it is refused for any other machine than this one; so is an option `..._emulator`.
    """
    parts = urlsplit(url)
    options = parse_qs(parts.query, keep_blank_values=True)
    emulators = options.pop("emulator", [])
    unfit = [name for name, values in options.items() if name not in known or len(values) > 1]
    if not _PROJECT.fullmatch(parts.netloc) or unfit or len(emulators) > 1 or parts.fragment:
        raise HeadraceError(
            SETTINGS_INVALID,
            f"The setting '{url}' names no project of Google Cloud; write it like "
            f"{parts.scheme}://my-project.",
        )
    others = (values[0] for name, values in options.items() if name.endswith("_emulator"))
    if not all(_EMULATOR.fullmatch(address) for address in (*emulators, *others)):
        raise HeadraceError(
            SETTINGS_INVALID,
            f"The emulator of '{url}' has to be on this machine, like 127.0.0.1:8080: what is sent "
            "to it is not encrypted.",
        )
    return Place(
        parts.netloc,
        parts.path.strip("/"),
        emulators[0] if emulators else None,
        {name: value for name, (value,) in options.items()},
    )


def emulator_channel(address: str) -> grpc.Channel:
    """Never through a proxy, and with no credentials."""
    return grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)])


@dataclass(frozen=True)
class Patience:
    """How many seconds an attempt may take, and after how many there is no further one."""

    attempt: float = 6.0
    all: float = 20.0


@dataclass(frozen=True)
class Kinds:
    """What a port calls the failures of its service."""

    unavailable: Kind
    busy: Kind
    forbidden: Kind
    missing: Kind
    unfit: Kind


# By status alone; what the service says beside it is never shown.
_MEANINGS: dict[grpc.StatusCode, tuple[Callable[[Kinds], Kind], str]] = {
    grpc.StatusCode.UNAVAILABLE: (lambda kinds: kinds.unavailable, "it can't be reached"),
    grpc.StatusCode.DEADLINE_EXCEEDED: (
        lambda kinds: kinds.unavailable,
        "it did not answer in time",
    ),
    grpc.StatusCode.INTERNAL: (lambda kinds: kinds.unavailable, "it reports a fault of its own"),
    grpc.StatusCode.UNKNOWN: (lambda kinds: kinds.unavailable, "it reports an unknown fault"),
    grpc.StatusCode.CANCELLED: (lambda kinds: kinds.unavailable, "the call was broken off"),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (lambda kinds: kinds.busy, "a quota is used up"),
    grpc.StatusCode.ABORTED: (lambda kinds: kinds.busy, "others wrote to it at the same time"),
    grpc.StatusCode.PERMISSION_DENIED: (lambda kinds: kinds.forbidden, "access is denied"),
    grpc.StatusCode.UNAUTHENTICATED: (
        lambda kinds: kinds.forbidden,
        "the credentials were not accepted",
    ),
    grpc.StatusCode.NOT_FOUND: (lambda kinds: kinds.missing, "it does not exist"),
    grpc.StatusCode.FAILED_PRECONDITION: (
        lambda kinds: kinds.unfit,
        "it is in a state that does not allow this",
    ),
}


class BadAnswerError(Exception):
    """An answer that is not good, and may be another time; `kind` and `reason` if it never is."""

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class Calls:
    """The calls of one service; `what` names it in errors."""

    def __init__(self, what: str, kinds: Kinds, patience: Patience) -> None:
        self._what = what
        self._kinds = kinds
        self._retry = Retry(
            predicate=_may_help, initial=0.1, maximum=2.0, multiplier=2.0, timeout=patience.all
        )
        self.timeout = patience.attempt

    def __call__(self, doing: str, call: Callable[[], Answer]) -> Answer:
        """What `call` returns, which is called again while that may help.

        It gives `timeout` to the client's methods, and their own `retry` is None. Raises the kinds
        of this service, and what `call` raises of its own.
        """
        try:
            answer: Answer = self._retry(call)()
            return answer
        except RetryError as error:
            raise self._translated(doing, error.cause) from error
        except GoogleAPICallError as error:
            raise self._translated(doing, error) from error

    def _translated(self, doing: str, cause: BaseException | None) -> BaseException:
        if isinstance(cause, BadAnswerError):
            return HeadraceError(cause.kind, f"Could not {doing} {self._what}: {cause.reason}.")
        status = getattr(cause, "grpc_status_code", None)
        if status is None or status not in _MEANINGS:
            return cause or RuntimeError("the call failed without an error")
        kind, reason = _MEANINGS[status]
        return HeadraceError(
            kind(self._kinds), f"Could not {doing} {self._what}: {reason} ({status.name})."
        )


def opened(what: str, forbidden: Kind, make: Callable[[], Answer]) -> Answer:
    """The client that `make` makes. Raises `forbidden` if this machine has no credentials."""
    try:
        return make()
    except GoogleAuthError as error:
        raise HeadraceError(
            forbidden,
            f"Could not open {what}: there are no credentials of Google Cloud.",
            hint="On Google Cloud the service's account is used by itself. Elsewhere run 'gcloud "
            "auth application-default login', or let GOOGLE_APPLICATION_CREDENTIALS name a file.",
        ) from error


def _may_help(error: BaseException) -> bool:
    return isinstance(error, BadAnswerError) or getattr(error, "grpc_status_code", None) in _AGAIN
