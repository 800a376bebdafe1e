"""The fifth step: everything on one page, and the start."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from headrace.connections import TlsMode
from headrace.local import LocalServer
from headrace.model import Source, SourceState
from headrace.records import Runs
from headrace.schedules import Cron
from headrace.services import Services
from headrace.settings import Settings
from headrace.tables import Mode
from tests.api.drafts import credentials, table
from tests.conftest import Database
from tests.web import drafts
from tests.web.barriers import Barriers
from tests.web.complaints import Complaints
from tests.web.conftest import Screenshots, every_look
from tests.web.drafts import MODEL, SHOP, enter, fits, stored

SELECTION = (
    table("orders", "sales", mode=Mode.MERGE, cursor=("updated_at",)), table("countries", "sales"),
)  # fmt: skip


@pytest.fixture
def source(settings: Settings, database: Database) -> Source:
    database.execute(SHOP)
    schedule = Cron(expression="0 2 * * *", time_zone="Europe/Berlin")
    return drafts.store(settings, database, selection=SELECTION, schedule=schedule)


@pytest.fixture
def review(page: Page, server: LocalServer, source: Source) -> Page:
    enter(page, server, source, "review")
    expect(page.get_by_text("about 20k")).to_be_visible()
    return page


def runs(settings: Settings, source: Source) -> int:
    services = Services(settings)
    found = Runs(services.documents).list(MODEL, source.source_id, limit=10)
    services.close()
    return len(found)


@every_look
def test_everything_on_one_page(review: Page, barriers: Barriers, screenshot: Screenshots) -> None:
    expect(review.get_by_text("1: what is new or changed")).to_be_visible()
    expect(review.get_by_text("At 02:00, Europe/Berlin.")).to_be_visible()
    expect(review.get_by_text("all 2 selected tables", exact=False)).to_be_visible()
    screenshot("wizard-review")
    barriers.check()
    fits(review)


@every_look
def test_rights_that_lack_are_shown_with_their_sql(
    page: Page,
    server: LocalServer,
    settings: Settings,
    database: Database,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    name = f"reader_{database.name[-8:]}"
    database.execute(SHOP)
    database.execute(f"CREATE USER {name} PASSWORD 'secret'; GRANT USAGE ON SCHEMA sales TO {name}")
    try:
        connection = database.connection.model_copy(update={"user": name, "tls": TlsMode.DISABLE})
        source = drafts.store(
            settings, database, connection=connection, credentials=credentials("secret"),
            selection=SELECTION,
        )  # fmt: skip
        enter(page, server, source, "review")
        sql = page.get_by_role("region", name="To copy: what to paste")
        expect(sql).to_contain_text("GRANT SELECT ON")
        screenshot("wizard-review-rights")
        barriers.check()
        fits(page)
        assert "secret" not in page.content()

        database.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA sales TO {name}")
        page.get_by_role("button", name="Look again").click()
        expect(sql).to_have_count(0)
        expect(page.get_by_text("all 2 selected tables", exact=False)).to_be_visible()
    finally:
        database.execute(f"DROP OWNED BY {name}; DROP USER {name}")


def test_activate(review: Page, settings: Settings, source: Source) -> None:
    review.get_by_role("button", name="Activate", exact=True).click()
    expect(review.get_by_role("heading", name="Shop")).to_be_visible()
    now = stored(settings, source)
    assert now.state is SourceState.ACTIVE
    assert now.next_run_at is not None
    assert runs(settings, source) == 0


def test_activate_and_run_now(review: Page, settings: Settings, source: Source) -> None:
    review.get_by_role("button", name="Activate and run now").dblclick()
    expect(review).to_have_url(re.compile(r"/runs/\w+$"))
    assert stored(settings, source).state is SourceState.ACTIVE
    assert runs(settings, source) == 1


def test_each_part_leads_back_to_its_step(review: Page) -> None:
    review.get_by_role("link", name="Change Tables").click()
    expect(review.get_by_role("heading", name="Tables", exact=True)).to_be_focused()
    review.go_back()
    expect(review.get_by_role("heading", name="Review")).to_be_focused()
    review.go_forward()
    expect(review.get_by_role("heading", name="Tables", exact=True)).to_be_focused()


def test_a_draft_goes_on_at_its_step_on_another_device(
    review: Page, server: LocalServer, context: BrowserContext
) -> None:
    expect(review.get_by_role("button", name="Activate", exact=True)).to_be_enabled()
    other = context.browser.new_context() if context.browser else context  # nothing is shared
    try:
        page = other.new_page()
        page.goto(server.page)
        page.get_by_role("link", name="Go on setting up").click()
        expect(page.get_by_role("heading", name="Review")).to_be_visible()
    finally:
        other.close()


def test_an_active_source_is_edited_in_the_same_steps(
    page: Page, server: LocalServer, settings: Settings, source: Source
) -> None:
    drafts.activated(settings, source)
    enter(page, server, source, "tables")
    expect(page.get_by_text("This source is active")).to_be_visible()
    page.get_by_role("checkbox", name="Choose log_lines").check()
    page.get_by_role("button", name="Go on", exact=True).click()
    page.get_by_role("button", name="Go on", exact=True).click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Shop")).to_be_visible()
    now = stored(settings, source)
    assert now.state is SourceState.ACTIVE
    assert [each.table_name for each in now.selection] == ["orders", "countries", "log_lines"]


def test_a_run_that_can_t_be_started_is_said(
    review: Page, settings: Settings, source: Source, complaints: Complaints
) -> None:
    complaints.expect("ERR_CONNECTION_REFUSED")
    review.route("**/runs/", lambda route: route.abort("connectionrefused"), times=1)
    review.get_by_role("button", name="Activate and run now").click()
    expect(review.get_by_text("The service does not answer")).to_be_visible()
    assert stored(settings, source).state is SourceState.ACTIVE
    review.get_by_role("button", name="Save and run now").click()
    expect(review).to_have_url(re.compile(r"/runs/\w+$"))
