"""Looks at a deployment as a stranger: `terraform output -json | python -m deploy.smoke`.

The page is there and is asked for anew each time, it knows the functions, and each function lets
the page call it and refuses whoever has not signed in. Nothing but Python is needed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

# What was made just now may not be known everywhere yet.
PATIENCE = 180.0
_EACH = 30


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def main() -> int:
    outputs = json.loads(Path(sys.argv[1]).read_text() if sys.argv[1:] else sys.stdin.read())
    values = {name: output["value"] for name, output in outputs.items()}
    wrong = try_until_right(values, PATIENCE)
    print("\n".join(wrong) or f"The page and {len(values['functions'])} functions answer.")
    return 1 if wrong else 0


def try_until_right(outputs: Mapping[str, Any], patience: float) -> list[str]:
    """What is still wrong when the seconds are over."""
    deadline = time.monotonic() + patience
    while (wrong := list(faults(outputs))) and time.monotonic() < deadline:
        time.sleep(5)
    return wrong


def faults(outputs: Mapping[str, Any]) -> Iterator[str]:
    page, origin = outputs["page"], outputs["page_origin"]
    yield from _page_faults(page, outputs["functions"])
    for name, address in sorted(outputs["functions"].items()):
        if _same_origin(address, origin):
            yield from _guarded_faults(name, address)
        else:
            yield from _function_faults(name, address, origin)


def _page_faults(page: str, functions: Mapping[str, str]) -> Iterator[str]:
    index = _ask(page)
    if index.status != 200 or b"Content-Security-Policy" not in index.body:
        yield f"The page {page} answers {index.status}."
    if index.headers.get("cache-control") != "no-cache":
        yield f"The page {page} may be kept by browsers: {index.headers.get('cache-control')}."
    named = (a.encode() in index.body or _same_origin(a, page) for a in functions.values())
    if not all(named):
        yield f"The policy of the page {page} does not let it call all functions."
    config = _ask(urljoin(page, "config.json"))
    if config.status != 200 or json.loads(config.body).get("functions") != dict(functions):
        yield f"The page's config.json answers {config.status} and names other functions."


def _function_faults(name: str, address: str, origin: str) -> Iterator[str]:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    preflight = _ask(f"{address}/", "OPTIONS", asked)
    if preflight.headers.get("access-control-allow-origin") != origin:
        yield f"The function {name} does not let the page call it: {preflight.status}."
    stranger = _ask(f"{address}/", "POST", {"Content-Type": "application/json"})
    if stranger.status != 401 or b"not_signed_in" not in stranger.body:
        yield f"The function {name} answers a stranger with {stranger.status}."


def _guarded_faults(name: str, address: str) -> Iterator[str]:
    """Behind a load balancer, where IAP may refuse a stranger, or lead him to sign in."""
    stranger = _ask(f"{address}/", "POST", {"Content-Type": "application/json"})
    if stranger.status not in (302, 401):
        yield f"The function {name} answers a stranger with {stranger.status}."


def _same_origin(address: str, page: str) -> bool:
    """As behind a load balancer: no policy has to name the address."""
    return address.startswith(urljoin(page, "/"))


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = build_opener(ProxyHandler(), _Stay)


def _ask(url: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> Answer:
    """The answer, whatever its status; 0 if there is none."""
    body = b"{}" if method == "POST" else None
    request = Request(url, body, dict(headers or {}), method=method)  # noqa: S310  of our outputs
    try:
        with _opener.open(request, timeout=_EACH) as answer:
            return Answer(answer.status, _lower(answer.headers), answer.read())
    except HTTPError as error:
        return Answer(error.code, _lower(error.headers), error.read())
    except (URLError, OSError):
        return Answer(0, {}, b"")


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


if __name__ == "__main__":
    sys.exit(main())
