"""A schedule as options of a command."""

from __future__ import annotations

import re
from typing import Any

from headrace.errors import INVALID_INPUT, Field, HeadraceError

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def schedule_of(
    cron: str | None, time_zone: str | None, every: str | None, *, manual: bool
) -> dict[str, Any]:
    """The schedule that the options ask for, to be validated. Raises INVALID_INPUT."""
    chosen = [
        name for name, value in (("cron", cron), ("every", every), ("manual", manual)) if value
    ]
    wrong = []
    if len(chosen) != 1:
        wrong.append(Field("--cron, --every, --manual", "exactly one of them is needed"))
    if time_zone and cron is None:
        wrong.append(Field("--time-zone", "belongs to --cron"))
    interval = re.fullmatch(r"([0-9]{1,6})([mhd])", every or "")
    if every and not interval:
        wrong.append(Field("--every", "is not written like 15m, 6h or 1d"))
    if wrong:
        raise HeadraceError(INVALID_INPUT, "The schedule is not understood.", fields=wrong)
    if interval:
        return {"type": "interval", "every": int(interval[1]), "unit": _UNITS[interval[2]]}
    if cron:
        return {"type": "cron", "expression": cron, "time_zone": time_zone or "UTC"}
    return {"type": "manual"}
