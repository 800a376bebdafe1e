"""The third step with 20,000 tables. How long it takes is measured by bench.page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from headrace import sources
from headrace.local import LocalServer
from headrace.settings import Settings
from tests.api.drafts import connection
from tests.web import drafts, many_tables
from tests.web.drafts import enter, stored
from tests.web.many_tables import filtered

MOST_ROWS = 200


def nodes(page: Page) -> int:
    return page.get_by_role("grid", name="Tables").get_by_role("row").count()


@pytest.fixture
def tables(
    page: Page, server: LocalServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Page:
    monkeypatch.setattr(sources, "connect", many_tables.connect)
    source = drafts.create(settings, connection())
    enter(page, server, source, "tables")
    expect(page.get_by_text("20,000 tables", exact=True)).to_be_visible(timeout=30_000)
    return page


def test_few_rows_are_there_whatever_is_done(tables: Page) -> None:
    grid = tables.get_by_role("grid", name="Tables")
    assert 5 < nodes(tables) <= MOST_ROWS
    for place in (0.3, 0.9, 1):
        grid.evaluate("(box, place) => box.scrollTo(0, box.scrollHeight * place)", place)
        expect(grid.get_by_role("row").last).to_be_visible()
        assert nodes(tables) <= MOST_ROWS
    for text in ("9", "schema_07", "table_19999", ""):
        filtered(tables, text)
        assert nodes(tables) <= MOST_ROWS
    grid.get_by_role("button", name="Size").click()
    expect(grid.get_by_role("row").nth(1)).to_contain_text("table_09548")
    assert nodes(tables) <= MOST_ROWS


def test_all_that_are_shown_are_chosen_at_once_and_saved(tables: Page, settings: Settings) -> None:
    tables.get_by_label("Filter", exact=True).fill("schema_07")
    expect(tables.get_by_text("500 of 20,000 tables")).to_be_visible()
    tables.get_by_role("checkbox", name="Choose all that are shown").check()
    expect(tables.get_by_text("500 tables chosen")).to_be_visible()
    tables.get_by_role("button", name="Go on", exact=True).click()
    expect(tables.get_by_role("heading", name="Destination and schedule")).to_be_visible()
    expect(tables.get_by_text("shop.schema_07_table_03500")).to_be_visible()
    assert len(stored(settings, drafts.only(settings)).selection) == 500


def test_all_20_000_may_be_chosen(tables: Page, settings: Settings) -> None:
    tables.get_by_role("checkbox", name="Choose all that are shown").check()
    expect(tables.get_by_text("20,000 tables chosen")).to_be_visible()
    assert nodes(tables) <= MOST_ROWS
