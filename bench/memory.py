"""Memory and speed of an extraction by the size of its table: `python -m bench.memory`.

Each table is extracted from a real PostgreSQL into a DuckDB file by a process of its own. The
peak resident memory of the larger one must be about that of the smaller one.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from devservers.postgres import PostgresServer, temporary_server
from headrace import destinations, sources
from headrace.connections import from_url
from headrace.extraction.extract import extract
from headrace.extraction.progress import silent
from headrace.ids import new_id
from headrace.model import Selection, Source, now
from headrace.services import open_port
from headrace.settings import LocalSettings

ROWS = (500_000, 5_000_000)

TABLE = """
CREATE UNLOGGED TABLE rows_{rows} AS SELECT
    n AS id,
    (n % 1000)::smallint AS code,
    n * 7919::bigint AS number,
    (n / 100.0)::numeric(12, 2) AS amount,
    random() AS ratio,
    n % 3 = 0 AS flag,
    date '2020-01-01' + n % 2000 AS day,
    timestamptz '2020-01-01' + n * interval '1 second' AS moment,
    (array['open', 'paid', 'sent', 'lost'])[1 + n % 4] AS state,
    CASE WHEN n % 5 > 0 THEN md5(n::text) || ' ' || md5((n + 1)::text) END AS note
FROM generate_series(1, {rows}) n
"""


def main() -> None:
    server = temporary_server()
    try:
        with server:
            for rows in ROWS:
                server.psql(TABLE.format(rows=rows))
                print(_measured_apart(server, rows), flush=True)
    finally:
        server.remove()


def _measured_apart(server: PostgresServer, rows: int) -> str:
    """Measure in a new process; the URL goes through its standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.memory", str(rows)],
        input=server.url(),
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(done.stdout)
    return (
        f"{rows:>9,} rows: {figures['megabytes']:>4} MB peak resident, "
        f"{figures['seconds']:5.1f} s, {rows / figures['seconds']:>9,.0f} rows/s"
    )


def measure(rows: int, url: str) -> dict[str, float]:
    """Extract one of the tables in this process; peak resident MB and seconds."""
    connection, credentials = from_url(url)
    if credentials is None:
        raise ValueError("the URL holds no password")
    source = Source(
        model_id="bench",
        source_id="memory",
        name="memory",
        connection=connection,
        credentials_secret_name="none",
        dataset="bench",
        selection=(Selection(schema_name="public", table_name=f"rows_{rows}"),),
        created_at=now(),
        updated_at=now(),
    )
    with tempfile.TemporaryDirectory() as directory:
        url = f"duckdb://{Path(directory) / 'bench.duckdb'}"
        settings = LocalSettings.read()
        destination = open_port("destination", url, destinations.SCHEMES, settings)
        started = time.monotonic()
        connect = partial(sources.connect, connection, credentials, settings.network)
        (table,) = extract(source, connect, destination, new_id(), silent)
        seconds = time.monotonic() - started
    assert table.rows == rows
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"megabytes": peak, "seconds": round(seconds, 2)}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]), sys.stdin.read())))
    else:
        main()
