"""The page in a real browser, against the real local service."""

from __future__ import annotations

import os
import re
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from headrace import local
from headrace.local import LocalServer
from headrace.services import Services
from headrace.settings import Settings
from tests.web.barriers import Barriers
from tests.web.complaints import Complaints

# What is expected comes at once or after a poll; on a busy machine all takes longer.
expect.set_options(timeout=20_000)

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
# --no-sandbox since root may run the suite; the rest keeps the browser from calling anybody.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SIZES = {"phone": (320, 640), "desktop": (1280, 800)}
SCHEMES = ("light", "dark")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def server(settings: Settings) -> Iterator[LocalServer]:
    with closing(local.serve(settings, 0)) as server:
        threading.Thread(target=server.run, daemon=True).start()
        yield server


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    """What the server works with, for a test that prepares something or looks at what came."""
    with closing(Services(settings)) as services:
        yield services


@pytest.fixture
def look(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The scheme of colours and the size of the window; `every_look` goes through all."""
    chosen: tuple[str, str] = getattr(request, "param", ("light", "desktop"))
    return chosen


Test = TypeVar("Test", bound=Callable[..., None])

# Both schemes and both sizes; the suite takes one of these a test, `make screenshots` all looks.
LOOKS = (("light", "desktop"), ("dark", "phone"))


def every_look(test: Test) -> Test:
    """Have the test run in all looks if they are asked for, else in the one that its name gives."""
    looks = [LOOKS[zlib.crc32(test.__name__.encode()) % len(LOOKS)]]
    if os.environ.get("EVERY_LOOK"):
        looks = [(scheme, size) for scheme in SCHEMES for size in SIZES]
    marked: Test = pytest.mark.parametrize("look", looks, ids="-".join, indirect=True)(test)
    return marked


# Where what matters is what is in sight, however quick the suite has to be.
both_sizes = pytest.mark.parametrize(
    "look", [("light", size) for size in SIZES], ids="-".join, indirect=True
)


@pytest.fixture
def context(browser: Browser, look: tuple[str, str]) -> Iterator[BrowserContext]:
    scheme, size = look
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",  # a picture has no moment in between
        locale="en-GB",
        timezone_id="Europe/Berlin",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def complaints(context: BrowserContext) -> Iterator[Complaints]:
    """What the browser complains of fails the test, unless it is `expect`ed."""
    complaints = Complaints()
    context.on("page", complaints.listen)
    yield complaints
    complaints.check()


@pytest.fixture
def page(context: BrowserContext, complaints: Complaints) -> Page:
    """An empty tab; `home` is one in which somebody is signed in."""
    return context.new_page()


@pytest.fixture
def home(page: Page, server: LocalServer) -> Page:
    """The dashboard, as the printed address opens it."""
    page.goto(server.page)
    page.get_by_role("heading", name="Sources").wait_for()
    return page


@pytest.fixture
def barriers(page: Page) -> Barriers:
    """axe over what is shown: `barriers.check()`."""
    return Barriers(page)


class Screenshots:
    """`screenshot("name")` keeps a picture of the page, by scheme and size.

    Of all of it, or with `full_page=False` of what is in sight.
    """

    def __init__(self, page: Page, look: tuple[str, str]) -> None:
        self._page = page
        self._look = look

    def __call__(self, name: str, *, full_page: bool = True) -> None:
        path = ROOT / "build" / "screenshots" / f"{name}-{'-'.join(self._look)}.png"
        named = re.sub(r"\s", "_", str(path))
        self._page.screenshot(path=named, full_page=full_page, caret="initial")


@pytest.fixture
def screenshot(page: Page, look: tuple[str, str]) -> Screenshots:
    return Screenshots(page, look)
