"""Cross-origin requests: one exact origin may call from a browser, or none."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Request, Response
from pydantic import AnyHttpUrl

from headrace.api.operations import Operation, header_name
from headrace.settings import Settings

# What a page of another origin may see of an answer's headers.
_EXPOSED = "Allow, Headrace-Roles, Retry-After, X-Request-Id"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def allow(request: Request, response: Response, settings: Settings) -> None:
    """Let the configured origin read the answer."""
    if settings.web_origin is None:
        return
    response.headers.add("Vary", "Origin")
    if request.headers.get("Origin") == _origin(settings.web_origin):
        response.headers["Access-Control-Allow-Origin"] = _origin(settings.web_origin)
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED


def allow_preflight(response: Response, operations: Iterable[Operation]) -> None:
    """Name what the origin may send, if `allow` let it in."""
    if "Access-Control-Allow-Origin" not in response.headers:
        return
    fields = sorted({header_name(name) for op in operations for name in op.headers})
    response.headers["Access-Control-Allow-Methods"] = response.headers["Allow"]
    response.headers["Access-Control-Allow-Headers"] = ", ".join(
        ["Authorization", "Content-Type", *fields]
    )
    response.headers["Access-Control-Max-Age"] = "600"


def _origin(url: AnyHttpUrl) -> str:
    """An origin as browsers write it: no path, no default port."""
    port = "" if url.port in (None, _DEFAULT_PORTS[url.scheme]) else f":{url.port}"
    return f"{url.scheme}://{url.host}{port}"
