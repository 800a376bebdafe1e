"""The sources of a model, as a person finds them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from headrace.local import LocalServer
from headrace.model import SourceState
from headrace.services import Services
from headrace.settings import Settings
from tests.web.barriers import Barriers
from tests.web.complaints import Complaints
from tests.web.conftest import Screenshots, every_look
from tests.web.history import a_source, its_runs


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    opened = Services(settings)
    yield opened
    opened.close()


@every_look
def test_sources_with_a_past(
    page: Page,
    server: LocalServer,
    services: Services,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    its_runs(services, a_source(services, "Shop"), 30)
    its_runs(services, a_source(services, "CRM, Europe", SourceState.PAUSED), 7)
    a_source(services, "Support tickets of all subsidiaries, with their attachments")
    a_source(services, "Billing", SourceState.DRAFT)
    page.goto(server.page)

    shop = page.get_by_role("row").filter(has=page.get_by_role("link", name="Shop"))
    expect(shop).to_contain_text("Active")
    expect(shop).to_contain_text("Succeeded")
    expect(shop).to_contain_text("8 minutes ago")
    expect(shop).to_contain_text("30,490")
    expect(shop.get_by_role("img", name="30 runs, 4 failed")).to_be_visible()
    paused = page.get_by_role("row").filter(has_text="CRM, Europe")
    expect(paused).to_contain_text("Failed")
    screenshot("dashboard")
    barriers.check()


def test_search_looks_at_name_host_and_database(
    page: Page, server: LocalServer, services: Services, barriers: Barriers
) -> None:
    for name in ("Shop", "CRM", "Billing", "Support", "Stock", "Fleet"):
        a_source(services, name)
    page.goto(server.page)
    search = page.get_by_label("Search sources")
    search.fill("cr")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("link", name="CRM")).to_be_visible()
    search.fill("example.com")
    expect(page.get_by_role("row")).to_have_count(7)
    search.fill("nothing")
    expect(page.get_by_text("No source is called that")).to_be_visible()
    barriers.check()
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("row")).to_have_count(7)


@every_look
def test_a_service_that_does_not_answer(
    page: Page,
    server: LocalServer,
    barriers: Barriers,
    screenshot: Screenshots,
    complaints: Complaints,
) -> None:
    complaints.expect("ERR_CONNECTION_REFUSED")
    page.route("**/sources/overview*", lambda route: route.abort("connectionrefused"), times=1)
    page.goto(server.page)
    expect(page.get_by_text("The service does not answer")).to_be_visible()
    screenshot("dashboard-unreachable")
    barriers.check()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Bring your first database")).to_be_visible()


def test_being_offline_is_said(home: Page, barriers: Barriers, complaints: Complaints) -> None:
    complaints.expect("ERR_INTERNET_DISCONNECTED")  # what was on its way
    home.context.set_offline(True)
    expect(home.get_by_text("You are offline.")).to_be_visible()
    barriers.check()
    home.context.set_offline(False)
    expect(home.get_by_text("You are offline.")).to_have_count(0)


def test_what_is_new_appears_by_itself(page: Page, server: LocalServer, services: Services) -> None:
    source = a_source(services, "Shop")
    page.clock.install()
    page.goto(server.page)
    expect(page.get_by_role("link", name="Shop")).to_be_visible()
    its_runs(services, source, 1)
    page.clock.run_for(31_000)
    expect(page.get_by_role("row").filter(has_text="Shop")).to_contain_text("Succeeded")


def test_hundreds_of_sources(
    page: Page,
    server: LocalServer,
    services: Services,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    states = (SourceState.ACTIVE, SourceState.ACTIVE, SourceState.PAUSED, SourceState.DRAFT)
    for number in range(220):
        source = a_source(services, f"Shop {number}", states[number % 4])
        if number in (7, 8):
            its_runs(services, source, 7)
    page.goto(server.page)
    expect(page.get_by_text("220 sources")).to_be_visible()
    rows = page.get_by_role("region", name="Sources").locator("tbody tr")
    expect(rows).to_have_count(100)
    expect(rows.nth(10)).to_contain_text("Shop 10")
    screenshot("dashboard-many")
    barriers.check()
    page.get_by_role("button", name="Show 100 more of 220").click()
    expect(rows).to_have_count(200)

    show = page.get_by_label("Show")
    show.select_option(label="Drafts (55)")
    expect(page.get_by_text("55 sources")).to_be_visible()
    expect(rows.first).to_contain_text("Go on setting up")
    show.select_option(label="Failed last (2)")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("The user name or the password is wrong")
    page.get_by_label("Search sources").fill("Shop 8")
    expect(rows).to_have_count(1)
    page.get_by_label("Search sources").fill("nobody")
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_text("220 sources")).to_be_visible()


def test_a_row_that_stays_as_it_is_is_not_drawn_anew(
    page: Page, server: LocalServer, services: Services
) -> None:
    its_runs(services, a_source(services, "Shop"), 5)
    its_runs(services, a_source(services, "CRM"), 5)
    page.clock.install()
    page.goto(server.page)
    expect(page.get_by_role("link", name="Shop")).to_be_visible()
    page.evaluate("""() => {
      window.changes = 0;
      const seen = new MutationObserver((all) => (window.changes += all.length));
      const whole = { subtree: true, childList: true, attributes: true };
      seen.observe(document.querySelector("tbody"), whole);
    }""")
    with page.expect_response("**/overview*"):
        page.clock.run_for(31_000)
    a_source(services, "Added")
    with page.expect_response("**/overview*"):
        page.clock.run_for(31_000)
    expect(page.get_by_role("link", name="Added")).to_be_visible()
    assert page.evaluate("window.changes") == 1  # the new row
