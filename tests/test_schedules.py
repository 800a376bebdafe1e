"""When a schedule wants a run: also where clocks change, and whatever moment one asks at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from headrace.errors import Field
from headrace.schedules import Cron, Interval, Manual, Schedule
from headrace.validation import wrong_fields
from headrace.values import Value

SCHEDULE: TypeAdapter[Schedule] = TypeAdapter(Schedule)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clock(cron: Cron, after: str, count: int) -> list[str]:
    """The next slots as a clock of the schedule's zone shows them."""
    slots = cron.next_slots(utc(after), count)
    return [f"{slot.astimezone(cron.zone):%m-%d %H:%M %z}" for slot in slots]


def berlin(expression: str) -> Cron:
    return Cron(expression=expression, time_zone="Europe/Berlin")


def new_york(expression: str) -> Cron:
    return Cron(expression=expression, time_zone="America/New_York")


# --- clocks that change -----------------------------------------------------------------------


def test_a_time_that_the_clocks_leap_over_runs_after_the_gap() -> None:
    """In 2026 Berlin's clocks go from 02:00 to 03:00 on March 29, New York's on March 8."""
    assert clock(berlin("30 2 * * *"), "2026-03-27T12:00", 3) == [
        "03-28 02:30 +0100",
        "03-29 03:00 +0200",
        "03-30 02:30 +0200",
    ]
    assert clock(new_york("30 2 * * *"), "2026-03-07T12:00", 2) == [
        "03-08 03:00 -0400",
        "03-09 02:30 -0400",
    ]


def test_a_time_that_comes_twice_runs_the_first_time() -> None:
    """Berlin's clocks go back from 03:00 on October 25, New York's from 02:00 on November 1."""
    assert clock(berlin("30 2 * * *"), "2026-10-24T12:00", 2) == [
        "10-25 02:30 +0200",
        "10-26 02:30 +0100",
    ]
    assert clock(new_york("30 1 * * *"), "2026-10-31T12:00", 2) == [
        "11-01 01:30 -0400",
        "11-02 01:30 -0500",
    ]


@pytest.mark.parametrize("minute", range(0, 90, 7))
def test_between_two_equal_times_the_next_one_is_tomorrow(minute: int) -> None:
    first = utc("2026-10-25T00:30")
    cron = berlin("30 2 * * *")

    assert cron.next_slot(first + timedelta(minutes=minute)) == utc("2026-10-26T01:30")


def test_several_times_in_one_gap_are_one_run() -> None:
    assert clock(berlin("15,45 2 * * *"), "2026-03-28T12:00", 2) == [
        "03-29 03:00 +0200",
        "03-30 02:15 +0200",
    ]


def test_what_follows_the_clock_leaves_out_and_repeats() -> None:
    assert clock(berlin("*/30 2 * * *"), "2026-03-29T00:00", 1) == ["03-30 02:00 +0200"]
    assert clock(berlin("30 * * * *"), "2026-10-24T23:45", 3) == [
        "10-25 02:30 +0200",
        "10-25 02:30 +0100",
        "10-25 03:30 +0100",
    ]


def test_a_zone_whose_clocks_never_change() -> None:
    kolkata = Cron(expression="30 2 * * *", time_zone="Asia/Kolkata")
    assert kolkata.next_slots(utc("2026-03-28T22:00"), 2) == (
        utc("2026-03-29T21:00"),
        utc("2026-03-30T21:00"),
    )


def test_without_a_zone_it_is_utc() -> None:
    assert Cron(expression="0 0 * * *").next_slot(utc("2026-03-29T01:00")) == utc("2026-03-30")


# Zones with a change of an hour, of half an hour, at midnight, and none.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Kolkata",
)
# For each of them, the days around its changes in 2026.
CHANGES = ("2026-03-07", "2026-03-28", "2026-04-04", "2026-04-23", "2026-09-05", "2026-10-03",
           "2026-10-24", "2026-10-29", "2026-10-31")  # fmt: skip


# Where an hour is left out on the night on which the clocks of Lord Howe Island go back.
HALF_AN_HOUR = {
    ("Australia/Lord_Howe", "*/20 0,2 * * *"),
    ("Australia/Lord_Howe", "5 */2 * * *"),
}


def minutes(day: str) -> Iterator[datetime]:
    """Each minute of three days."""
    return (utc(day) + timedelta(minutes=minute) for minute in range(3 * 24 * 60))


