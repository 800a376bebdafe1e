"""What a run's job has logged: its lines, which of them are wanted, and a page of them."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import AwareDatetime, Field

from headrace.values import Text, Value


class Severity(StrEnum):
    """Those of Cloud Logging, the least severe first. DEFAULT: nobody said how severe it is."""

    DEFAULT = "DEFAULT"
    DEBUG = "DEBUG"
    INFO = "INFO"
    NOTICE = "NOTICE"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"
    ALERT = "ALERT"
    EMERGENCY = "EMERGENCY"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """In lower case too."""
        return cls.__members__.get(str(value).upper())

    def at_least(self, other: Severity) -> bool:
        return _RANKS[self] >= _RANKS[other]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class LogLine(Value):
    """One line. What was printed without being logged is a message alone, of severity DEFAULT."""

    time: AwareDatetime | None = None
    severity: Severity = Severity.DEFAULT
    message: str
    table: str | None = Field(default=None, description="The table that was in hand.")
    chunk: str | None = Field(default=None, description="The chunk of it.")
    exception: str | None = Field(default=None, description="A traceback, of several lines.")
    fields: dict[str, str] = Field(
        default_factory=dict, description="What else the line holds; values that are no text as "
        "JSON.",
    )  # fmt: skip

    @classmethod
    def of(cls, line: bytes) -> Self:
        """The line of a log; one that is no JSON object with a message is plain text."""
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return cls(message=text)
        if not isinstance(found, dict) or "message" not in found:
            return cls(message=text)
        fields = {_text(name): _text(value) for name, value in found.items()}
        taken: dict[str, Any] = {
            name: fields.pop(name)
            for name in ("message", "table", "chunk", "exception")
            if name in fields
        }
        for name, reading in (("time", _time), ("severity", _severity)):
            if (read := reading(fields.get(name))) is not None:
                taken[name] = read
                del fields[name]
        return cls(**taken, fields=fields)

    @property
    def texts(self) -> tuple[str, ...]:
        """All that can be searched."""
        named = (self.message, self.table, self.chunk, self.exception)
        return (*(text for text in named if text), *self.fields.values())


class LogQuery(Value):
    """Which lines are wanted, and from where."""

    level: Severity = Field(
        default=Severity.DEFAULT,
        description="The least severity. Lines without one, such as a crash prints, always come.",
    )
    search: Text | None = Field(
        default=None, description="What the lines contain; upper and lower case are the same."
    )
    limit: int = Field(default=100, ge=1, le=1000, description="The most lines to answer.")
    after: Text | None = Field(
        default=None, description="The next_after of the page before; leave it out to begin."
    )

    def takes(self, line: LogLine) -> bool:
        if line.severity is not Severity.DEFAULT and not line.severity.at_least(self.level):
            return False
        sought = (self.search or "").casefold()
        return any(sought in text.casefold() for text in line.texts) if sought else True


class LogPage(Value):
    """Lines of a run's log, the oldest first. They may be few, or none, and more may follow."""

    lines: tuple[LogLine, ...] = ()
    next_after: str | None = Field(
        default=None,
        description="Where to go on, now or later; null if the job has ended and nothing follows.",
    )
    more: bool = Field(default=False, description="Whether there is more already.")
    absent: str | None = Field(default=None, description="Why there is no log, if there is none.")


def _text(value: object) -> str:
    """A value as text that can be sent: JSON may hold halves of characters."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()


def _time(text: str | None) -> datetime | None:
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time if time.tzinfo else None


def _severity(text: str | None) -> Severity | None:
    try:
        return Severity(text or "")
    except ValueError:
        return None
