"""A run that is killed in the midst of reading: some of its chunks are done, and one hangs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from headrace.model import Run, TableState
from tests.conftest import Database

# The second table gives no row for minutes, until it is quick.
TABLES = """
CREATE TABLE numbers AS SELECT n AS id, n * 2 AS twice FROM generate_series(1, 1000) n;
ALTER TABLE numbers ADD PRIMARY KEY (id);
ANALYZE numbers;
CREATE VIEW stuck AS SELECT pg_sleep(600)::text AS nothing;
"""
SELECTION = (
    {"schema_name": "public", "table_name": "numbers"},
    {"schema_name": "public", "table_name": "stuck"},
)
CHUNK_ROWS = 100


# The server does not notice that nobody waits for the second table any more.
LET_GO = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'headrace' AND datname = current_database()
"""


def make_quick(database: Database) -> None:
    database.execute("CREATE OR REPLACE VIEW stuck AS SELECT 'x' AS nothing")


def kill_when_it_hangs(look: Callable[[], Run], database: Database) -> Run:
    """Kill the run's process when it has read all of the first table; the run as it ended."""
    while (run := look()).tables[0].state is not TableState.STAGED:
        assert run.state.live, run
        time.sleep(0.05)
    assert run.tables[0].chunks > 1
    assert run.execution is not None
    os.kill(int(run.execution.partition(":")[0]), signal.SIGKILL)
    while (run := look()).state.live:
        time.sleep(0.05)
    database.execute(LET_GO)
    return run
