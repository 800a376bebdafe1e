"""The files of unit/, as if they were part of the page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, Route

UNIT = Path(__file__).parent / "unit"


def serve_unit_files(page: Page) -> None:
    """Under /unit/, so that the page's policy lets them in."""

    def answer(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        route.fulfill(path=UNIT / name, content_type="text/javascript")

    page.route("**/unit/*.js", answer)
