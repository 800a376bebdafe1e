"""The runs of the demonstration's source, as somebody sees them who calls the functions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from demo.client import MODEL, Client, RefusedError
from demo.narration import console, say
from headrace.model import Run
from headrace.run_log import LogLine, LogPage
from headrace.terminal import ExtractionBars


def get(client: Client, run: Run) -> Run:
    return Run.model_validate(client.get(_address(run)))


def follow(client: Client, started: dict[str, Any]) -> Run:
    """The run when it has succeeded. Raises RefusedError with its error if it has not."""
    run = Run.model_validate(started)
    with ExtractionBars(console) as bars:
        while run.state.live:
            time.sleep(0.15)
            run = get(client, run)
            bars.show(run.tables)
    if run.error:
        raise RefusedError(run.error.model_dump(mode="json"))
    say(f"run {run.run_id} {run.state}")
    return run


def resume(client: Client, run: Run) -> dict[str, Any]:
    resumed: dict[str, Any] = client.post(f"{_address(run)}/resume")
    return resumed


def log(client: Client, run: Run, search: str) -> Iterator[LogLine]:
    """The lines of the run's log that contain the text."""
    after: dict[str, str] = {}
    while True:
        page = client.get(f"{_address(run)}/log", search=search, limit="1000", **after)
        told = LogPage.model_validate(page)
        yield from told.lines
        if told.next_after is None:
            return
        after = {"after": told.next_after}


def end_live_runs(client: Client, source: dict[str, Any]) -> None:
    """A run of a demonstration that was killed may still be going."""
    path = f"{MODEL}/{source['source_id']}"
    runs = client.get("/runs/", model_id=MODEL, source_id=source["source_id"])["runs"]
    live = {run["run_id"] for run in runs if run["state"] in ("queued", "running")}
    for run_id in live:
        while client.post(f"/runs/{path}/{run_id}/cancel")["state"] in ("queued", "running"):
            time.sleep(0.2)


def _address(run: Run) -> str:
    return f"/runs/{run.model_id}/{run.source_id}/{run.run_id}"
