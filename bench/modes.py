"""What each mode costs over reading all of a table: `python -m bench.modes`.

The same rows are brought from PostgreSQL into DuckDB by `headrace extract`, each time by a process
of its own; the modes take turns, and each figure is the median of the rounds.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from bench import data, environments
from bench.measure import Measurement, measure
from bench.memory import POSTGRES_TABLE
from devservers.postgres import PostgresServer

ROWS = 5_000_000
CHANGED = 10  # of which every so many-th row is changed before an incremental run

HEAD = """# What each mode costs
Written by `make bench-modes`, not by hand. {rows:,} rows of ten columns with a primary key and an index on the cursor, from PostgreSQL into DuckDB on the same machine ({cores} cores). Each run is a process of its own; the modes take turns, and each figure is the median of {rounds} runs. The first four bring the same rows into an empty file.

| run | rows | wall s | rows/s | × full | CPU s | peak MB |
|---|---:|---:|---:|---:|---:|---:|
"""  # noqa: E501 - a paragraph of Markdown is one line


@dataclass(frozen=True)
class Case:
    """`again` measures the run that follows the first one, when rows have changed."""

    title: str
    options: Sequence[str]
    again: bool = False


BY_CHANGE = ("--cursor", "changed", "--lag", "0")
CASES = (
    Case("`full`", ()),
    Case("`append`, the first run", ("--mode", "append", *BY_CHANGE)),
    Case("`merge`, the first run", ("--mode", "merge", *BY_CHANGE)),
    Case("`full`, in one chunk", ("--chunk-rows", "1000000000")),
    Case("`full`, two chunks at once", ("--parallel", "2")),
    Case("`full`, `verify = digest`", ("--verify", "digest")),
    Case("`append`, what was added since", ("--mode", "append", *BY_CHANGE), again=True),
    Case("`merge`, what was changed since", ("--mode", "merge", *BY_CHANGE), again=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.modes", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--into", type=Path, default=environments.CACHE, help="a directory")
    chosen = parser.parse_args()
    found: dict[Case, list[Measurement]] = {case: [] for case in CASES}
    with data.postgres_server("memory") as server:
        table = f"modes_{chosen.rows}"
        _make(server, table, chosen.rows)
        for _ in range(chosen.rounds):
            for case in CASES:
                measured = _run(server, table, case)
                found[case].append(measured)
                print(f"{case.title:32} {measured.wall:7.2f} s {measured.peak / 1e6:5.0f} MB",
                      flush=True)  # fmt: skip
    chosen.into.mkdir(parents=True, exist_ok=True)
    page = HEAD.format(rows=chosen.rows, rounds=chosen.rounds, cores=os.cpu_count())
    full = chosen.rows / median(run.wall for run in found[CASES[0]])
    lines = [_line(case, chosen.rows, runs, full) for case, runs in found.items()]
    (chosen.into / "MODES.md").write_text(page + "\n".join(lines) + "\n")


def _make(server: PostgresServer, table: str, rows: int) -> None:
    if data.present(server, table):
        if server.psql(f"SELECT count(*) FROM {table}") == str(rows):
            return
        server.psql(f"DROP TABLE {table}")  # its making was broken off
    print(f"making {rows:,} rows", flush=True)
    server.psql(POSTGRES_TABLE.format(table=table, rows=rows))
    server.psql(f"ALTER TABLE {table} ADD PRIMARY KEY (id), ADD changed timestamptz")
    server.psql(f"UPDATE {table} SET changed = moment")
    server.psql(f"CREATE INDEX ON {table} (changed)")
    server.psql(f"VACUUM FULL {table}")
    server.psql(f"VACUUM ANALYZE {table}")


def _run(server: PostgresServer, table: str, case: Case) -> Measurement:
    parts = urlsplit(server.url())
    bare = server.url().replace(f":{parts.password}@", "@")
    with tempfile.TemporaryDirectory(dir=environments.CACHE, prefix="run-") as directory:
        command: list[str | Path] = [
            *(Path(sys.executable).parent / "headrace", "extract", bare, f"public.{table}"),
            *("--to", f"duckdb://{directory}/modes.duckdb", "--json", *case.options),
        ]
        environment = os.environ | {"PGPASSWORD": parts.password or ""}
        for again in range(1 + case.again):
            if again:
                server.psql(f"UPDATE {table} SET changed = now() WHERE id % {CHANGED} = 0")
                server.psql(f"VACUUM ANALYZE {table}")
            measured = measure(command, environment=environment, directory=Path(directory))
            if measured.failure:
                raise SystemExit(f"{case.title}: {measured.failure}")
        if case.again:
            server.psql(f"UPDATE {table} SET changed = moment WHERE id % {CHANGED} = 0")
            server.psql(f"VACUUM FULL {table}")
            server.psql(f"VACUUM ANALYZE {table}")
    return measured


def _line(case: Case, rows: int, runs: Sequence[Measurement], full: float) -> str:
    brought = rows // CHANGED if case.again else rows
    wall = median(run.wall for run in runs)
    speed = brought / wall
    return (
        f"| {case.title} | {brought:,} | {wall:.1f} | {speed:,.0f} | {full / speed:.2f} |"
        f" {median(run.cpu for run in runs):.1f} | {median(run.peak for run in runs) / 1e6:,.0f} |"
    )


if __name__ == "__main__":
    main()
