"""The third step: which tables are taken, and how."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from headrace.layout import Granularity, NumberRange, Partitioning
from headrace.local import LocalServer
from headrace.model import DetectDeletes, Source
from headrace.settings import Settings
from headrace.tables import Mode
from tests.api.drafts import table
from tests.conftest import Database, MariadbDatabase
from tests.web import drafts
from tests.web.barriers import Barriers
from tests.web.complaints import Complaints
from tests.web.conftest import Screenshots, every_look
from tests.web.drafts import SHOP, enter, fits, stored


@pytest.fixture
def source(settings: Settings, database: Database) -> Source:
    database.execute(SHOP)
    return drafts.store(settings, database)


@pytest.fixture
def tables(page: Page, server: LocalServer, source: Source) -> Page:
    """The step, once the tables are listed."""
    enter(page, server, source, "tables")
    expect(page.get_by_role("button", name="List again")).to_be_visible()
    return page


def row(page: Page, name: str, schema: str = "sales") -> Locator:
    """A table's row: under its schema's, the first of that name."""
    rows = page.get_by_role("grid", name="Tables").get_by_role("row")
    named = rows.filter(has=page.get_by_text(name, exact=True))
    return named.first if schema == "crm" else named.last


def tick(page: Page, name: str) -> None:
    row(page, name).get_by_role("checkbox").check()


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Go on", exact=True).click()
    heading = page.get_by_role("heading", name="Destination and schedule")
    expect(heading).to_be_focused()


@every_look
def test_the_list(tables: Page, barriers: Barriers, screenshot: Screenshots) -> None:
    expect(tables.get_by_text("6 tables", exact=True)).to_be_visible()
    for name in ("log_lines", "large_orders", "orders"):
        tick(tables, name)
    expect(row(tables, "orders")).to_contain_text("by updated_at")
    expect(row(tables, "large_orders")).to_contain_text("no key")
    expect(tables.get_by_text("3 tables chosen")).to_be_visible()
    screenshot("wizard-tables")
    barriers.check()
    fits(tables)


@every_look
def test_the_drawer(tables: Page, barriers: Barriers, screenshot: Screenshots) -> None:
    row(tables, "orders").click()
    drawer = tables.get_by_role("dialog", name="orders")
    expect(drawer.get_by_role("heading", name="orders")).to_be_focused()
    expect(drawer.get_by_text("Order 1", exact=True)).to_be_visible()
    screenshot("wizard-table")
    barriers.check()
    fits(tables)


def test_who_changes_nothing_gets_what_is_advised(
    tables: Page, settings: Settings, source: Source
) -> None:
    tables.get_by_role("checkbox", name="Choose all that are shown").check()
    expect(tables.get_by_text("6 tables chosen")).to_be_visible()
    go_on(tables)
    chosen = {str(table.ref): table for table in stored(settings, source).selection}
    assert len(chosen) == 6
    assert (chosen["sales.orders"].mode, chosen["sales.orders"].cursor) == (
        Mode.MERGE,
        ("updated_at",),
    )
    # A few rows are read whole, so that deletes are seen too.
    assert chosen["sales.countries"].mode is Mode.FULL
    assert chosen["sales.large_orders"].mode is Mode.FULL
    assert stored(settings, source).setup_step == "schedule"


def test_mariadb_is_advised_too(
    page: Page, server: LocalServer, settings: Settings, mariadb_database: MariadbDatabase
) -> None:
    mariadb_database.execute(
        "CREATE TABLE orders (id int PRIMARY KEY, changed timestamp NOT NULL "
        "DEFAULT current_timestamp() ON UPDATE current_timestamp(), KEY (changed));"
        "INSERT INTO orders (id) SELECT seq FROM seq_1_to_20000; ANALYZE TABLE orders"
    )
    source = drafts.store(settings, mariadb_database)
    enter(page, server, source, "tables")
    page.get_by_role("checkbox", name="Choose orders").check()
    expect(page.get_by_text("New and changed", exact=True)).to_be_visible()
    go_on(page)
    (chosen,) = stored(settings, source).selection
    assert (chosen.mode, chosen.cursor) == (Mode.MERGE, ("changed",))


def test_mode_cursor_and_columns_are_stored_as_they_are_chosen(
    tables: Page, settings: Settings, source: Source
) -> None:
    row(tables, "orders").click()
    drawer = tables.get_by_role("dialog", name="orders")
    drawer.get_by_role("radio", name=re.compile("^What is new (?!or)")).check()
    drawer.get_by_role("radio", name=re.compile("^created_at")).check()
    drawer.get_by_role("checkbox", name="Take note").uncheck()
    drawer.get_by_text("More: rows that come late").click()
    drawer.get_by_label("Lag in seconds").fill("300")
    expect(drawer.get_by_role("switch", name="Take this table")).to_be_checked()
    drawer.get_by_role("button", name="Close").click()
    expect(row(tables, "orders")).to_be_focused()
    expect(row(tables, "orders")).to_contain_text("by created_at")
    go_on(tables)
    (table,) = stored(settings, source).selection
    assert (table.mode, table.cursor, table.lag_seconds) == (Mode.APPEND, ("created_at",), 300)
    assert table.columns == ("id", "customer_id", "amount", "created_at", "updated_at")


def test_deletes_are_looked_for_if_somebody_wants_it(
    tables: Page, settings: Settings, source: Source
) -> None:
    row(tables, "orders").click()
    drawer = tables.get_by_role("dialog", name="orders")
    drawer.get_by_label("Rows that are deleted here").select_option("soft")
    drawer.get_by_role("button", name="Close").click()
    go_on(tables)
    (chosen,) = stored(settings, source).selection
    assert (chosen.mode, chosen.detect_deletes) == (Mode.MERGE, DetectDeletes.SOFT)


@every_look
def test_only_rows_that_fulfil_conditions(
    tables: Page, settings: Settings, source: Source, barriers: Barriers, screenshot: Screenshots
) -> None:
    row(tables, "orders").click()
    drawer = tables.get_by_role("dialog", name="orders")
    rows = drawer.get_by_role("region", name="Which rows")
    rows.get_by_role("button", name="Add a condition").click()
    expect(rows.get_by_label("Column")).to_be_focused()
    rows.get_by_label("Column").select_option("amount")
    rows.get_by_label("Comparison").select_option(">=")
    rows.get_by_label("Value").fill("12.5")
    rows.get_by_role("button", name="Add a condition").click()
    second = rows.get_by_role("listitem").nth(1)
    second.get_by_label("Column").select_option("customer_id")
    second.get_by_label("Comparison").select_option("in")
    expect(second.get_by_label("Values")).to_have_value("")
    second.get_by_label("Values").fill("1, 2")
    rows.get_by_role("button", name="Add a condition").click()
    rows.get_by_role("button", name="Remove the condition id is").click()
    expect(rows.get_by_role("button", name="Add a condition")).to_be_focused()
    rows.scroll_into_view_if_needed()
    screenshot("wizard-table-filter")
    barriers.check()
    fits(tables)
    drawer.get_by_role("button", name="Close").click()
    go_on(tables)
    (chosen,) = stored(settings, source).selection
    assert [str(condition) for condition in chosen.filter] == [
        "amount >= 12.5",
        "customer_id in 1, 2",
    ]


# What the columns of sales.orders may do in BigQuery.
LAYOUTS = {
    "id": ["cluster", "range"],
    "customer_id": ["cluster", "range"],
    "amount": ["cluster"],
    "note": ["cluster"],
    "created_at": ["cluster", "day", "hour", "month", "year"],
    "updated_at": ["cluster", "day", "hour", "month", "year"],
}


def with_layouts(route: Route) -> None:
    """The answer as it is where the destination parts tables; DuckDB does not."""
    answer = route.fetch()
    described = answer.json()
    for column in described["columns"]:
        column["layouts"] = LAYOUTS[column["name"]]
    route.fulfill(response=answer, json=described)


@every_look
def test_how_the_table_is_parted_and_sorted(
    tables: Page, settings: Settings, source: Source, barriers: Barriers, screenshot: Screenshots
) -> None:
    tables.route("**/describe_table/", with_layouts)
    row(tables, "orders").click()
    drawer = tables.get_by_role("dialog", name="orders")
    layout = drawer.get_by_role("region", name="How it lies there")
    expect(layout.get_by_role("status")).to_have_text("as it comes")
    layout.get_by_label("Partition by").select_option("created_at")
    expect(layout.get_by_label("One partition for each")).to_have_value("day")
    layout.get_by_label("One partition for each").select_option("month")
    layout.get_by_label("Sort by").select_option("customer_id")
    layout.get_by_label("Then by").select_option("note")
    expect(layout.get_by_label("Then by")).to_have_count(2)
    expect(layout.get_by_role("status")).to_have_text(
        "one partition for each month of created_at, sorted by customer_id, note"
    )
    expect(drawer.get_by_role("checkbox", name="Take created_at")).to_be_disabled()
    layout.scroll_into_view_if_needed()
    screenshot("wizard-table-layout")
    barriers.check()
    fits(tables)
    drawer.get_by_role("button", name="Close").click()
    go_on(tables)
    (chosen,) = stored(settings, source).selection
    assert chosen.partition_by == Partitioning(column="created_at", granularity=Granularity.MONTH)
    assert chosen.cluster_by == ("customer_id", "note")


def test_a_range_is_taken_with_the_keyboard_once_it_is_whole(
    tables: Page, settings: Settings, source: Source, barriers: Barriers
) -> None:
    tables.route("**/describe_table/", with_layouts)
    row(tables, "orders").click()
    drawer = tables.get_by_role("dialog", name="orders")
    layout = drawer.get_by_role("region", name="How it lies there")
    layout.get_by_label("Partition by").focus()
    tables.keyboard.type("customer_id")
    expect(layout.get_by_label("From")).to_have_value("")
    for typed in ("0", "10", "20"):
        tables.keyboard.press("Tab")
        tables.keyboard.type(typed)
    expect(layout.get_by_role("status")).to_have_text("partitions by customer_id")
    tables.keyboard.press("Shift+Tab")
    tables.keyboard.type("0x")
    expect(layout.get_by_text("To below must be a whole number.")).to_be_visible()
    expect(layout.get_by_role("status")).to_have_text("as it comes")
    barriers.check()
    layout.get_by_label("To below").fill("1000")
    drawer.get_by_role("button", name="Close").click()
    go_on(tables)
    (chosen,) = stored(settings, source).selection
    by_number = NumberRange(start=0, end=1000, interval=20)
    assert chosen.partition_by == Partitioning(column="customer_id", range=by_number)


def test_where_no_table_is_parted_nothing_is_asked(tables: Page) -> None:
    row(tables, "orders").click()
    drawer = tables.get_by_role("dialog", name="orders")
    expect(drawer.get_by_role("region", name="Which rows")).to_be_visible()
    expect(drawer.get_by_role("region", name="How it lies there")).to_have_count(0)


def test_a_key_can_t_be_left_out_and_what_is_impossible_says_why(tables: Page) -> None:
    row(tables, "orders").click()
    drawer = tables.get_by_role("dialog", name="orders")
    expect(drawer.get_by_role("checkbox", name="Take id", exact=True)).to_be_disabled()
    tables.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    row(tables, "large_orders").click()
    drawer = tables.get_by_role("dialog", name="large_orders")
    merge = drawer.get_by_role("radio", name="What is new or changed")
    expect(merge).to_be_disabled()
    expect(drawer.get_by_text("A view has no key")).to_be_visible()


@every_look
def test_what_would_become_of_the_values(
    tables: Page, barriers: Barriers, screenshot: Screenshots
) -> None:
    row(tables, "customers").click()
    drawer = tables.get_by_role("dialog", name="customers")
    drawer.get_by_role("button", name="Check the values").click()
    expect(drawer.get_by_text("A run would fail")).to_be_visible()
    drawer.get_by_role("button", name="Follow the advice").scroll_into_view_if_needed()
    screenshot("wizard-table-values")
    barriers.check()
    fits(tables)
    drawer.get_by_role("button", name="Follow the advice").click()
    expect(drawer.get_by_text("A run would fail")).to_have_count(0)
    expect(drawer.get_by_role("switch", name="Take this table")).to_be_checked()


def test_filter_sort_and_schemas(tables: Page) -> None:
    grid = tables.get_by_role("grid", name="Tables")
    tables.get_by_label("Filter", exact=True).fill("crm ord")
    expect(tables.get_by_text("1 of 6 tables")).to_be_visible()
    tables.get_by_label("Filter", exact=True).fill("nothing like it")
    expect(tables.get_by_text("No table is called that")).to_be_visible()
    tables.get_by_role("button", name="Show all tables").click()

    grid.get_by_role("button", name="Rows").click()
    expect(grid.get_by_role("row").nth(1)).to_contain_text("sales.orders")
    grid.get_by_role("button", name="Rows").click()
    expect(grid.get_by_role("row").nth(2)).not_to_contain_text("sales.orders")
    grid.get_by_role("button", name="Table").click()

    crm = grid.get_by_role("row").filter(has_text="2 tables")
    crm.get_by_role("checkbox").check()
    expect(tables.get_by_text("2 tables chosen")).to_be_visible()
    crm.click()
    expect(row(tables, "customers")).to_have_count(0)
    tables.get_by_label("Only chosen").check()
    expect(tables.get_by_text("2 of 6 tables")).to_be_visible()


def test_the_keyboard_alone_chooses(tables: Page) -> None:
    keyboard = tables.keyboard
    tables.get_by_label("Filter", exact=True).fill("countries")
    grid = tables.get_by_role("grid", name="Tables")
    grid.get_by_role("row").nth(1).focus()
    keyboard.press("ArrowDown")
    keyboard.press("Space")
    expect(tables.get_by_text("1 table chosen")).to_be_visible()
    keyboard.press("Enter")
    drawer = tables.get_by_role("dialog", name="countries")
    expect(drawer.get_by_role("heading", name="countries")).to_be_focused()
    expect(drawer.get_by_text("Germany")).to_be_visible()
    for _ in range(4):
        keyboard.press("Tab")
        assert tables.evaluate("() => document.activeElement.matches('dialog *')")
    keyboard.press("Escape")
    expect(row(tables, "countries")).to_be_focused()


def test_nothing_chosen_is_said(tables: Page) -> None:
    tables.get_by_role("button", name="Go on").click()
    expect(tables.get_by_text("Choose at least one table.")).to_be_visible()


@every_look
def test_a_user_who_sees_nothing(
    page: Page,
    server: LocalServer,
    settings: Settings,
    database: Database,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    source = drafts.store(settings, database)
    enter(page, server, source, "tables")
    expect(page.get_by_text("This user sees no tables")).to_be_visible()
    screenshot("wizard-tables-none")
    barriers.check()
    fits(page)


@every_look
def test_a_database_that_takes_its_time(
    page: Page, server: LocalServer, source: Source, barriers: Barriers, screenshot: Screenshots
) -> None:
    page.route("**/list_tables/", lambda _: None)  # is never answered
    enter(page, server, source, "tables")
    expect(page.get_by_text("Listing the tables")).to_be_attached()
    screenshot("wizard-tables-listing")
    barriers.check()
    fits(page)
    page.unroute_all()


def test_a_table_that_is_gone_may_be_left_out(
    page: Page, server: LocalServer, settings: Settings, source: Source
) -> None:
    selection = (table("countries", "sales"), table("dropped", "sales"))
    drafts.change(settings, source, selection=selection)
    enter(page, server, source, "tables")
    expect(page.get_by_text("1 chosen table can't be seen any more.")).to_be_visible()
    page.get_by_role("button", name="Leave out").click()
    go_on(page)
    assert [each.table_name for each in stored(settings, source).selection] == ["countries"]


@every_look
def test_a_list_that_breaks_off_keeps_what_was_found(
    page: Page,
    server: LocalServer,
    source: Source,
    complaints: Complaints,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    def broken(route: Route) -> None:
        lines = route.fetch().text().splitlines()[:4]
        route.fulfill(body="\n".join(lines) + "\n", content_type="application/x-ndjson")

    page.route("**/list_tables/", broken, times=1)
    enter(page, server, source, "tables")
    expect(page.get_by_text("The answer was cut off")).to_be_visible()
    expect(row(page, "customers")).to_be_visible()
    screenshot("wizard-tables-broken")
    barriers.check()
    fits(page)
    page.get_by_role("button", name="List again").first.click()
    expect(page.get_by_text("6 tables", exact=True)).to_be_visible()
    expect(page.get_by_text("The answer was cut off")).to_have_count(0)


def test_a_database_that_is_gone_while_listing(
    page: Page, server: LocalServer, source: Source, database: Database, complaints: Complaints
) -> None:
    complaints.expect("424")
    database.server.psql(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
    enter(page, server, source, "tables")
    expect(page.get_by_role("alert")).to_be_visible()
    database.server.psql(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
    page.get_by_role("button", name="List again").click()
    expect(page.get_by_text("6 tables", exact=True)).to_be_visible()


def test_an_expired_sign_in_goes_on_where_it_was(
    tables: Page, server: LocalServer, settings: Settings, source: Source, complaints: Complaints
) -> None:
    complaints.expect("401")
    tick(tables, "countries")
    # As if the service had been started anew.
    tables.route("**/save_draft/", lambda route: route.continue_(
        headers={**route.request.headers, "authorization": "Bearer old"}
    ), times=1)  # fmt: skip
    tables.get_by_role("button", name="Go on").click()
    dialog = tables.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("Address or token").fill(server.page)
    dialog.get_by_role("button", name="Sign in").click()
    expect(tables.get_by_role("heading", name="Destination and schedule")).to_be_visible()
    assert [table.table_name for table in stored(settings, source).selection] == ["countries"]


def test_leaving_keeps_what_was_chosen(
    tables: Page, server: LocalServer, settings: Settings, source: Source
) -> None:
    tick(tables, "countries")
    with tables.expect_response("**/save_draft/"):
        tables.get_by_role("link", name="Sources").click()
    assert [table.table_name for table in stored(settings, source).selection] == ["countries"]
    assert stored(settings, source).setup_step == "tables"


def test_a_stale_tab_overwrites_nothing(
    tables: Page, settings: Settings, source: Source, complaints: Complaints
) -> None:
    complaints.expect("409")
    tick(tables, "countries")
    drafts.change(settings, source, selection=(table("customers", "crm"),))
    tables.get_by_role("button", name="Go on").click()
    expect(tables.get_by_text("This source was changed elsewhere.")).to_be_visible()
    assert [each.table_name for each in stored(settings, source).selection] == ["customers"]

    tables.get_by_role("button", name="Compare").click()
    line = tables.get_by_role("row").filter(has_text="Tables on one side alone")
    expect(line).to_contain_text("sales.countries")
    expect(line).to_contain_text("crm.customers")
    tables.get_by_role("button", name="Show what was saved there").click()
    expect(tables.get_by_text("This source was changed elsewhere.")).to_have_count(0)
    expect(row(tables, "customers").get_by_role("checkbox")).to_be_checked()
    expect(row(tables, "countries").get_by_role("checkbox")).not_to_be_checked()


@every_look
def test_a_stale_tab_may_go_on_with_its_own(
    tables: Page,
    settings: Settings,
    source: Source,
    complaints: Complaints,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    complaints.expect("409")
    tick(tables, "countries")
    drafts.change(settings, source, selection=(table("customers", "crm"),))
    tables.get_by_role("button", name="Go on").click()
    tables.get_by_role("button", name="Compare").click()
    expect(tables.get_by_text("Tables on one side alone")).to_be_visible()
    screenshot("wizard-stale")
    barriers.check()
    fits(tables)
    tables.get_by_role("button", name="Go on with what is here").click()
    go_on(tables)
    assert [each.table_name for each in stored(settings, source).selection] == ["countries"]


def test_advice_that_fails_is_said_and_may_be_done_without(
    tables: Page, settings: Settings, source: Source, complaints: Complaints
) -> None:
    complaints.expect("ERR_CONNECTION_REFUSED")
    tables.route(
        "**/describe_table/advise", lambda route: route.abort("connectionrefused"), times=1
    )
    tick(tables, "orders")
    expect(tables.get_by_text("could not be looked at")).to_be_visible()
    tables.get_by_role("button", name="Look again").click()
    expect(row(tables, "orders")).to_contain_text("by updated_at")
    expect(tables.get_by_text("could not be looked at")).to_have_count(0)
