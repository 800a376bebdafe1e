"""What a look before the deployment has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How it stands with something; only what fails keeps from deploying."""

    FITS = "✓"
    FAILS = "✗"
    WARNS = "!"
    UNKNOWN = "–"


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found in a sentence, and the next step if there is one."""

    mark: Mark
    what: str
    found: str
    step: str = ""

    def __str__(self) -> str:
        line = f"{self.mark} {self.what:<12} {self.found}"
        return f"{line}\n{'':15}→ {self.step}" if self.step else line


def fits(what: str, found: str) -> Finding:
    return Finding(Mark.FITS, what, found)


def fails(what: str, found: str, step: str) -> Finding:
    return Finding(Mark.FAILS, what, found, step)


def warns(what: str, found: str, step: str) -> Finding:
    return Finding(Mark.WARNS, what, found, step)


def unknown(what: str, found: str, step: str = "") -> Finding:
    return Finding(Mark.UNKNOWN, what, found, step)
