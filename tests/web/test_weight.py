"""What the first screen weighs, and that all of it comes from the page's own address."""

from __future__ import annotations

import gzip
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, expect

from headrace.local import LocalServer
from headrace.services import Services
from tests.conftest import Database
from tests.web.overhearing import Overheard
from tests.web.running import MODEL, address, has_run, shop

MOST_BYTES = 120_000

# By file, as build output.
REPORT = Path(__file__).parents[2] / "build" / "page-weight.txt"

# The other views are brought when the browser is idle; here it never is.
BUSY = "window.requestIdleCallback = () => 0;"
FILES = {"document", "script", "stylesheet", "image"}

SCREENS = {
    "dashboard": (f"/m/{MODEL}", "Sources"),
    "set-up": (f"/m/{MODEL}/new/source", "Source"),
}


@pytest.mark.parametrize(("at", "heading"), SCREENS.values(), ids=SCREENS)
def test_the_first_screen(
    page: Page,
    server: LocalServer,
    services: Services,
    database: Database,
    at: str,
    heading: str,
    request: pytest.FixtureRequest,
) -> None:
    shop(services, database)
    loaded: list[Response] = []
    page.on("response", lambda response: loaded.append(response))  # noqa: PLW0108 - looked into
    page.add_init_script(BUSY)
    page.goto(f"{server.page}&to={at}")
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    page.wait_for_load_state("networkidle")
    files = {
        urlsplit(each.url).path: len(gzip.compress(each.body(), 6, mtime=0))
        for each in loaded
        if each.request.resource_type in FILES
    }
    assert "/vendor/preact.js" in files
    assert "/vendor/uplot.js" not in files
    _report(request.node.callspec.id, files)
    assert sum(files.values()) < MOST_BYTES, files


def test_nobody_else_is_asked_for_anything(
    page: Page, server: LocalServer, services: Services, database: Database
) -> None:
    """Not even when all views have been brought and shown, with a chart and a schedule in words."""
    source = shop(services, database)
    has_run(services, source)
    run = has_run(services, source)
    overheard = Overheard(page)
    page.goto(server.page)
    expect(page.get_by_role("link", name="Shop")).to_be_visible()
    page.goto(address(server.page, source))
    expect(page.get_by_text("2 runs, none failed").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.goto(address(server.page, source, run))
    expect(page.get_by_role("log", name="Lines of the log")).to_be_visible()
    page.goto(f"{server.page}&to=/m/{MODEL}/sources/{source.source_id}/set-up/schedule")
    page.get_by_role("radio", name="Weekly").check()
    expect(page.locator(".next-runs li")).to_have_count(5)
    expect(page.get_by_text("At 02:00, only on Monday", exact=False)).to_be_visible()
    paths = {urlsplit(sent.url).path for sent in overheard.sent}
    assert {"/vendor/uplot.js", "/vendor/cronstrue.js"} <= paths
    overheard.stays_with(server.url)


def _report(screen: str, files: dict[str, int]) -> None:
    heaviest = sorted(files.items(), key=lambda item: -item[1])
    lines = [f"{size:>8,}  {path}" for path, size in [*heaviest, ("in all", sum(files.values()))]]
    REPORT.parent.mkdir(exist_ok=True)
    report = REPORT.with_name(f"{REPORT.stem}-{screen}{REPORT.suffix}")
    report.write_text("\n".join(lines) + "\n")
