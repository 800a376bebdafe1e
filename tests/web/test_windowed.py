"""A table of 20,000 rows: what of it is there, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.barriers import Barriers
from tests.web.conftest import Screenshots, every_look
from tests.web.unit_files import serve_unit_files


@pytest.fixture
def table(home: Page) -> Locator:
    serve_unit_files(home)
    home.evaluate("import('/unit/windowed.js').then((module) => module.show())")
    table = home.get_by_role("grid", name="Tables")
    expect(table.get_by_role("row", name="table_00000")).to_be_visible()
    return table


@every_look
def test_it_has_no_barriers(table: Locator, barriers: Barriers, screenshot: Screenshots) -> None:
    table.get_by_role("row", name="table_00001").focus()
    table.page.keyboard.press("Space")
    screenshot("windowed")
    barriers.check()


def test_few_of_the_rows_are_there_and_all_are_counted(table: Locator) -> None:
    assert 10 < table.get_by_role("row").count() <= 200
    expect(table).to_have_attribute("aria-rowcount", "20001")
    table.evaluate("(element) => element.scrollTo(0, 10_000 * 44)")
    row = table.get_by_role("row", name="table_10000")
    expect(row).to_be_visible()
    expect(row).to_have_attribute("aria-rowindex", "10002")
    assert table.get_by_role("row").count() <= 200


def test_the_keyboard_alone_goes_everywhere(table: Locator) -> None:
    keyboard = table.page.keyboard
    table.get_by_role("row", name="table_00000").focus()
    steps = {"End": 19_999, "Home": 0, "ArrowDown": 1, "ArrowUp": 0}
    for key, number in steps.items():
        row = table.get_by_role("row", name=f"table_{number:05}")
        keyboard.press(key)
        expect(row).to_be_focused()
        expect(row).to_be_in_viewport(ratio=0.9)
    keyboard.press("PageDown")
    keyboard.press("Space")
    expect(table.locator("[aria-selected=true]")).to_be_focused()
    keyboard.press("Enter")
    expect(table.page.get_by_text("1 chosen, table_")).to_be_visible()


def test_a_filter_leaves_what_fits(table: Locator) -> None:
    table.evaluate("(element) => element.scrollTo(0, 10_000 * 44)")
    table.page.get_by_label("Filter").fill("table_1999")
    expect(table.get_by_role("row", name="table_19999")).to_be_visible()
    expect(table).to_have_attribute("aria-rowcount", "11")
