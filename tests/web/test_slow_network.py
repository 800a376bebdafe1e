"""A slow network: each wait is shown, what is under way is not begun twice, and nothing is lost."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from headrace.local import LocalServer
from headrace.model import Source
from headrace.records import Runs
from headrace.services import Services
from headrace.settings import Settings
from tests.api.drafts import table
from tests.conftest import Database
from tests.web import drafts
from tests.web.barriers import Barriers
from tests.web.conftest import Screenshots, every_look
from tests.web.connecting import begin, enter, try_it
from tests.web.drafts import MODEL, SHOP
from tests.web.holding import held


@pytest.fixture
def source(settings: Settings, database: Database) -> Source:
    """A draft that may be reviewed."""
    database.execute(SHOP)
    return drafts.store(settings, database, selection=(table("countries", "sales"),))


def expect_pending(button: Locator) -> None:
    """It is seen to be at work, and whoever has pressed it is still at it."""
    expect(button).to_have_attribute("aria-busy", "true")
    expect(button).to_be_focused()


@every_look
def test_the_dashboard(
    page: Page, server: LocalServer, source: Source, barriers: Barriers, screenshot: Screenshots
) -> None:
    with held(page, "**/sources/overview*"):
        page.goto(server.page)
        expect(page.get_by_role("heading", name="Sources")).to_be_visible()
        expect(page.get_by_role("status").filter(has_text="Loading")).to_be_attached()
        expect(page.get_by_text("Bring your first database")).to_have_count(0)
        screenshot("dashboard-loading")
        barriers.check()
    expect(page.get_by_role("link", name=source.name)).to_be_visible()


def test_the_set_up(home: Page) -> None:
    with held(home, "**/sources/types"):
        home.get_by_role("link", name="Add a source").click()
        expect(home.get_by_text("Loading the set-up")).to_be_attached()
    expect(home.get_by_role("heading", name="Source", exact=True)).to_be_focused()


@every_look
def test_the_connection_test(
    home: Page, database: Database, barriers: Barriers, screenshot: Screenshots
) -> None:
    begin(home)
    enter(home, database.connection, database.server.password)
    button = home.get_by_role("button", name="Test connection")
    with held(home, "**/test_connection/") as tests:
        try_it(home)
        expect_pending(button)
        expect(home.get_by_role("status").filter(has_text="Testing …")).to_be_attached()
        home.keyboard.press("Enter")
        home.get_by_label("Host", exact=True).press("Enter")
        screenshot("wizard-connection-waiting")
        barriers.check()
        assert len(tests) == 1
    expect(home.get_by_text("The draft is saved.")).to_be_visible()


def test_saving_the_draft(home: Page, database: Database) -> None:
    begin(home)
    enter(home, database.connection, database.server.password)
    with held(home, "**/save_draft/") as saves:
        try_it(home)
        expect(home.get_by_text("The connection works.", exact=True)).to_be_visible()
        expect_pending(home.get_by_role("button", name="Test connection"))
        home.keyboard.press("Enter")
        assert len(saves) == 1
    expect(home.get_by_text("The connection works. The draft is saved.")).to_be_visible()


def test_looking_at_tables(
    page: Page, server: LocalServer, settings: Settings, source: Source, barriers: Barriers
) -> None:
    drafts.enter(page, server, source, "tables")
    go_on = page.get_by_role("button", name="Go on", exact=True)
    with held(page, "**/describe_table/advise"):
        page.get_by_role("checkbox", name="Choose orders").last.check()
        go_on.click()
        expect_pending(go_on)
        expect(page.get_by_text("Looking at 1 more table …")).to_be_visible()
        barriers.check()
        page.get_by_role("button", name="Don't wait").click()
        expect(page.get_by_role("heading", name="Destination and schedule")).to_be_focused()
    assert len(drafts.stored(settings, source).selection) == 2


def test_going_on_to_review(page: Page, server: LocalServer, source: Source) -> None:
    drafts.enter(page, server, source, "schedule")
    page.get_by_role("radio", name="Daily").check()
    go_on = page.get_by_role("button", name="Go on", exact=True)
    with held(page, "**/save_draft/") as saves:
        go_on.click()
        expect_pending(go_on)
        page.keyboard.press("Enter")
        assert len(saves) == 1
    expect(page.get_by_role("heading", name="Review")).to_be_focused()


@every_look
def test_the_start(
    page: Page,
    server: LocalServer,
    services: Services,
    source: Source,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    drafts.enter(page, server, source, "review")
    button = page.get_by_role("button", name="Activate and run now")
    with held(page, "**/activate") as activations:
        button.click()
        expect_pending(button)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Activate", exact=True).press("Enter")
        screenshot("wizard-review-waiting")
        barriers.check()
        assert len(activations) == 1
    expect(page).to_have_url(re.compile(r"/runs/\w+$"))
    assert len(Runs(services.documents).list(MODEL, source.source_id, limit=2)) == 1
