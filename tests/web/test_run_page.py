"""What one run brought, how, and what its job said."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from headrace.extraction.cancel import cancel
from headrace.extraction.start import start
from headrace.local import LocalServer
from headrace.model import Phases, Run, RunState, Source, TableState, Window, now
from headrace.records import Runs
from headrace.services import Services
from headrace.tables import Mode
from tests.conftest import Database
from tests.web.barriers import Barriers
from tests.web.complaints import Complaints
from tests.web.conftest import Screenshots, every_look
from tests.web.history import a_source, its_runs
from tests.web.running import address, ended, has_run, reading, shop, slow_shop, table


@every_look
def test_all_that_is_known_of_a_run(
    page: Page,
    server: LocalServer,
    services: Services,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    """Figures that are hard to bring about with real rows."""
    source = a_source(services, "Shop")
    (run,) = its_runs(services, source, 1)
    window = Window(
        cursor=("updated_at", "created_at"),
        after="2026-11-23 02:30:00+00",
        read_after="2026-11-23 01:30:00+00",
        upto="2026-11-24 02:29:00+00",
        null_rows=3,
        remarks=("The column updated_at has no index: each run reads the whole table.",),
    )
    orders, customers = run.tables
    done = {"state": TableState.PUBLISHED, "seconds": 4.2, "rows_per_second": 2900.0}
    Runs(services.documents).replace(
        run.model_copy(
            update={
                "tables": (
                    orders.model_copy(
                        update={
                            **done, "bytes": 48_000_000, "chunks": 8, "chunks_done": 8,
                            "window": window, "unfit": {"valid_to": 12}, "mode": Mode.MERGE,
                        }
                    ),
                    customers.model_copy(update={**done, "chunks": 1, "chunks_done": 1}),
                ),
                "phases": Phases(plan=0.4, read=8.1, write=3.3, load=1.2, publish=0.1),
                "warnings": (
                    "Table public.orders has a new column, discount; it is empty in older rows.",
                    "Table public.orders was read from 2 snapshots.",
                ),
            }
        )
    )  # fmt: skip
    page.goto(address(server.page, source, run))
    expect(page.get_by_role("heading", name=re.compile("^Run of"))).to_be_visible()
    expect(page.get_by_text("has a new column, discount")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="public.orders")
    expect(row).to_contain_text("8 of 8")
    expect(row).to_contain_text("48 MB")
    expect(row).to_contain_text("after 2026-11-23 02:30:00+00")
    expect(row).to_contain_text("3 rows without a cursor value")
    expect(row).to_contain_text("12 values of valid_to did not fit")
    expect(page.get_by_text("There is no log of run")).to_be_visible()
    screenshot("run")
    barriers.check()


def test_a_real_run(
    page: Page, server: LocalServer, services: Services, database: Database, barriers: Barriers
) -> None:
    source = shop(services, database)
    run = has_run(services, source)
    page.goto(address(server.page, source, run))
    expect(page.get_by_role("row").filter(has_text="public.orders")).to_contain_text("1,000")
    expect(page.get_by_text("into shop.orders")).to_be_visible()
    expect(page.get_by_role("region", name="Where the time went")).to_be_visible()
    lines = page.get_by_role("log", name="Lines of the log")
    expect(lines).to_contain_text("the run ended as succeeded")
    barriers.check()


@every_look
def test_a_run_that_failed_and_its_log(
    page: Page,
    server: LocalServer,
    services: Services,
    database: Database,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    source = shop(services, database)
    database.execute("DROP TABLE orders")
    run = has_run(services, source)
    assert run.error is not None
    page.goto(address(server.page, source, run))
    expect(page.get_by_role("alert")).to_contain_text(run.error.hint)
    lines = page.get_by_role("log", name="Lines of the log")
    expect(lines).to_contain_text("Error table_not_found")
    screenshot("run-failed")
    barriers.check()


def test_the_log_is_filtered_by_level_and_searched(
    page: Page, server: LocalServer, services: Services, database: Database, barriers: Barriers
) -> None:
    source = shop(services, database)
    database.execute("DROP TABLE orders")
    run = has_run(services, source)
    page.goto(address(server.page, source, run))
    lines = page.get_by_role("log", name="Lines of the log").get_by_role("listitem")
    expect(lines.filter(has_text="the run ended as failed")).to_have_count(1)
    all_of_them = lines.count()
    assert all_of_them > 1
    page.get_by_label("Level").select_option("ERROR")
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("table_not_found")
    page.get_by_label("Level").select_option("DEFAULT")
    expect(lines).to_have_count(all_of_them)
    page.get_by_label("Search the log").fill("ENDED AS")
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("the run ended as failed")
    page.get_by_label("Search the log").fill("nothing of the kind")
    expect(page.get_by_text("No line fits.")).to_be_visible()
    barriers.check()


def test_a_long_log_is_read_in_parts(
    page: Page, server: LocalServer, services: Services, barriers: Barriers
) -> None:
    source = a_source(services, "Shop")
    (run,) = its_runs(services, source, 1)
    logs = services.settings.data / "logs"
    logs.mkdir(parents=True)
    with (logs / f"{run.run_id}.log").open("w") as log:
        log.writelines(f"line {number}\n" for number in range(9000))
    page.goto(address(server.page, source, run))
    lines = page.get_by_role("log", name="Lines of the log").get_by_role("listitem")
    expect(lines).to_have_count(2000)
    expect(lines.last).to_have_text("line 1999")
    for _ in range(3):
        page.get_by_role("button", name="Read on").click()
    expect(lines.last).to_have_text("line 7999")
    expect(page.get_by_text("The first 3,000 lines are no longer shown.")).to_be_visible()
    expect(lines).to_have_count(5000)
    page.get_by_role("button", name="Read on").click()
    expect(lines.last).to_have_text("line 8999")
    expect(page.get_by_role("button", name="Read on")).to_have_count(0)


def test_a_live_run_is_followed_to_its_end(
    page: Page,
    server: LocalServer,
    services: Services,
    database: Database,
    barriers: Barriers,
    screenshot: Screenshots,
) -> None:
    with slow_shop(services, database) as source:
        run = reading(services, start(services, source.model_id, source.source_id))
        page.goto(address(server.page, source, run))
        expect(page.get_by_role("region", name="Progress")).to_contain_text("Reading rows")
        expect(
            page.get_by_text("line, following").or_(page.get_by_text("lines, following"))
        ).to_be_visible()
        screenshot("run-live")
        barriers.check()
        cancel(services, source.model_id, source.source_id, run.run_id)
        lines = page.get_by_role("log", name="Lines of the log")
        expect(lines).to_contain_text("the run ended as cancelled", timeout=30_000)
        expect(page.get_by_role("region", name="Progress")).to_have_count(0)
        expect(page.get_by_text(re.compile(r"\d lines?$"))).to_be_visible()
    assert ended(services, run).state is RunState.CANCELLED


def test_a_run_of_new_rows_shows_its_window(
    page: Page, server: LocalServer, services: Services, database: Database
) -> None:
    chosen = (table("orders", mode="append", cursor=("id",)),)
    source = shop(services, database, selection=chosen)
    has_run(services, source)
    database.execute("INSERT INTO orders VALUES (1001, 1, 'new', now() - interval '1 hour')")
    run = has_run(services, source)
    page.goto(address(server.page, source, run))
    row = page.get_by_role("row").filter(has_text="public.orders")
    expect(row).to_contain_text("id after 1000 up to 1001")
    expect(row.get_by_role("cell").nth(1)).to_have_text("1")


def a_queued_run(services: Services, source: Source) -> Run:
    """One that stays as it is for a while: nobody has launched its job."""
    run = Run(
        model_id=source.model_id, source_id=source.source_id, run_id="queued", requested_at=now()
    )
    return Runs(services.documents).create(run)


def test_a_live_run_is_asked_for_while_somebody_looks(
    page: Page, server: LocalServer, services: Services
) -> None:
    source = a_source(services, "Shop")
    run = a_queued_run(services, source)
    page.clock.install()
    page.goto(address(server.page, source, run))
    expect(page.get_by_text("Waiting for its process to start")).to_be_visible()
    with page.expect_response("**/queued"):
        page.clock.run_for(2_000)

    see(page, "hidden")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(120_000)
    assert asked == []
    with page.expect_response("**/queued"):
        see(page, "visible")


def see(page: Page, visibility: str) -> None:
    """As if the tab were hidden, or shown."""
    page.evaluate(
        """(state) => {
          Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        visibility,
    )


def test_a_run_that_has_ended_is_asked_for_once(
    page: Page, server: LocalServer, services: Services
) -> None:
    source = a_source(services, "Shop")
    (run,) = its_runs(services, source, 1)
    page.clock.install()
    page.goto(address(server.page, source, run))
    expect(page.get_by_text("There is no log of run")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(120_000)
    assert [url for url in asked if "/runs/" in url] == []


def test_a_run_that_is_not_there(
    page: Page, server: LocalServer, services: Services, barriers: Barriers, complaints: Complaints
) -> None:
    complaints.expect("404")
    source = a_source(services, "Shop")
    page.goto(address(server.page, source) + "/runs/nothing")
    expect(page.get_by_text("run_not_found")).to_be_visible()
    barriers.check()
