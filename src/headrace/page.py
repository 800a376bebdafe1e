"""The page: the files that a browser loads, and the settings that lie beside them.

Here they are served as they lie under `web/`, with a policy that lets nothing else in. A bucket
serves the same files, so the policy also stands in `index.html`, where a deployment adds the
functions' addresses to what may be connected to.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from flask import Request, Response
from pydantic import Field

from headrace.sign_ins import PageSignIn
from headrace.values import ModelId, Value

_PACKAGE = Path(__file__).parent
# An installed package holds the files; a checkout has them beside `src`.
_PLACES = (_PACKAGE / "web", _PACKAGE.parents[1] / "web")

# A file of any other kind, such as a script of ours, is no part of the page.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


class Brand(Value):
    name: str = "Headrace"


class PageConfig(Value):
    """What `config.json` beside the page says."""

    functions: str | dict[str, str] = Field(
        default="",
        description="The address under which each function lies by its name, empty for the "
        "page's own; or an address for each function's name.",
    )
    model: ModelId = Field(default="default", description="The model that is shown at first.")
    sign_in: PageSignIn = PageSignIn()
    brand: Brand = Brand()
    contact: str = Field(
        default="", description="Whom to ask for the right to use the service, in a few words."
    )


def directory() -> Path:
    """Where the files of the page are."""
    for place in _PLACES:
        if (place / "index.html").is_file():
            return place
    raise FileNotFoundError("The package was installed without the files of the page.")


def files() -> dict[str, Path]:
    """Every file of the page, by its path below the page's address."""
    root = directory()
    return {
        path.relative_to(root).as_posix(): path
        for path in sorted(root.rglob("*"))
        if path.suffix in _TYPES and path.is_file()
    }


@cache
def policy() -> str:
    """The content security policy of `index.html`, and that nobody may frame the page.

    The latter holds in a header alone (CSP 3, section 6.4.2).
    """
    text = (directory() / "index.html").read_text(encoding="utf-8")
    found = re.search(r'http-equiv="Content-Security-Policy"\s+content="([^"]+)"', text)
    if found is None:
        raise ValueError("index.html holds no content security policy")
    return f"{' '.join(found[1].split())}; frame-ancestors 'none'"


def answer(request: Request) -> Response | None:
    """The file that a request asks for, or None if it is none of the page's."""
    name = request.path.removeprefix("/") or "index.html"
    path = directory() / name
    if path.suffix not in _TYPES or path.resolve() != path or not path.is_file():
        return None
    content = path.read_bytes()
    response = Response(content, content_type=_TYPES[path.suffix])
    response.set_etag(hashlib.sha256(content).hexdigest()[:32])
    # Files keep their names when they change, so a browser asks each time, and is told quickly.
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = policy()
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.make_conditional(request)
    return response
