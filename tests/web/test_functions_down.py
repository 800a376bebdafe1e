"""A function that is down: said beside its cause, nothing is lost, and it goes on afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from headrace.local import LocalServer
from headrace.model import Source
from headrace.settings import Settings
from tests.api.drafts import table
from tests.conftest import Database
from tests.web import drafts
from tests.web.barriers import Barriers
from tests.web.complaints import Complaints
from tests.web.conftest import Screenshots, both_sizes
from tests.web.connecting import begin, enter, try_it
from tests.web.drafts import SHOP


def refused(route: Route) -> None:
    """Nothing listens there."""
    route.abort("connectionrefused")


def overloaded(route: Route) -> None:
    """What stands before the functions answers in their place, in its own way."""
    route.fulfill(status=503, content_type="text/html", body="<h1>Service Unavailable</h1>")


def cut(route: Route) -> None:
    """The instance is gone in the midst of its answer."""
    route.fulfill(content_type="application/x-ndjson", body='{"check": ')


DOWN = {
    "refused": (refused, "The service does not answer"),
    "overloaded": (overloaded, "The answer can't be read"),
    "cut": (cut, "The answer"),
}


@pytest.fixture
def source(settings: Settings, database: Database) -> Source:
    database.execute(SHOP)
    return drafts.store(settings, database, selection=(table("countries", "sales"),))


@pytest.mark.parametrize(("down", "says"), DOWN.values(), ids=DOWN)
def test_the_connection_test(
    home: Page,
    database: Database,
    complaints: Complaints,
    barriers: Barriers,
    down: Callable[[Route], None],
    says: str,
) -> None:
    complaints.expect("ERR_CONNECTION_REFUSED|503")
    begin(home)
    enter(home, database.connection, database.server.password)
    home.route("**/test_connection/", down, times=1)
    try_it(home)
    results = home.get_by_role("region", name="Connection test")
    expect(results.get_by_role("alert")).to_contain_text(says)
    expect(home.get_by_label("Password", exact=True)).to_have_value(database.server.password)
    barriers.check()
    try_it(home)
    expect(home.get_by_text("The connection works. The draft is saved.")).to_be_visible()


@both_sizes
def test_saving_what_was_tested(
    home: Page,
    database: Database,
    complaints: Complaints,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    complaints.expect("503")
    begin(home)
    enter(home, database.connection, database.server.password)
    home.route("**/save_draft/", overloaded, times=1)
    try_it(home)
    expect(home.get_by_text("The connection works.", exact=True)).to_be_visible()
    expect(home.get_by_text("The answer can't be read")).to_be_in_viewport()
    expect(home.get_by_label("Password", exact=True)).to_have_value(database.server.password)
    screenshot("wizard-connection-unsaved")
    barriers.check()
    try_it(home)
    expect(home.get_by_text("The connection works. The draft is saved.")).to_be_visible()
    expect(home.get_by_text("The answer can't be read")).to_have_count(0)


@pytest.mark.parametrize("down", [refused, overloaded])
def test_the_set_up(
    home: Page, complaints: Complaints, barriers: Barriers, down: Callable[[Route], None]
) -> None:
    complaints.expect("ERR_CONNECTION_REFUSED|503")
    home.route("**/sources/types", down, times=1)
    home.get_by_role("link", name="Add a source").click()
    expect(home.get_by_role("alert")).to_be_visible()
    barriers.check()
    home.get_by_role("button", name="Try again").click()
    expect(home.get_by_role("heading", name="Source", exact=True)).to_be_visible()


@pytest.mark.parametrize("down", [refused, overloaded])
def test_the_list_of_tables(
    page: Page,
    server: LocalServer,
    source: Source,
    complaints: Complaints,
    down: Callable[[Route], None],
) -> None:
    complaints.expect("ERR_CONNECTION_REFUSED|503")
    page.route("**/list_tables/", down, times=1)
    drafts.enter(page, server, source, "tables")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name="List again").click()
    expect(page.get_by_text("6 tables", exact=True)).to_be_visible()
    expect(page.get_by_text("1 table chosen")).to_be_visible()


@pytest.mark.parametrize("step", ["tables", "schedule"])
def test_saving_a_step(
    page: Page, server: LocalServer, source: Source, complaints: Complaints, step: str
) -> None:
    complaints.expect("503")
    drafts.enter(page, server, source, step)
    if step == "tables":
        page.get_by_role("checkbox", name="Choose log_lines").check()
        expect(page.get_by_text("2 tables chosen")).to_be_visible()
    else:
        page.get_by_role("radio", name="Daily").check()
    page.route("**/save_draft/", overloaded, times=1)
    go_on = page.get_by_role("button", name="Go on", exact=True)
    go_on.click()
    expect(page.get_by_text("The answer can't be read")).to_be_in_viewport()
    go_on.click()
    expect(page.get_by_text("The answer can't be read")).to_have_count(0)
    following = "Destination and schedule" if step == "tables" else "Review"
    expect(page.get_by_role("heading", name=following)).to_be_focused()


def test_the_names_there_and_the_next_runs(
    page: Page, server: LocalServer, source: Source, complaints: Complaints, barriers: Barriers
) -> None:
    complaints.expect("503")
    page.route("**/sources/preview_*", overloaded, times=2)
    drafts.enter(page, server, source, "schedule")
    page.get_by_role("radio", name="Daily").check()
    expect(page.get_by_text("The answer can't be read").first).to_be_visible()
    barriers.check()
    page.get_by_role("button", name="Go on", exact=True).click()
    expect(page.get_by_role("heading", name="Review")).to_be_focused()
