"""Memory and speed of `headrace extract` by the size of its table: `python -m bench.memory`.

Each table is extracted by a process of its own, from each database into each kind of destination.
The peak resident memory of the larger one must be about that of the smaller one.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench import data, environments
from bench.measure import measure

ROWS = (1_000_000, 20_000_000)
DESTINATIONS = {"DuckDB": "duckdb://{}/bench.duckdb", "Parquet": "parquet://{}/files"}

POSTGRES_TABLE = """
CREATE UNLOGGED TABLE {table} AS SELECT
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
MARIADB_TABLE = """
SET time_zone = '+00:00';
CREATE TABLE loading (
    id int, code smallint, number bigint, amount decimal(12, 2), ratio double, flag boolean,
    day date, moment datetime(6), state varchar(4), note varchar(65)
);
INSERT INTO loading SELECT
    seq,
    seq % 1000,
    seq * 7919,
    seq / 100,
    rand(),
    seq % 3 = 0,
    '2020-01-01' + INTERVAL seq % 2000 DAY,
    '2020-01-01' + INTERVAL seq SECOND,
    elt(1 + seq % 4, 'open', 'paid', 'sent', 'lost'),
    if(seq % 5 > 0, concat(md5(seq), ' ', md5(seq + 1)), NULL)
FROM seq_1_to_{rows};
RENAME TABLE loading TO {table};
"""


@dataclass(frozen=True)
class Extraction:
    """One extraction of one table."""

    source: str
    destination: str
    rows: int
    wall: float  # seconds
    peak: int  # bytes resident


RECORD = environments.CACHE / "memory.json"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--scale", type=float, default=1, help="1 is 1 M and 20 M rows")
    scale = parser.parse_args().scale
    found = []
    for source, url, table, rows in _tables([round(rows * scale) for rows in ROWS]):
        for destination in DESTINATIONS:
            extraction = _extract(source, url, (table, rows), destination)
            found.append(extraction)
            print(
                f"{source:10} {destination:8} {rows:>10,} rows"
                f"{extraction.peak / 1e6:6.0f} MB peak {extraction.wall:7.1f} s",
                flush=True,
            )
            RECORD.write_text(json.dumps([asdict(one) for one in found], indent=1))


def recorded() -> list[Extraction]:
    """Those of the last run."""
    if not RECORD.exists():
        return []
    return [Extraction(**one) for one in json.loads(RECORD.read_text())]


def _tables(sizes: list[int]) -> Iterator[tuple[str, str, str, int]]:
    """Database, URL, table and rows; each while its server runs, and no other."""
    with data.postgres_server("memory") as postgres:
        for rows in sizes:
            if not data.present(postgres, f"rows_{rows}"):
                print(f"making {rows:,} rows in PostgreSQL", flush=True)
                postgres.psql(POSTGRES_TABLE.format(table=f"rows_{rows}", rows=rows))
        for rows in sizes:
            yield "PostgreSQL", postgres.url(), f"public.rows_{rows}", rows
    with data.mariadb_server("memory") as mariadb:
        loaded = mariadb.execute("SHOW TABLES", data.DATABASE).split()
        for rows in sizes:
            if f"rows_{rows}" not in loaded:
                print(f"making {rows:,} rows in MariaDB", flush=True)
                sql = MARIADB_TABLE.format(table=f"rows_{rows}", rows=rows)
                mariadb.execute(f"DROP TABLE IF EXISTS loading; {sql}", data.DATABASE)
        for rows in sizes:
            yield "MariaDB", mariadb.url(data.DATABASE), f"{data.DATABASE}.rows_{rows}", rows


def _extract(source: str, url: str, table: tuple[str, int], destination: str) -> Extraction:
    name, rows = table
    parts = urlsplit(url)
    password = parts.password or ""
    bare = url.replace(f":{password}@", "@")
    with tempfile.TemporaryDirectory(dir=environments.CACHE, prefix="run-") as directory:
        to = DESTINATIONS[destination].format(directory)
        measured = measure(
            [Path(sys.executable).parent / "headrace", "extract", bare, name, "--to", to, "--json"],
            environment=os.environ | {"PGPASSWORD": password, "MYSQL_PWD": password},
            directory=Path(directory),
        )
        if measured.failure:
            raise SystemExit(f"{source}, {name}: {measured.failure}")
    return Extraction(source, destination, rows, measured.wall, measured.peak)


if __name__ == "__main__":
    main()
