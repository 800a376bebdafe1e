"""The fourth step: where the rows go, and when."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from headrace.local import LocalServer
from headrace.model import Source, Verification
from headrace.schedules import Cron, Interval
from headrace.settings import Settings
from tests.api.drafts import table
from tests.conftest import Database
from tests.web import drafts
from tests.web.barriers import Barriers
from tests.web.complaints import Complaints
from tests.web.conftest import Screenshots, every_look
from tests.web.drafts import SHOP, enter, fits, stored

SELECTION = (
    table("orders", "sales"), table("countries", "sales"), table("customers", "crm"),
)  # fmt: skip


@pytest.fixture
def source(settings: Settings, database: Database) -> Source:
    database.execute(SHOP)
    return drafts.store(settings, database, selection=SELECTION)


@pytest.fixture
def step(page: Page, server: LocalServer, source: Source) -> Page:
    enter(page, server, source, "schedule")
    expect(page.get_by_text("shop.sales_orders")).to_be_visible()
    return page


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Go on", exact=True).click()
    expect(page.get_by_role("heading", name="Review")).to_be_focused()


@every_look
def test_the_step(step: Page, barriers: Barriers, screenshot: Screenshots) -> None:
    step.get_by_role("radio", name="Weekly").check()
    expect(step.get_by_text("At 02:00, only on Monday, Europe/Berlin.")).to_be_visible()
    expect(step.get_by_role("listitem").filter(has_text="Monday, ")).to_have_count(5)
    step.get_by_text("More: proof, speed").click()
    screenshot("wizard-schedule")
    barriers.check()
    fits(step)


def test_by_hand_is_how_it_begins(step: Page, settings: Settings, source: Source) -> None:
    expect(step.get_by_role("radio", name="By hand")).to_be_checked()
    expect(step.get_by_text("It runs when somebody starts it")).to_be_visible()
    go_on(step)
    assert stored(settings, source).setup_step == "review"


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("Every few", {"Every": "45"}, Interval(every=45, unit="minutes")),
        ("Hourly", {"Minute of the hour": "5"}, "5 * * * *"),
        ("Daily", {"Time": "03:30"}, "30 3 * * *"),
        ("Cron expression", {"Cron expression": "0 6 L * *"}, "0 6 L * *"),
    ],
)
def test_each_kind_of_schedule_is_stored_and_shown_again(
    step: Page,
    settings: Settings,
    source: Source,
    kind: str,
    fields: dict[str, str],
    expected: Interval | str,
) -> None:
    step.get_by_role("radio", name=kind).check()
    for label, value in fields.items():
        step.get_by_role("textbox", name=label).or_(step.locator("input[type=time]")).fill(value)
    expect(step.locator(".next-runs li")).to_have_count(5)
    go_on(step)
    schedule = stored(settings, source).schedule
    if isinstance(expected, Interval):
        assert expected.same_as(schedule)
    else:
        assert schedule == Cron(expression=expected, time_zone="Europe/Berlin")
    step.reload()
    step.get_by_role("link", name="Destination and schedule").click()
    expect(step.get_by_role("radio", name=kind)).to_be_checked()


def test_days_and_another_time_zone(
    step: Page, settings: Settings, source: Source, complaints: Complaints, barriers: Barriers
) -> None:
    complaints.expect("400")
    step.get_by_role("radio", name="Weekly").check()
    step.get_by_role("checkbox", name="Friday").check()
    zone = step.get_by_label("Time zone")
    zone.fill("America/Nowhere")
    expect(step.get_by_text("This schedule can't be taken.")).to_be_visible()
    step.get_by_role("button", name="Go on", exact=True).click()
    expect(zone).to_be_focused()
    expect(zone).to_have_attribute("aria-invalid", "true")
    barriers.check()
    zone.fill("America/New_York")
    expect(step.locator(".next-runs li").first).to_contain_text("02:00")
    go_on(step)
    assert stored(settings, source).schedule == Cron(
        expression="0 2 * * 1,5", time_zone="America/New_York"
    )


def test_a_time_that_the_clocks_leap_over_is_said(step: Page) -> None:
    step.get_by_role("radio", name="Cron expression").check()
    # On the last of them the clocks of Berlin go forward from two to three.
    step.get_by_role("textbox", name="Cron expression").fill("30 2 * 3 SUN")
    expect(step.locator(".next-runs small").first).to_contain_text("The clocks go forward")


def test_a_schedule_that_is_not_complete_is_not_saved(step: Page) -> None:
    step.get_by_role("radio", name="Weekly").check()
    step.get_by_role("checkbox", name="Monday").uncheck()
    expect(step.get_by_text("Choose at least one day.")).to_be_visible()
    step.get_by_role("button", name="Go on", exact=True).click()
    expect(step.get_by_role("heading", name="Destination and schedule")).to_be_visible()


def test_names_are_previewed_and_stored(
    step: Page, settings: Settings, source: Source, barriers: Barriers
) -> None:
    step.get_by_label("Dataset").fill("lake")
    expect(step.get_by_text("lake.sales_orders")).to_be_visible()
    step.get_by_role("button", name="Rename countries").click()
    name = step.get_by_label("Name of countries there")
    name.fill("SALES_ORDERS")
    expect(step.get_by_text("is also where sales.orders goes")).to_be_visible()
    barriers.check()
    name.fill("lands")
    expect(step.get_by_text("is also where")).to_have_count(0)
    go_on(step)
    now = stored(settings, source)
    assert now.dataset == "lake"
    assert [each.destination_table for each in now.selection] == [None, "lands", None]


@pytest.mark.parametrize("name", ["", "no spaces", "_headrace_mine"])
def test_a_dataset_that_can_t_be(step: Page, complaints: Complaints, name: str) -> None:
    complaints.expect("400")
    field = step.get_by_label("Dataset")
    field.fill(name)
    expect(field).to_have_attribute("aria-invalid", "true")
    step.get_by_role("button", name="Go on", exact=True).click()
    expect(field).to_be_focused()


def test_proof_and_speed(step: Page, settings: Settings, source: Source) -> None:
    step.get_by_text("More: proof, speed").click()
    step.get_by_label("Proof").select_option("digest")
    step.get_by_label("Chunks read at once").select_option("4")
    go_on(step)
    now = stored(settings, source)
    assert (now.verify, now.parallel) == (Verification.DIGEST, 4)
