"""A dispatcher in a process of its own, which can be killed at a point of its work.

The points lie before and after each thing that it writes or launches; one is named by what is
done there and the how many-th time it is, so a new write is a new point.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from headrace.extraction.dispatch import dispatch
from headrace.services import Services
from headrace.settings import Settings

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])

KILLED = -signal.SIGKILL


def work(
    environment: Mapping[str, str],
    now: datetime,
    trail: Path,
    fatal: str | None = None,
    together: Barrier | None = None,
) -> None:
    """One pass. Its points are written to `trail` as it comes to them, then what it did."""
    os.environ.update(environment)
    services = Services(Settings.read())
    with trail.open("w") as lines:
        _watch(services, _Points(lines.write, fatal))
        if together:
            together.wait(60)
        done = dispatch(services, now)
    trail.with_suffix(".json").write_text(done.model_dump_json())


def points(trail: Path) -> list[str]:
    return trail.read_text().splitlines()


def started(trail: Path) -> list[str]:
    """The sources of which the pass says that it started a run."""
    done = json.loads(trail.with_suffix(".json").read_text())
    return [slot["source_id"] for slot in done["started"]]


class _Points:
    def __init__(self, write: Callable[[str], object], fatal: str | None) -> None:
        self._write = write
        self._fatal = fatal
        self._seen: Counter[str] = Counter()

    def around(self, what: str, done: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            self._at(f"before {what}")
            result = done(*args, **kwargs)
            self._at(f"after {what}")
            return result

        return watched

    def _at(self, place: str) -> None:
        self._seen[place] += 1
        name = f"{place} ({self._seen[place]})"
        self._write(f"{name}\n")
        if name == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)


def _watch(services: Services, points: _Points) -> None:
    for port, methods in (
        (services.documents, ("create", "replace", "delete")),
        (services.launcher, ("launch",)),
    ):
        for method in methods:
            setattr(port, method, points.around(method, getattr(port, method)))
