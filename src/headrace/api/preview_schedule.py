"""Show when a schedule would run, before it is saved."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

from headrace.model import now
from headrace.schedules import Moment, Schedule
from headrace.services import Services
from headrace.values import Value

_SHOWN = 5
# strftime would follow the machine's language.
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class PreviewSchedule(Value):
    schedule: Schedule
    after: Moment | None = Field(
        default=None, description="Shows the runs after this moment; null shows those after now."
    )


class PlannedRun(Value):
    at: AwareDatetime
    local: AwareDatetime = Field(description="The same moment with the offset of the time zone.")
    words: str = Field(description="The same moment for a person, on a clock of the time zone.")
    note: str | None = Field(
        default=None, description="Said of a time that the clocks leap over, or show twice."
    )


class SchedulePreview(Value):
    """A schedule in words, and its next runs."""

    words: str
    runs: tuple[PlannedRun, ...] = Field(description="The next five; none if it runs by hand.")


def preview_schedule(services: Services, request: PreviewSchedule) -> SchedulePreview:  # noqa: ARG001
    """Nothing is read or stored. An interval without an anchor is counted from `after`."""
    after = request.after or now()
    schedule = request.schedule.anchored(after)
    return SchedulePreview(
        words=str(schedule),
        runs=tuple(_planned(schedule, slot) for slot in schedule.next_slots(after, _SHOWN)),
    )


def _planned(schedule: Schedule, slot: datetime) -> PlannedRun:
    local = slot.astimezone(schedule.zone)
    return PlannedRun(at=slot, local=local, words=_in_words(local), note=schedule.remark(slot))


def _in_words(local: datetime) -> str:
    day = f"{_WEEKDAYS[local.weekday()]}, {local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{day}, {local:%H:%M} ({local.tzname()})"
