"""A run from start to end, with a real database, a real process and a real DuckDB file."""

from __future__ import annotations

import time

import duckdb

from headrace.extraction import lease
from headrace.model import RunState, TableState
from tests.extraction.scene import Scene


def test_a_run_brings_every_row(scene: Scene) -> None:
    run = scene.wait(scene.start())

    assert run.state is RunState.SUCCEEDED, run
    assert run.error is None
    (table,) = run.tables
    assert (table.rows, table.state) == (1000, TableState.PUBLISHED)
    with duckdb.connect(scene.services.settings.destination.removeprefix("duckdb://")) as there:
        rows = there.sql("SELECT id, label, price FROM shop.orders ORDER BY id").fetchall()
    assert "\n".join(f"{i}|{label}|{price}" for i, label, price in rows) == scene.database.execute(
        "SELECT id, label, price FROM orders ORDER BY id"
    )


def test_a_run_that_has_ended_lets_the_source_go(scene: Scene) -> None:
    scene.wait(scene.start())

    # The job lets go right after it has recorded its end; the suite's time limit guards this loop.
    while (held := lease.read(scene.services.documents, "m1", "s1")) and not held.expired:
        time.sleep(0.05)
    assert held is not None
    assert scene.wait(scene.start()).state is RunState.SUCCEEDED
