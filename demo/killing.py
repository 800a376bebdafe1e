"""A run whose process is killed while it reads, and which goes on from where it stood."""

from __future__ import annotations

import os
import signal
import time

from demo import runs
from demo.client import Client, RefusedError
from demo.narration import say, show_agreement, step
from headrace.model import Run, TableRun

# So few rows a chunk that there is time to kill; a machine that is too fast gets even fewer.
CHUNK_ROWS = (5_000, 1_000)
TABLE = "flights"


def kill_and_resume(client: Client, reference: dict[str, str]) -> bool:
    """Bring the flights from the start, in two attempts; whether no chunk was read by both."""
    step("Read all flights anew, and kill the process", "POST /sources/…/resync, POST /runs/")
    run = next(filter(None, (_killed(client, reference, rows) for rows in CHUNK_ROWS)), None)
    if run is None:
        raise RuntimeError("each run ended before it could be killed")
    say(f"{_flights(run).chunks_done} of its {_flights(run).chunks} chunks were known to be done")

    step("See what has become of it", "GET /runs/…")
    while (run := runs.get(client, run)).state.live:
        time.sleep(0.05)
    if run.error is None or not run.resumable:
        raise RuntimeError(f"the killed run {run.state}, and was to be lost")
    say(f"run {run.run_id} {run.state}: {run.error.detail}")
    say(f"→ {run.error.hint}")

    step("Let it go on", "POST /runs/…/resume, GET /runs/…/log")
    run = runs.follow(client, runs.resume(client, run))
    for warning in run.warnings:
        say(f"! {warning}")
    first, second = _read_by_attempt(client, run)
    again = first & second
    # The last that is done before a kill may not have been logged any more.
    whole = len(first | second) >= _flights(run).chunks - 1
    show_agreement(
        bool(first and second) and whole and not again,
        f"flights    {len(first)} chunks were read before the kill and {len(second)} after it, "
        f"{len(again)} of them twice",
    )
    return bool(first and second) and whole and not again


def _killed(client: Client, reference: dict[str, str], chunk_rows: int) -> Run | None:
    """A run as it was when some of the flights' chunks were done; None if all were at once."""
    path = f"/sources/{reference['model_id']}/{reference['source_id']}"
    etag = client.get(path)["etag"]
    client.post("/save_draft", {**reference, "etag": etag, "chunk_rows": chunk_rows})
    client.post(f"{path}/resync", {"schema_name": "public", "table_name": TABLE})
    run = Run.model_validate(client.post("/runs/", reference))
    while (run := runs.get(client, run)).state.live:
        if run.execution and 0 < _flights(run).chunks_done < _flights(run).chunks:
            os.kill(int(run.execution.partition(":")[0]), signal.SIGKILL)
            return run
        time.sleep(0.02)
    if run.error:
        raise RefusedError(run.error.model_dump(mode="json"))
    return None


def _flights(run: Run) -> TableRun:
    return next(table for table in run.tables if table.table_name == TABLE)


def _read_by_attempt(client: Client, run: Run) -> tuple[set[str], set[str]]:
    """The chunks of the flights that each of two attempts has read, as the run's log says."""
    read: tuple[set[str], set[str]] = (set(), set())
    for line in runs.log(client, run, "staged"):
        if line.table == f"public.{TABLE}" and line.chunk and line.time:
            read[line.time >= run.attempts[-1].started_at].add(line.chunk)
    return read
