"""When a source runs by itself: never, at an interval, or by a cron expression.

A slot is a time at which a schedule wants a run, a whole second in UTC. Slots follow from the
schedule alone: they neither drift nor depend on when anybody asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from headrace.values import NO_CONTROLS, Value

# Every date and weekday that a calendar has comes within 28 years; 2000 is a leap year.
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_UNITS = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
}
_LONGEST = timedelta(days=366)


def _expression(text: str) -> str:
    """A cron expression of five fields that comes true some day."""
    if len(text.split()) != 5:
        raise ValueError("needs five fields: minute, hour, day of the month, month, weekday")
    try:
        next(CronSim(text, _BEGINNING))
    except CronSimError as error:
        # "Bad day-of-month" for the 30th of February, too: the library's words are its own.
        field = str(error).removeprefix("Bad ")
        raise ValueError(f"has a wrong {field}, or one that never comes") from error
    except StopIteration as error:
        raise ValueError("never comes true") from error
    return text


def _in_our_time(moment: datetime) -> datetime:
    """Far from the ends of what a datetime can hold, so that it can be reckoned with."""
    if not 1970 <= moment.year <= 2200:
        raise ValueError("must lie between the years 1970 and 2200")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_in_our_time)]


@cache
def _zones() -> frozenset[str]:
    # What these two mean is another thing on each machine, or nothing.
    return frozenset(available_timezones() - {"localtime", "Factory"})


def _time_zone(name: str) -> str:
    if name in _zones():
        return name
    known = {zone.lower(): zone for zone in _zones()}
    meant = get_close_matches(name.lower(), known, n=1, cutoff=0.75)
    raise PydanticCustomError(
        "time_zone",
        "is not a time zone of the IANA database, such as Europe/Berlin",
        {"suggestion": known[meant[0]]} if meant else {},
    )


def _type_is_required(schema: dict[str, Any]) -> None:
    schema["required"] = ["type", *schema.get("required", ())]


class _Schedule(Value):
    model_config = ConfigDict(json_schema_extra=_type_is_required)

    @property
    def zone(self) -> tzinfo:
        """The zone in which a person thinks of the slots."""
        return UTC

    def slots(self, after: datetime) -> Iterator[datetime]:
        """The slots that come after a moment, in order."""
        raise NotImplementedError

    def next_slot(self, after: datetime) -> datetime | None:
        return next(self.slots(after), None)

    def next_slots(self, after: datetime, count: int) -> tuple[datetime, ...]:
        return tuple(islice(self.slots(after), count))

    def remark(self, slot: datetime) -> str | None:  # noqa: ARG002 - a clock needs it
        """What is odd about a slot, for a person."""
        return None

    def same_as(self, other: Schedule) -> bool:
        """Whether asking for this schedule changes nothing where there is the other."""
        return self == other

    def anchored(self, now: datetime) -> Self:  # noqa: ARG002 - an interval needs it
        """The schedule with everything in it that its slots depend on."""
        return self


class Manual(_Schedule):
    """Runs when somebody asks for it."""

    type: Literal["manual"] = "manual"

    def __str__(self) -> str:
        return "by hand"

    def slots(self, after: datetime) -> Iterator[datetime]:  # noqa: ARG002
        return iter(())


class Interval(_Schedule):
    """Runs again and again at the same distance. A day has 24 hours, whatever the clocks do."""

    type: Literal["interval"] = "interval"
    every: int = Field(ge=1, le=527_040, description="How many of the unit lie between two runs.")
    unit: Literal["minutes", "hours", "days"]
    anchor: Moment | None = Field(
        default=None,
        description="A moment from which the interval is counted, in both directions; null takes "
        "the minute in which the schedule is saved.",
    )

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        if self.step > _LONGEST:
            raise ValueError(f"must be at most {_LONGEST.days} days")
        return self

    @property
    def step(self) -> timedelta:
        return self.every * _UNITS[self.unit]

    def __str__(self) -> str:
        often = f"every {self.unit[:-1]}" if self.every == 1 else f"every {self.every} {self.unit}"
        if self.anchor is None:
            return often
        return f"{often}, counted from {self.anchor.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

    def slots(self, after: datetime) -> Iterator[datetime]:
        anchor = self._whole(self.anchor or after)
        slot = anchor + ((after - anchor) // self.step + 1) * self.step
        while True:
            yield slot
            slot += self.step

    def same_as(self, other: Schedule) -> bool:
        without = other.model_copy(update={"anchor": self.anchor})
        return self == (without if self.anchor is None else other)

    def anchored(self, now: datetime) -> Self:
        return self.model_copy(update={"anchor": self._whole(self.anchor or now)})

    def _whole(self, moment: datetime) -> datetime:
        return moment.astimezone(UTC).replace(second=0, microsecond=0)


class Cron(_Schedule):
    """Runs when a cron expression comes true on a clock of the time zone.

    What happens when the clocks change is what Debian's cron does. An expression whose minute and
    hour both begin with something else than `*` runs once for each time it names: one that the
    clocks leap over runs at the first minute after the gap, one that comes twice runs the first
    time. Any other expression follows the clock: what is leapt over is left out, what comes twice
    runs twice. (On Lord Howe Island, whose clocks change by half an hour, such an expression may
    leave out an hour on the night on which they go back.)
    """

    type: Literal["cron"] = "cron"
    expression: Annotated[
        str,
        StringConstraints(min_length=1, max_length=100, pattern=NO_CONTROLS),
        AfterValidator(_expression),
    ] = Field(description="Minute, hour, day of the month, month and weekday, as cron has them.")
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        default="UTC", description="A time zone of the IANA database, such as Europe/Berlin."
    )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def __str__(self) -> str:
        words = CronSim(self.expression, _BEGINNING).explain()
        return f"{words[0].lower()}{words[1:]}, {self.time_zone}"

    def slots(self, after: datetime) -> Iterator[datetime]:
        local = after.astimezone(self.zone)
        last = after
        for found in CronSim(self.expression, local):
            slot = found.astimezone(UTC)
            # In the second of two equal hours the library names the first one's times again, and
            # two times of a gap become the same minute.
            if slot > last:
                yield slot
                last = slot

    def remark(self, slot: datetime) -> str | None:
        local = slot.astimezone(self.zone)
        named = CronSim(self.expression, _BEGINNING)
        if local.hour not in named.hours or local.minute not in named.minutes:
            return "The clocks go forward over the time asked for: the first minute after that."
        if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
            return None
        which = "second" if local.fold else "first"
        return f"The clocks go back and show this time twice: the {which} of the two."


Schedule = Annotated[Manual | Interval | Cron, Field(discriminator="type")]
SCHEDULE_TYPES = ("manual", "interval", "cron")
