"""The page as files: what is served, how, and that its libraries are those that are pinned."""

from __future__ import annotations

import hashlib
import re
import threading
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from headrace import local, page
from headrace.page import PageConfig
from headrace.settings import Settings

WEB = Path(__file__).parents[1] / "web"
TYPES = {
    "/": "text/html; charset=utf-8",
    "/index.html": "text/html; charset=utf-8",
    "/app.js": "text/javascript; charset=utf-8",
    "/vendor/pico.css": "text/css; charset=utf-8",
    "/icon.svg": "image/svg+xml",
    "/config.json": "application/json",
}


@pytest.fixture
def http(settings: Settings) -> Iterator[httpx.Client]:
    with closing(local.serve(settings, 0)) as server:
        threading.Thread(target=server.run, daemon=True).start()
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            yield client


@pytest.mark.parametrize("path", TYPES)
def test_each_file_has_its_type(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, TYPES[path])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_every_file_of_the_page_is_served(http: httpx.Client) -> None:
    for name, path in page.files().items():
        assert http.get(f"/{name}").content == path.read_bytes()


@pytest.mark.parametrize(
    "path",
    ["/vendor.py", "/vendor.toml", "/README.md", "/vendor/SHA256SUMS", "/vendor", "/nothing.js",
     "/../pyproject.toml", "/%2e%2e/README.md", "//etc/passwd.txt"],
)  # fmt: skip
def test_what_is_no_part_of_the_page_is_not_served(http: httpx.Client, path: str) -> None:
    answer = http.send(httpx.Request("GET", httpx.URL(http.base_url, raw_path=path.encode())))
    assert (answer.status_code, answer.json()["code"]) == (404, "endpoint_not_found")


def test_a_file_that_has_not_changed_is_not_sent_again(http: httpx.Client) -> None:
    first = http.get("/app.js")
    again = http.get("/app.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.headers["Cache-Control"], again.status_code, again.content) == (
        "no-cache", 304, b"",
    )  # fmt: skip


def test_the_policy_lets_nothing_else_in(http: httpx.Client) -> None:
    policy = http.get("/").headers["Content-Security-Policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_the_page_is_told_of_its_functions(http: httpx.Client) -> None:
    assert PageConfig.model_validate_json(http.get("/config.json").content) == PageConfig()


def test_the_libraries_are_those_that_were_brought() -> None:
    lines = (WEB / "vendor/SHA256SUMS").read_text().splitlines()
    expected = {name: digest for digest, name in (line.split("  ") for line in lines)}
    there = [path for path in (WEB / "vendor").iterdir() if path.name != "SHA256SUMS"]
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in there} == expected
    pins = tomllib.loads((WEB / "vendor.toml").read_text())
    assert {name for package in pins["package"] for name in package["files"]} == set(expected)


def test_a_library_has_its_licence_beside_it() -> None:
    for package in tomllib.loads((WEB / "vendor.toml").read_text())["package"]:
        assert any(name.endswith(".LICENSE.txt") for name in package["files"]), package["name"]


def test_no_import_needs_a_map() -> None:
    for path in WEB.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        for specifier in re.findall(r"\b(?:from|import)\s*\(?\s*[\"']([^\"'\s]+)[\"']", text):
            assert specifier.startswith(("./", "../")), f"{path.name} imports {specifier}"


def test_no_text_becomes_markup_and_one_module_calls_fetch() -> None:
    ours = [path for path in WEB.rglob("*.js") if path.parent.name != "vendor"]
    for path in ours:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\balert\(|\beval\(", text), (
            path
        )
        assert ("fetch(" in text) == (path.name == "api.js"), path
