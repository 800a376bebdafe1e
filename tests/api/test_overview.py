"""A dashboard in one call: sources, and their last runs in brief."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from headrace.api.overview import ShowOverview, show_overview
from headrace.errors import PASSWORD_REJECTED, HeadraceError
from headrace.local import LocalServer
from headrace.model import Run, RunState, Source, TableRun
from headrace.problems import Problem
from headrace.records import Runs
from headrace.schedules import Interval
from headrace.services import Services
from headrace.settings import Settings
from tests.api.drafts import create

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    opened = Services(settings)
    yield opened
    opened.close()


def record(services: Services, source: Source, number: int, **changes: Any) -> Run:
    at = BEGINNING + timedelta(hours=number)
    table = TableRun(
        schema_name="public", table_name="t", dataset="shop", destination_table="t", rows=number
    )
    run = Run(
        model_id=source.model_id,
        source_id=source.source_id,
        run_id=f"r{number:03}",
        state=RunState.SUCCEEDED,
        requested_at=at,
        started_at=at,
        finished_at=at + timedelta(minutes=1),
        tables=(table, table),
    )
    return Runs(services.documents).create(run.model_copy(update=changes))


def test_each_source_comes_with_its_last_runs(services: Services) -> None:
    shop = create(services, name="Shop", schedule=Interval(every=15, unit="minutes"))
    crm = create(services, name="CRM")
    for number in range(3):
        record(services, shop, number)
    error = Problem.of(HeadraceError(PASSWORD_REJECTED, "No."))
    record(services, shop, 3, state=RunState.FAILED, error=error)

    first, second = show_overview(services, ShowOverview(model_id="m1", runs=3)).sources
    assert (first.source, first.schedule) == (shop, str(shop.schedule))
    assert [(run.run_id, run.rows) for run in first.runs] == [("r003", 6), ("r002", 4), ("r001", 2)]
    assert [run.failure for run in first.runs] == [PASSWORD_REJECTED.title, None, None]
    assert first.runs[1].state is RunState.SUCCEEDED
    assert (second.source, second.schedule, second.runs) == (crm, "by hand", ())


def test_a_run_whose_process_is_gone_has_failed(services: Services) -> None:
    source = create(services)
    record(services, source, 1, state=RunState.RUNNING, finished_at=None, execution="1:0")
    (shown,) = show_overview(services, ShowOverview(model_id="m1")).sources
    assert shown.runs[0].state is RunState.FAILED


def test_it_comes_page_by_page(services: Services) -> None:
    made = [create(services, name=name).source_id for name in "abc"]
    first = show_overview(services, ShowOverview(model_id="m1", limit=2))
    second = show_overview(services, ShowOverview(model_id="m1", limit=2, after=first.next_after))
    shown = [each.source.source_id for each in (*first.sources, *second.sources)]
    assert (shown, second.next_after) == (made, None)


def test_over_http(http: httpx.Client, server: LocalServer) -> None:
    answer = http.get("/sources/overview", params={"model_id": "m1"})
    assert (answer.status_code, answer.json()) == (200, {"sources": [], "next_after": None})
    wrong = http.get("/sources/overview", params={"model_id": "m1", "runs": "31"})
    assert [field["path"] for field in wrong.json()["fields"]] == ["runs"]