def expected(cron: Cron, day: str) -> list[datetime]:
    """The slots by the definition, from every minute that really passes."""
    fields = cron.expression.split()
    minute, hour = (_numbers(fields[0], 60), _numbers(fields[1], 24))
    named = {(h, m) for h in hour for m in minute}
    follows_the_clock = fields[0].startswith("*") or fields[1].startswith("*")
    found = []
    before = utc(day).astimezone(cron.zone).replace(tzinfo=None) - timedelta(minutes=1)
    latest = before
    for moment in minutes(day):
        shown = moment.astimezone(cron.zone).replace(tzinfo=None)
        if follows_the_clock:
            due = (shown.hour, shown.minute) in named
        else:  # each minute that a clock could show counts once, and late if it is leapt over
            due = any((m.hour, m.minute) in named for m in _after(latest, shown))
        if due:
            found.append(moment)
        latest = max(latest, shown)
    return found


def _numbers(field: str, end: int) -> set[int]:
    numbers, _, step = field.partition("/")
    if numbers == "*":
        return set(range(0, end, int(step or 1)))
    return {int(number) for number in numbers.split(",")}


def _after(latest: datetime, shown: datetime) -> Iterator[datetime]:
    while latest < shown:
        latest += timedelta(minutes=1)
        yield latest


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "expression",
    ["30 2 * * *", "0,15,59 0,1,2,23 * * *", "*/7 * * * *", "*/20 0,2 * * *", "5 */2 * * *"],
)
def test_slots_are_those_of_the_definition(
    request: pytest.FixtureRequest, zone: str, expression: str
) -> None:
    if (zone, expression) in HALF_AN_HOUR:
        reason = "CronSim goes on by whole hours, also over a change of half an hour"
        request.applymarker(pytest.mark.xfail(reason=reason))
    cron = Cron(expression=expression, time_zone=zone)
    for day in CHANGES:
        start, end = utc(day) - timedelta(seconds=1), utc(day) + timedelta(days=3)
        slots = list(takewhile(lambda slot, end=end: slot < end, cron.slots(start)))  # type: ignore[misc]
        assert slots == expected(cron, day), day


@given(
    st.sampled_from(ZONES),
    st.sampled_from(["30 2 * * *", "0,59 0,2,23 * * *", "*/7 * * * *", "13 */2 * * 1-5"]),
    st.integers(0, 366 * 24 * 3600),
)
def test_the_next_slot_is_the_same_whenever_one_asks(zone: str, expression: str, at: int) -> None:
    """Slots are asked for one by one, from moments that lie anywhere between them."""
    cron = Cron(expression=expression, time_zone=zone)
    before, after = cron.next_slots(utc("2026-01-01") + timedelta(seconds=at), 2)
    for share in (0.0, 0.1, 0.5, 0.999):
        assert cron.next_slot(before + (after - before) * share) == after


# --- calendars --------------------------------------------------------------------------------


def test_a_leap_day() -> None:
    assert Cron(expression="0 0 29 2 *").next_slots(utc("2026-01-01"), 2) == (
        utc("2028-02-29"),
        utc("2032-02-29"),
    )


def test_every_seventh_minute_begins_anew_with_the_hour() -> None:
    assert clock(Cron(expression="*/7 * * * *"), "2026-01-01T00:45", 4) == [
        "01-01 00:49 +0000",
        "01-01 00:56 +0000",
        "01-01 01:00 +0000",
        "01-01 01:07 +0000",
    ]


def test_the_last_day_of_a_month() -> None:
    slots = Cron(expression="0 6 L * *").next_slots(utc("2026-01-15"), 3)
    assert [f"{slot:%m-%d}" for slot in slots] == ["01-31", "02-28", "03-31"]


# --- intervals --------------------------------------------------------------------------------


def test_an_interval_is_counted_from_its_anchor() -> None:
    interval = Interval(every=6, unit="hours", anchor=utc("2026-05-05T08:30"))

    assert interval.next_slot(utc("2026-05-05T08:29:59")) == utc("2026-05-05T08:30")
    assert interval.next_slot(utc("2026-05-05T08:30")) == utc("2026-05-05T14:30")
    assert interval.next_slot(utc("2026-07-01T09:12:13")) == utc("2026-07-01T14:30")
    assert interval.next_slot(utc("2026-01-01T00:00")) == utc("2026-01-01T02:30")


def test_an_interval_does_not_drift() -> None:
    interval = Interval(every=25, unit="minutes", anchor=utc("2026-05-05"))
    slots = [utc("2026-05-05")]
    for late in (0, 3, 24):
        after = slots[-1] + timedelta(minutes=late)
        slots.append(interval.next_slot(after) or after)

    assert {later - earlier for earlier, later in pairwise(slots)} == {timedelta(minutes=25)}


def test_an_interval_knows_nothing_of_clocks_that_change() -> None:
    interval = Interval(every=1, unit="days", anchor=utc("2026-03-27T11:00"))
    slots = interval.next_slots(utc("2026-03-28T00:00"), 2)
    shown = [slot.astimezone(ZoneInfo("Europe/Berlin")).hour for slot in slots]
    assert shown == [12, 13]


