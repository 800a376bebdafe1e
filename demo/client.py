"""A client of the HTTP functions: what the web page does, in Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx

MODEL = "demo"


class RefusedError(Exception):
    """The service answered with a problem."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(f"{problem['title']} ({problem['code']}): {problem['detail']}")
        self.code = problem["code"]
        self.hint = problem["hint"]


class Client:
    """Calls the functions at one address with one token."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False
        )

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **query: str) -> Any:
        return _value(self._http.get(path, params=query))

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
        return _value(self._http.post(path, json=body or {}, headers=headers))

    def stream(self, path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The lines of a streamed answer; a stream that breaks off is an error."""
        accept = {"Accept": "application/x-ndjson"}
        with self._http.stream("POST", path, json=body, headers=accept) as answer:
            if answer.is_error:
                answer.read()
                _value(answer)
            for text in answer.iter_lines():
                line = json.loads(text)
                if "problem" in line:
                    raise RefusedError(line["problem"])
                if "end" in line:
                    return
                yield line
        raise RuntimeError("the answer was cut off")


def _value(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise RefusedError(answer.json())
    return answer.json() if answer.content else None
