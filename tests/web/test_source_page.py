"""What a source does now, what it did, and what a person changes about it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from headrace.api.sources import SourceRef, pause
from headrace.extraction.cancel import cancel
from headrace.extraction.start import start
from headrace.local import LocalServer
from headrace.model import RunState, SourceState
from headrace.records import Runs, Sources
from headrace.services import Services
from tests.conftest import Database
from tests.web.barriers import Barriers
from tests.web.complaints import Complaints
from tests.web.conftest import Screenshots, every_look
from tests.web.history import a_source, its_runs
from tests.web.running import address, ended, has_run, kill, reading, shop, slow_shop, table


def glance(page: Page, label: str) -> Locator:
    return page.locator(".glance > div").filter(has=page.get_by_text(label, exact=True))


@every_look
def test_a_source_with_a_past(
    page: Page,
    server: LocalServer,
    services: Services,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    source = a_source(services, "Shop")
    its_runs(services, source, 31)
    page.goto(address(server.page, source))
    expect(page.get_by_role("heading", name="Shop")).to_be_visible()
    expect(glance(page, "Last run")).to_contain_text("Succeeded")
    expect(glance(page, "Next run")).to_contain_text("in ")
    expect(page.get_by_role("list", name="Next runs").get_by_role("listitem")).to_have_count(5)
    expect(page.get_by_role("img", name=re.compile("^Duration of the last 30"))).to_be_visible()
    expect(page.locator(".chart canvas")).to_have_count(2)
    screenshot("source")
    barriers.check()


def test_the_history_is_read_page_by_page(
    page: Page, server: LocalServer, services: Services, barriers: Barriers
) -> None:
    source = a_source(services, "Shop")
    its_runs(services, source, 31)
    page.goto(address(server.page, source))
    pages = page.get_by_role("navigation", name="Pages of runs")
    rows = page.get_by_role("region", name="Runs").locator("tbody tr")
    expect(rows).to_have_count(10)
    for _ in range(3):
        pages.get_by_role("button", name="Older").click()
    expect(pages).to_contain_text("Page 4")
    expect(rows).to_have_count(1)
    expect(pages.get_by_role("button", name="Older")).to_be_disabled()
    barriers.check()
    pages.get_by_role("button", name="Newer").click()
    expect(rows).to_have_count(10)


def test_a_bar_of_the_chart_leads_to_its_run(
    page: Page, server: LocalServer, services: Services
) -> None:
    source = a_source(services, "Shop")
    *_, failed = [run for run in its_runs(services, source, 30) if run.state is RunState.FAILED]
    page.goto(address(server.page, source))
    over = page.locator(".u-over").first
    box = over.bounding_box()
    assert box is not None
    index = int(failed.run_id)
    over.click(position={"x": box["width"] * (index + 0.5) / 30, "y": box["height"] / 2})
    expect(page.get_by_role("heading", name=re.compile("^Run of"))).to_be_focused()
    expect(page.get_by_text("The server rejected the password.")).to_be_visible()
    assert page.url.endswith(f"/runs/{failed.run_id}")


@every_look
def test_a_run_is_followed_and_cancelled(
    page: Page,
    server: LocalServer,
    services: Services,
    database: Database,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    with slow_shop(services, database) as source:
        page.goto(address(server.page, source))
        page.get_by_role("button", name="Run now").click()
        live = page.get_by_role("region", name="Running now")
        expect(live.get_by_text("Reading rows")).to_be_visible(timeout=30_000)
        orders = live.get_by_role("listitem").filter(has_text="public.orders")
        progress = re.compile(r"[\d,]+ of about 300,000 · .*/s · [\d.]+ s left")
        expect(orders).to_contain_text(progress, timeout=30_000)
        expect(live).to_contain_text(re.compile(r"rows/s · about [\d.]+ s left"))
        screenshot("source-running")
        barriers.check()

        live.get_by_role("button", name="Cancel the run").click()
        expect(live).to_have_count(0, timeout=30_000)
        expect(glance(page, "Last run")).to_contain_text("Cancelled")
        expect(page.get_by_role("button", name="Run now")).to_be_visible()
        (run,) = Runs(services.documents).list(source.model_id, source.source_id, limit=2)
        assert run.state is RunState.CANCELLED


def test_a_run_brings_the_rows(
    page: Page, server: LocalServer, services: Services, database: Database
) -> None:
    source = shop(services, database)
    page.goto(address(server.page, source))
    expect(page.get_by_text("Nothing has run yet.")).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    expect(glance(page, "Last run")).to_contain_text("Succeeded", timeout=60_000)
    expect(glance(page, "Rows")).to_contain_text("1,500")
    expect(
        page.get_by_role("status").filter(has_text="The run has succeeded: 1,500")
    ).to_have_count(1)
    taken = page.get_by_role("region", name="Tables").get_by_role("listitem")
    expect(taken.filter(has_text="public.orders")).to_contain_text("1,000")


def test_a_run_that_was_killed_goes_on(
    page: Page,
    server: LocalServer,
    services: Services,
    database: Database,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    with slow_shop(services, database) as source:
        run = reading(services, start(services, source.model_id, source.source_id))
        kill(run)
        page.goto(address(server.page, source))
        failure = page.get_by_role("region", name="Why the last run failed")
        expect(failure).to_contain_text("What it has read is kept")
        screenshot("source-killed")
        barriers.check()
        failure.get_by_role("button", name="Go on with the run").click()
        expect(page.get_by_role("region", name="Running now")).to_be_visible()
        expect(glance(page, "Last run")).to_contain_text("Succeeded", timeout=90_000)
        expect(glance(page, "Rows")).to_contain_text("300,500")
    glance(page, "Last run").get_by_role("link").click()
    attempts = page.get_by_role("region", name="Attempts").get_by_role("listitem")
    expect(attempts).to_have_count(2)
    expect(attempts.first).to_contain_text("run_lost")


@every_look
def test_a_run_that_fails_says_what_to_do(
    page: Page,
    server: LocalServer,
    services: Services,
    database: Database,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    source = shop(services, database)
    database.execute("DROP TABLE orders")
    page.goto(address(server.page, source))
    page.get_by_role("button", name="Run now").click()
    failure = page.get_by_role("region", name="Why the last run failed")
    expect(failure).to_contain_text("public.orders", timeout=60_000)
    expect(failure.get_by_text("table_not_found")).to_be_visible()
    screenshot("source-failed")
    barriers.check()
    failure.get_by_role("button", name="Copy the error's code").click()
    assert page.evaluate("navigator.clipboard.readText()") == "table_not_found"
    failure.get_by_role("link", name="Look at the run and its log").click()
    expect(page.get_by_role("heading", name=re.compile("^Run of"))).to_be_focused()


def test_a_run_that_is_under_way_already_is_said(
    page: Page, server: LocalServer, services: Services, database: Database, complaints: Complaints
) -> None:
    complaints.expect("409")
    with slow_shop(services, database) as source:
        page.goto(address(server.page, source))
        button = page.get_by_role("button", name="Run now")
        expect(button).to_be_visible()
        run = reading(services, start(services, source.model_id, source.source_id))
        button.click()
        expect(page.get_by_text("run_already_live")).to_be_visible()
        cancel(services, run.model_id, run.source_id, run.run_id)
        ended(services, run)


def test_pausing_and_resuming(
    page: Page, server: LocalServer, services: Services, barriers: Barriers
) -> None:
    source = a_source(services, "Shop")
    page.goto(address(server.page, source))
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused: no run comes by itself.")).to_be_visible()
    assert Sources(services.documents).get("default", source.source_id).state is SourceState.PAUSED
    barriers.check()
    page.get_by_role("button", name="Resume the source").click()
    expect(page.get_by_role("list", name="Next runs")).to_be_visible()
    assert Sources(services.documents).get("default", source.source_id).state is SourceState.ACTIVE


def test_a_table_is_brought_anew(
    page: Page, server: LocalServer, services: Services, database: Database, barriers: Barriers
) -> None:
    chosen = (table("customers"), table("orders", mode="append", cursor=("id",)))
    source = shop(services, database, selection=chosen)
    assert has_run(services, source).state is RunState.SUCCEEDED
    page.goto(address(server.page, source))
    taken = page.get_by_role("region", name="Tables").get_by_role("listitem")
    expect(taken.filter(has_text="customers").get_by_role("button")).to_have_count(0)
    orders = taken.filter(has_text="public.orders")
    orders.get_by_role("button", name="Re-sync public.orders").click()
    expect(orders).to_contain_text("reads all of public.orders again")
    barriers.check()
    orders.get_by_role("button", name="Re-sync it").click()
    expect(orders).to_contain_text("The next run brings it from the start.")
    brought = {each.table_name: each.rows for each in has_run(services, source).tables}
    assert brought["orders"] == 1000


@every_look
def test_a_source_is_deleted_by_its_name(
    page: Page,
    server: LocalServer,
    services: Services,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    source = a_source(services, "Shop, Europe")
    its_runs(services, source, 3)
    page.goto(address(server.page, source))
    page.get_by_role("button", name="Delete this source").click()
    dialog = page.get_by_role("dialog", name="Delete Shop, Europe?")
    expect(dialog.get_by_text("all runs with their logs")).to_be_visible()
    screenshot("source-delete")
    barriers.check()
    name = dialog.get_by_label("Type “Shop, Europe” to confirm")
    name.fill("Shop")
    dialog.get_by_role("button", name="Delete it for good").click()
    expect(dialog.get_by_text("This is not the source’s name")).to_be_visible()
    barriers.check()
    name.fill("Shop, Europe")
    name.press("Enter")
    expect(page.get_by_role("heading", name="Sources")).to_be_focused()
    expect(page.get_by_text("Bring your first database")).to_be_visible()
    assert not Sources(services.documents).list("default", limit=1)


def test_its_parts_are_edited_in_the_set_up(
    page: Page, server: LocalServer, services: Services
) -> None:
    source = a_source(services, "Shop")
    pause(services, SourceRef(model_id="default", source_id=source.source_id))
    for link, step in (
        ("Edit the schedule", "schedule"),
        ("Edit the tables", "tables"),
        ("Edit the connection", "connection"),
        ("Rename", "source"),
    ):
        page.goto(address(server.page, source))
        found = page.get_by_role("link", name=link)
        expect(found).to_have_attribute("href", re.compile(f"/set-up/{step}$"))


def test_offline_it_shows_what_it_knows(
    page: Page, server: LocalServer, services: Services, barriers: Barriers, complaints: Complaints
) -> None:
    complaints.expect("ERR_INTERNET_DISCONNECTED")
    source = a_source(services, "Shop")
    page.goto(address(server.page, source))
    expect(page.get_by_role("heading", name="Shop")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("This device has no connection to the network.")).to_be_visible()
    expect(page.get_by_role("heading", name="Shop")).to_be_visible()
    barriers.check()
    page.context.set_offline(False)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused: no run comes by itself.")).to_be_visible()


def test_an_expired_sign_in_goes_on_where_it_was(
    page: Page, server: LocalServer, services: Services, complaints: Complaints
) -> None:
    complaints.expect("401")
    source = a_source(services, "Shop")
    page.goto(address(server.page, source))
    button = page.get_by_role("button", name="Pause")
    expect(button).to_be_visible()
    # As if the service had been started anew.
    page.route("**/pause", lambda route: route.continue_(
        headers={**route.request.headers, "authorization": "Bearer old"}
    ), times=1)  # fmt: skip
    button.click()
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("Address or token").fill(server.page)
    dialog.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Paused: no run comes by itself.")).to_be_visible()


def test_a_source_that_is_not_there(
    page: Page, server: LocalServer, barriers: Barriers, complaints: Complaints
) -> None:
    complaints.expect("404")
    page.goto(f"{server.page}&to=/m/default/sources/nothing")
    expect(page.get_by_text("source_not_found")).to_be_visible()
    barriers.check()
