"""Questions to Google's services over REST, in the name of the project, as Terraform asks them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import google.auth
import requests
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
_EMULATOR = re.compile(r"127\.0\.0\.1:\d{1,5}")
_SECONDS = 20
Query = Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """The status, 0 if nobody answered, and the body."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return self.status == 200

    @property
    def api_off(self) -> bool:
        """Whether the service was not asked at all, since the project has not turned it on."""
        details = self.body.get("error", {}).get("details", [])
        return any(detail.get("reason") == "SERVICE_DISABLED" for detail in details)

    @property
    def reason(self) -> str:
        """What went wrong, for a sentence; never the words of whoever answered."""
        if self.api_off:
            return "its API is off"
        return f"it answered {self.status}" if self.status else "nobody answered"


class NoCredentialsError(Exception):
    """This machine has none for Google Cloud."""


class Asking:
    """Asks with this machine's credentials; an emulator, on this machine alone, with none.

    Raises NoCredentialsError, and ValueError for an emulator elsewhere.
    """

    def __init__(self, project: str, emulator: str | None = None) -> None:
        if emulator and not _EMULATOR.fullmatch(emulator):
            raise ValueError(f"'{emulator}' is not on this machine, like 127.0.0.1:8080")
        self._base = f"http://{emulator}/" if emulator else "https://"
        self._session = AuthorizedSession(_credentials(project, emulator))  # type: ignore[no-untyped-call]
        self._session.trust_env = not emulator  # no proxy

    def get(self, host: str, path: str, query: Query | None = None) -> Answer:
        return self._ask("GET", host, path, params=query)

    def post(self, host: str, path: str, body: Mapping[str, Any]) -> Answer:
        return self._ask("POST", host, path, json=body)

    def _ask(self, verb: str, host: str, path: str, **sent: Any) -> Answer:
        try:
            answer = self._session.request(  # type: ignore[no-untyped-call]
                verb, f"{self._base}{host}/{path}", timeout=_SECONDS, allow_redirects=False, **sent
            )
            body = answer.json()
        except (requests.RequestException, GoogleAuthError):
            return Answer(0)
        return Answer(answer.status_code, body if isinstance(body, dict) else {})


def _credentials(project: str, emulator: str | None) -> Any:
    if emulator:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]
    try:
        credentials, _ = google.auth.default(scopes=_SCOPES, quota_project_id=project)
    except GoogleAuthError as error:
        raise NoCredentialsError from error
    return credentials
