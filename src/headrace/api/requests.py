"""From an HTTP request to a valid value: bounded, strict, and with all wrong fields at once."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from flask import Request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from headrace.api.operations import Operation, Place, header_name
from headrace.errors import (
    BODY_TOO_LARGE,
    INVALID_INPUT,
    MALFORMED_JSON,
    UNSUPPORTED_MEDIA_TYPE,
    Field,
    HeadraceError,
)
from headrace.validation import UNKNOWN_FIELD, wrong_fields
from headrace.values import Value

# Twenty thousand tables fit into it.
BODY_LIMIT = 4 << 20
# A client that is still sending often misses an answer, so what is refused is read to its end
# and thrown away; up to here (Cloud Run passes no more either, "Quotas and limits").
DRAIN_LIMIT = 32 << 20
_PIECE = 1 << 16
_MOST_FIELDS = 100
_LONGEST_PATH = 120


def read(request: Request, operation: Operation, path: dict[str, str]) -> Value:
    """The operation's request value, from the path's fields, headers, query and body.

    Raises INVALID_INPUT with every wrong field, MALFORMED_JSON, BODY_TOO_LARGE, or
    UNSUPPORTED_MEDIA_TYPE. No input is repeated in them, because it may be a password.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, Field] = {}
    for place, name, value in _given(request, operation, path):
        right = operation.place(name)
        if name not in operation.request.model_fields:
            wrong[name] = Field(name, UNKNOWN_FIELD)
        elif place is not right:
            wrong[name] = Field(name, f"belongs in the {right}, not in the {place}")
        elif name in values:
            wrong[name] = Field(name, "is given twice")
        else:
            values[name] = value
    try:
        valid = _validate(operation, values)
    except ValidationError as error:
        wrong = {**{field.path: field for field in wrong_fields(error)}, **wrong}
    if wrong:
        fields = [_shown(operation, field) for field in wrong.values()]
        names = ", ".join(field.path for field in fields[:5])
        more = f" and {len(fields) - 5} more" if len(fields) > 5 else ""
        raise HeadraceError(
            INVALID_INPUT, f"The request is wrong in {names}{more}.", fields=fields[:_MOST_FIELDS]
        )
    return valid


def drain(request: Request) -> None:
    """Read what the client still sends, so that it gets to reading the answer."""
    with suppress(HTTPException, OSError):
        for _ in _pieces(request, DRAIN_LIMIT):
            pass


def _given(
    request: Request, operation: Operation, path: dict[str, str]
) -> Iterator[tuple[Place, str, Any]]:
    for name, text in path.items():
        yield Place.PATH, name, text
    for name in operation.headers:
        if (header := request.headers.get(header_name(name))) is not None:
            yield Place.HEADER, name, header
    for name, text in request.args.items(multi=True):
        yield Place.QUERY, name, text
    for name, value in _json_body(request, operation).items():
        yield Place.BODY, name, value


def _validate(operation: Operation, values: dict[str, Any]) -> Value:
    if operation.method != "POST":
        return operation.request.model_validate_strings(values)
    try:
        # Paths and headers carry only texts here, so JSON's strictness does them no harm.
        return operation.request.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        if any(wrong["type"] == "json_invalid" for wrong in error.errors(include_url=False)):
            raise HeadraceError(
                MALFORMED_JSON, "The body holds text that is not Unicode, or is nested too deep."
            ) from None
        raise


def _shown(operation: Operation, field: Field) -> Field:
    """The field by the name under which it was sent."""
    name = header_name(field.path) if field.path in operation.headers else field.path
    printable = "".join(c if c.isprintable() else "�" for c in name[:_LONGEST_PATH])
    return replace(field, path=printable or "body")


def _json_body(request: Request, operation: Operation) -> dict[str, Any]:
    """The body's object; {} if there is no body and none is needed."""
    body = _body(request)
    if not body and not operation.fields(Place.BODY):
        return {}
    if not _is_json(request):
        raise HeadraceError(UNSUPPORTED_MEDIA_TYPE, "The request's body is not sent as JSON.")
    return _parse(body)


def _is_json(request: Request) -> bool:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    return request.mimetype == "application/json" and charset == "utf-8"


def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        for piece in _pieces(request, DRAIN_LIMIT):
            body += piece
            if len(body) > BODY_LIMIT:
                raise HeadraceError(
                    BODY_TOO_LARGE, f"The request's body is longer than {BODY_LIMIT} bytes."
                )
    except (HTTPException, OSError):
        raise HeadraceError(MALFORMED_JSON, "The request's body ended early.") from None
    return bytes(body)


def _pieces(request: Request, most: int) -> Iterator[bytes]:
    read = 0
    while read < most and (piece := request.stream.read(_PIECE)):
        read += len(piece)
        yield piece


def _parse(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_number,
            parse_float=_finite,
        )
    except HeadraceError:
        raise
    except (ValueError, RecursionError):
        # The parser's own words repeat a part of the body.
        raise HeadraceError(MALFORMED_JSON, "The request's body can't be read as JSON.") from None
    if not isinstance(parsed, dict):
        raise HeadraceError(MALFORMED_JSON, "The request's body is JSON, but not an object.")
    return parsed


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise HeadraceError(MALFORMED_JSON, "An object in the request's body has a key twice.")
    return values


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _no_number(_text: str) -> float:
    raise HeadraceError(MALFORMED_JSON, "A number in the request's body is not a finite one.")