def test_an_anchor_is_the_minute_of_saving_if_none_is_given() -> None:
    anchored = Interval(every=1, unit="hours").anchored(utc("2026-05-05T08:30:59.5"))
    assert anchored.anchor == utc("2026-05-05T08:30")
    assert anchored.anchored(utc("2027-01-01")) == anchored


def test_a_manual_schedule_has_no_slot() -> None:
    assert Manual().next_slot(utc("2026-01-01")) is None


# --- words and refusals -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Manual(), "by hand"),
        (berlin("30 2 * * *"), "at 02:30 every day, Europe/Berlin"),
        (Cron(expression="0 9 * * mon-fri"), "at 09:00 on Monday through Friday, UTC"),
        (Interval(every=1, unit="days"), "every day"),
        (
            Interval(every=90, unit="minutes", anchor=utc("2026-05-05T08:30")),
            "every 90 minutes, counted from 2026-05-05 08:30 UTC",
        ),
    ],
)
def test_a_schedule_in_words(schedule: Schedule, words: str) -> None:
    assert str(schedule) == words


class Asked(Value):
    schedule: Schedule


@pytest.mark.parametrize(
    ("given", "path", "message"),
    [
        ({}, "schedule.type", "is required"),
        ({"type": "hourly"}, "schedule.type", "is not a known type"),
        ({"type": "manual", "every": 1}, "schedule.every", "is not a known field"),
        ({"type": "cron"}, "schedule.expression", "is required"),
        ({"type": "cron", "expression": "0 0 30 2 *"}, "schedule.expression",
         "has a wrong day-of-month, or one that never comes"),
        ({"type": "cron", "expression": "0 0 31 4,6,9,11 *"}, "schedule.expression",
         "has a wrong day-of-month, or one that never comes"),
        ({"type": "cron", "expression": "* * */20 * 1L"}, "schedule.expression",
         "never comes true"),
        ({"type": "cron", "expression": "0 24 * * *"}, "schedule.expression",
         "has a wrong hour, or one that never comes"),
        ({"type": "cron", "expression": "*/0 * * * *"}, "schedule.expression",
         "has a wrong minute, or one that never comes"),
        ({"type": "cron", "expression": "0 0 * * *\x00"}, "schedule.expression",
         "holds a character that can't be printed"),
        ({"type": "cron", "expression": "9" * 100 + " * * * *"}, "schedule.expression",
         "has more than 100 characters"),
        ({"type": "interval", "unit": "hours"}, "schedule.every", "is required"),
        ({"type": "interval", "every": 0, "unit": "hours"}, "schedule.every",
         "must be at least 1"),
        ({"type": "interval", "every": 1, "unit": "seconds"}, "schedule.unit",
         "must be 'minutes', 'hours' or 'days'"),
        ({"type": "interval", "every": 367, "unit": "days"}, "schedule",
         "must be at most 366 days"),
        ({"type": "interval", "every": 1, "unit": "days", "anchor": "0001-01-01T00:00:00+14:00"},
         "schedule.anchor", "must lie between the years 1970 and 2200"),
    ],
)  # fmt: skip
def test_a_wrong_schedule_is_refused(given: dict[str, object], path: str, message: str) -> None:
    assert refused(given) == Field(path, message)


@pytest.mark.parametrize("expression", ["* * * * * *", "* * * *", "@daily", " "])
def test_an_expression_has_five_fields(expression: str) -> None:
    wrong = refused({"type": "cron", "expression": expression})
    assert wrong.message == "needs five fields: minute, hour, day of the month, month, weekday"


@pytest.mark.parametrize(
    ("zone", "meant"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("../../etc/passwd", None),
        ("localtime", None),
        ("", None),
    ],
)
def test_a_time_zone_that_is_none(zone: str, meant: str | None) -> None:
    wrong = refused({"type": "cron", "expression": "0 0 * * *", "time_zone": zone})
    assert wrong == Field(
        "schedule.time_zone", "is not a time zone of the IANA database, such as Europe/Berlin",
        meant,
    )  # fmt: skip


def refused(given: dict[str, object]) -> Field:
    with pytest.raises(ValidationError) as raised:
        Asked.model_validate({"schedule": given})
    (wrong,) = wrong_fields(raised.value)
    return wrong


@given(st.text(st.sampled_from("0123456789*/,-#LW MONFEB"), max_size=30))
def test_an_expression_is_understood_or_refused(text: str) -> None:
    try:
        cron = Cron(expression=text)
    except ValidationError:
        return
    assert cron.next_slot(utc("2026-01-01")) is not None
    assert str(cron)
    assert SCHEDULE.validate_python(cron.model_dump(mode="json")) == cron
