"""From values and errors to HTTP answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from flask import Response
from pydantic import Field

from headrace.api.operations import Stream
from headrace.errors import INTERNAL_ERROR, HeadraceError
from headrace.logs import log_context
from headrace.problems import Problem
from headrace.values import Value

_JSON = "application/json"
NDJSON = "application/x-ndjson"
PROBLEM = "application/problem+json"

_log = logging.getLogger(__name__)


class StreamEnd(Value):
    """The last line of a stream that came to its end; without it the stream was cut off."""

    count: int = Field(ge=0, description="How many items were sent.")


def of_value(value: Value, status: int) -> Response:
    return _response([value.model_dump_json().encode()], status, _JSON)


def of_json(document: Mapping[str, Any]) -> Response:
    return _response([json.dumps(document, ensure_ascii=False).encode()], 200, _JSON)


def of_nothing() -> Response:
    response = _response([], 204, _JSON)
    del response.headers["Content-Type"]
    return response


def of_error(error: Exception, request_id: str) -> Response:
    """A problem (RFC 9457). What nobody foresaw is logged, and says nothing of itself."""
    problem = _problem(error, request_id)
    response = _response([problem.model_dump_json().encode()], problem.status, PROBLEM)
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="headrace"'
    if isinstance(error, HeadraceError) and error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def of_stream(items: Iterator[Value], stream: Stream, request_id: str) -> Response:
    """Lines of NDJSON. The first item is awaited here, so that its error is a plain problem."""
    first = [item for item in (next(items, None),) if item is not None]
    response = Response(
        _lines(chain(first, items), stream.tag, request_id), 200, content_type=NDJSON
    )
    close: Callable[[], None] | None = getattr(items, "close", None)
    if close:
        response.call_on_close(close)  # the client may go away before the end
    return _guarded(response)


def _lines(items: Iterable[Value], tag: str, request_id: str) -> Iterator[bytes]:
    count = 0
    try:
        for item in items:
            count += 1
            yield _line(tag, item)
    except Exception as error:  # noqa: BLE001  the status is sent: the last line must tell it
        yield _line("problem", _problem(error, request_id))
    else:
        yield _line("end", StreamEnd(count=count))


def _line(tag: str, value: Value) -> bytes:
    return f'{{"{tag}":{value.model_dump_json()}}}\n'.encode()


def _problem(error: Exception, request_id: str) -> Problem:
    if not isinstance(error, HeadraceError):
        with log_context(request_id=request_id):
            _log.error("An error that nobody foresaw", exc_info=error)
        detail = f"The request {request_id} came upon an error that nobody foresaw."
        return Problem.of(HeadraceError(INTERNAL_ERROR, detail))
    if error.kind.status >= 500:
        with log_context(request_id=request_id):
            _log.error("%s: %s", error.code, error.detail, exc_info=error)
    return Problem.of(error)


def _response(body: list[bytes], status: int, content_type: str) -> Response:
    # An iterator, because functions-framework reads a request's whole body into memory, however
    # long, unless the answer is a stream.
    response = Response(iter(body), status, content_type=content_type)
    response.content_length = sum(map(len, body))
    return _guarded(response)


def _guarded(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
