"""The next runs of a schedule, before it is saved."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from headrace.api.preview_schedule import PreviewSchedule, SchedulePreview, preview_schedule
from headrace.schedules import Cron, Interval, Manual, Schedule
from headrace.services import Services
from headrace.settings import Settings


@pytest.fixture
def services(settings: Settings) -> Services:
    return Services(settings)


def preview(services: Services, schedule: Schedule, after: str) -> SchedulePreview:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    return preview_schedule(services, PreviewSchedule(schedule=schedule, after=moment))


def test_the_clocks_go_forward(services: Services) -> None:
    nightly = Cron(expression="30 2 * * *", time_zone="Europe/Berlin")
    shown = preview(services, nightly, "2026-03-27T12:00")

    assert shown.words == "at 02:30 every day, Europe/Berlin"
    assert [run.words for run in shown.runs] == [
        "Saturday, 28 March 2026, 02:30 (CET)",
        "Sunday, 29 March 2026, 03:00 (CEST)",
        "Monday, 30 March 2026, 02:30 (CEST)",
        "Tuesday, 31 March 2026, 02:30 (CEST)",
        "Wednesday, 1 April 2026, 02:30 (CEST)",
    ]
    assert [run.note for run in shown.runs] == [
        None,
        "The clocks go forward over the time asked for: the first minute after that.",
        None,
        None,
        None,
    ]
    assert shown.runs[1].local.isoformat() == "2026-03-29T03:00:00+02:00"
    assert shown.runs[1].at.isoformat() == "2026-03-29T01:00:00+00:00"


@pytest.mark.parametrize(
    ("expression", "notes"),
    [("30 1 * * *", ["first"]), ("30 * * * *", ["first", "second"])],
)
def test_the_clocks_go_back(services: Services, expression: str, notes: list[str]) -> None:
    schedule = Cron(expression=expression, time_zone="America/New_York")
    shown = preview(services, schedule, "2026-11-01T05:15")

    assert [run.note for run in shown.runs[: len(notes)]] == [
        f"The clocks go back and show this time twice: the {which} of the two." for which in notes
    ]
    assert shown.runs[len(notes)].note is None


def test_an_interval_is_counted_from_now(services: Services) -> None:
    shown = preview(services, Interval(every=36, unit="hours"), "2026-12-30T22:10:30")

    assert shown.words == "every 36 hours, counted from 2026-12-30 22:10 UTC"
    assert [run.words for run in shown.runs][:2] == [
        "Friday, 1 January 2027, 10:10 (UTC)",
        "Saturday, 2 January 2027, 22:10 (UTC)",
    ]


def test_by_hand_there_is_nothing_to_show(services: Services) -> None:
    assert preview(services, Manual(), "2026-01-01") == SchedulePreview(words="by hand", runs=())


def test_over_http(http: httpx.Client) -> None:
    body = {"schedule": {"type": "cron", "expression": "0 0 29 2 *"}}
    runs = http.post("/sources/preview_schedule", json=body).json()["runs"]
    assert [run["at"][4:] for run in runs] == ["-02-29T00:00:00Z"] * 5

    body["schedule"]["expression"] = "0 0 30 2 *"
    problem = http.post("/sources/preview_schedule", json=body).json()
    assert [field["path"] for field in problem["fields"]] == ["schedule.expression"]
