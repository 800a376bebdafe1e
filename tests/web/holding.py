"""A network that takes its time: requests that are under way until a test lets them go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, Route


@contextmanager
def held(page: Page, pattern: str) -> Iterator[list[Route]]:
    """What the page asks of these addresses is kept back as long as this lasts."""
    kept: list[Route] = []
    page.route(pattern, lambda route: kept.append(route))  # noqa: PLW0108 - it is looked into
    try:
        yield kept
    finally:
        for route in kept:
            route.continue_()
        page.unroute(pattern)
