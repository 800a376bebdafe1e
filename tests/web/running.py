"""An active source over a real database, for the views that run it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from headrace.api.save_draft import SaveDraft, save_draft
from headrace.api.sources import SourceRef, activate
from headrace.extraction.start import start
from headrace.model import Run, Selection, Source, TableState
from headrace.records import Runs
from headrace.services import Services
from tests.conftest import Database
from tests.faults.proxy import between, delayed

MODEL = "default"
ORDERS = """
CREATE TABLE customers AS SELECT n AS id, 'Customer ' || n AS name FROM generate_series(1, 500) n;
CREATE TABLE orders AS
    SELECT n AS id, n % 500 AS customer_id, md5(n::text) AS note, now() AS updated_at
    FROM generate_series(1, {rows}) n;
ANALYZE;
"""


def table(name: str, **options: Any) -> Selection:
    return Selection(schema_name="public", table_name=name, **options)


def shop(services: Services, database: Database, rows: int = 1000, **changes: Any) -> Source:
    """The source `Shop` of two tables: customers, 500 of them, and orders."""
    database.execute(ORDERS.format(rows=rows))
    given = {
        "name": "Shop",
        "connection": database.connection,
        "credentials": database.credentials,
        "selection": (table("customers"), table("orders")),
        **changes,
    }
    source = save_draft(services, SaveDraft(model_id=MODEL, **given))
    return activate(services, SourceRef(model_id=MODEL, source_id=source.source_id))


@contextmanager
def slow_shop(services: Services, database: Database, **changes: Any) -> Iterator[Source]:
    """One whose orders take half a minute to come, so that there is something to look at."""
    with between(database.connection.port, answered=delayed(0.05)) as port:
        connection = database.connection.model_copy(update={"port": port})
        yield shop(services, database, 300_000, connection=connection, **changes)


def reading(services: Services, run: Run) -> Run:
    """The run, as soon as rows of its orders have come in."""
    runs = Runs(services.documents)
    while True:
        run = runs.get(run.model_id, run.source_id, run.run_id)
        assert run.state.live, run
        if any(each.state is TableState.READING and each.rows > 0 for each in run.tables):
            return run
        time.sleep(0.05)


def ended(services: Services, run: Run) -> Run:
    runs = Runs(services.documents)
    while (run := runs.get(run.model_id, run.source_id, run.run_id)).state.live:
        time.sleep(0.05)
    return run


def has_run(services: Services, source: Source) -> Run:
    return ended(services, start(services, source.model_id, source.source_id))


def kill(run: Run) -> None:
    """End its job as the machine does that loses its power."""
    assert run.execution is not None
    os.kill(int(run.execution.partition(":")[0]), signal.SIGKILL)


def address(page: str, source: Source, run: Run | None = None) -> str:
    """Of the source's page, or of its run's, with the token that the server printed."""
    rest = f"/runs/{run.run_id}" if run else ""
    return f"{page}&to=/m/{source.model_id}/sources/{source.source_id}{rest}"
