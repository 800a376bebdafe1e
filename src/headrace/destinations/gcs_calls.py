"""Calls of Cloud Storage, over its JSON API; what it answers is told apart by the status alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from grpc import StatusCode

from headrace.errors import (
    DESTINATION_BUSY,
    DESTINATION_FORBIDDEN,
    DESTINATION_MISSING,
    DESTINATION_UNAVAILABLE,
    HeadraceError,
)
from headrace.google_calls import Calls, Kinds, Patience
from headrace.google_rest import STATUS_OF_CODE, failure, without_answer

T = TypeVar("T")

# A block may take its time on a slow line.
PATIENCE = Patience(attempt=60.0, all=120.0)
_KINDS = Kinds(
    unavailable=DESTINATION_UNAVAILABLE,
    busy=DESTINATION_BUSY,
    forbidden=DESTINATION_FORBIDDEN,
    missing=DESTINATION_MISSING,
    unfit=DESTINATION_UNAVAILABLE,
)
PAGE = 1000


class CloudStorage:
    """What a staging needs of Cloud Storage. Paths are `bucket/name`.

    `base` is `https://storage.googleapis.com`, or an emulator's. Raises DESTINATION_UNAVAILABLE,
    DESTINATION_BUSY, DESTINATION_FORBIDDEN and, without the bucket, DESTINATION_MISSING.
    """

    def __init__(self, session: requests.Session, base: str, patience: Patience = PATIENCE) -> None:
        self.base = base
        self._session = session
        self._calls = Calls("in Cloud Storage", _KINDS, patience)

    def names(self, directory: str, most: int | None = None) -> Iterator[str]:
        """The paths of at most so many objects below a directory."""
        bucket, _, prefix = directory.partition("/")
        query: dict[str, Any] = {
            "prefix": f"{prefix}/",
            "fields": "items/name,nextPageToken",
            "maxResults": most or PAGE,
        }
        url = f"{self.base}/storage/v1/b/{quote(bucket, safe='')}/o"
        while True:
            page = self.patiently(
                f"list gs://{directory}", lambda: self.ask("GET", url, {200}, params=query).json()
            )
            yield from (f"{bucket}/{item['name']}" for item in page.get("items", ()))
            if most or "nextPageToken" not in page:
                return
            query["pageToken"] = page["nextPageToken"]

    def find(self, path: str) -> dict[str, Any] | None:
        """The object's size and generation; None without the object."""
        query = {"fields": "size,generation"}

        def ask() -> dict[str, Any] | None:
            answer = self.ask("GET", self._url(path), {200, 404}, params=query)
            found: dict[str, Any] | None = answer.json() if answer.status_code == 200 else None
            return found

        found = self.patiently(f"find gs://{path}", ask)
        if found is None:
            self._check_bucket(path)
        return found

    def read(self, path: str, generation: str, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end`. Raises FileNotFoundError."""
        url = f"{self.base}/download{self._url(path).removeprefix(self.base)}"
        query = {"alt": "media", "generation": generation}
        span = {"Range": f"bytes={start}-{end - 1}"}

        def ask() -> bytes | None:
            answer = self.ask("GET", url, {200, 206, 404}, params=query, headers=span)
            if answer.status_code == 404:
                return None
            if len(answer.content) != end - start:
                raise failure(StatusCode.UNAVAILABLE)
            return answer.content

        content = self.patiently(f"read gs://{path}", ask)
        if content is None:
            self._check_bucket(path)
            raise FileNotFoundError(path)
        return content

    def delete(self, path: str) -> None:
        """Absent is no error: whoever had no answer asks again."""
        self.patiently(
            f"remove gs://{path}", lambda: self.ask("DELETE", self._url(path), {200, 204, 404})
        )

    def patiently(self, doing: str, call: Callable[[], T]) -> T:
        """Call it again while that may help; `doing` is what the user reads that failed."""
        return self._calls(doing, call)

    def ask(self, verb: str, url: str, good: set[int], **sent: Any) -> requests.Response:
        """One request. Raises GoogleAPICallError with a status unless the answer is a good one."""
        with without_answer():
            answer = self._session.request(
                verb, url, timeout=self._calls.timeout, allow_redirects=False, **sent
            )
        if answer.status_code not in good:
            raise failure(STATUS_OF_CODE.get(answer.status_code, StatusCode.UNKNOWN))
        return answer

    def _check_bucket(self, path: str) -> None:
        """Cloud Storage has one status for an object and for a bucket that is not there."""
        list(self.names(path.rpartition("/")[0], most=1))

    def _url(self, path: str) -> str:
        bucket, _, name = path.partition("/")
        return f"{self.base}/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"


def broken_off(path: str, why: str) -> HeadraceError:
    """What makes it worth while to begin the file anew, by another name."""
    return HeadraceError(
        DESTINATION_UNAVAILABLE,
        f"Could not write gs://{path} in Cloud Storage: {why}.",
        hint="Start the run again: the file is written anew.",
    )
