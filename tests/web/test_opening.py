"""The page opens, signs in, and keeps its secrets."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from headrace.local import LocalServer
from tests.web.barriers import Barriers
from tests.web.complaints import Complaints
from tests.web.conftest import Screenshots, every_look


@every_look
def test_an_empty_dashboard(home: Page, barriers: Barriers, screenshot: Screenshots) -> None:
    expect(home.get_by_text("Bring your first database")).to_be_visible()
    screenshot("dashboard-empty")
    barriers.check()


def test_the_token_leaves_the_address(home: Page, server: LocalServer) -> None:
    assert home.url == f"{server.url}/#/m/default"
    home.go_back()
    assert server.token not in home.url


def test_a_reload_stays_signed_in(home: Page) -> None:
    home.reload()
    expect(home.get_by_text("Bring your first database")).to_be_visible()
    expect(home.get_by_role("dialog")).to_have_count(0)


@every_look
def test_without_a_token_it_asks(
    page: Page,
    server: LocalServer,
    barriers: Barriers,
    screenshot: Screenshots,
    complaints: Complaints,
) -> None:
    complaints.expect("401")
    page.goto(server.url)
    dialog = page.get_by_role("dialog", name="Sign in")
    expect(dialog).to_be_visible()
    screenshot("sign-in")
    barriers.check()

    field = dialog.get_by_label("Address or token")
    field.fill("wrong")
    field.press("Enter")
    expect(dialog.get_by_text("does not take this token")).to_be_visible()
    barriers.check()

    field.fill(server.page)
    field.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Bring your first database")).to_be_visible()


def test_the_printed_address_may_name_a_view(page: Page, server: LocalServer) -> None:
    page.goto(f"{server.page}&to=/m/demo/new/source")
    expect(page.get_by_role("heading", name="Source", exact=True)).to_be_visible()
    assert page.url == f"{server.url}/#/m/demo/new/source"


@every_look
def test_an_address_that_is_none(
    page: Page, server: LocalServer, barriers: Barriers, screenshot: Screenshots
) -> None:
    page.goto(f"{server.page}&to=/nothing")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    screenshot("lost")
    barriers.check()
    page.get_by_role("link", name="Go to your sources").click()
    expect(page.get_by_text("Bring your first database")).to_be_visible()
