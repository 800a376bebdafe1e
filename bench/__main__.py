"""`make bench`: every reader over every table, into RESULTS.md and results.svg."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from bench import data, environments, results
from bench.contest import BOTH, CONTEST, Contest, Result, Source, rounds


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1, help="1 is 6.0 M rows of lineitem")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--databases", nargs="+", choices=BOTH, default=BOTH)
    parser.add_argument("--tables", nargs="+", choices=data.TABLES, default=data.TABLES)
    parser.add_argument("--readers", nargs="+", help="names such as limit and Headrace")
    parser.add_argument("--into", type=Path, default=environments.CACHE, help="a directory")
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error("at least one round is needed")
    wanted = {name.lower() for name in chosen.readers or (reader.title for reader in CONTEST)}
    readers = tuple(reader for reader in CONTEST if reader.title.lower() in wanted)
    for reader in readers:  # installing is no part of what is measured
        environments.python(environments.packages(reader.path))

    contest = Contest(chosen.scale, chosen.rounds)
    for source in _sources(chosen.scale, chosen.databases, chosen.tables):
        for result in rounds(source, readers, chosen.rounds):
            contest.results.append(result)
            contest.save()
            print(_line(result), flush=True)
    chosen.into.mkdir(parents=True, exist_ok=True)
    for path in results.write(chosen.into):
        print(f"written: {path}")


def _sources(scale: float, databases: list[str], tables: list[str]) -> Iterator[Source]:
    """The tables one after the other, each while its server runs, and no other."""
    if "postgres" in databases:
        with data.postgres(scale) as postgres:
            server = f"PostgreSQL {postgres.psql('SHOW server_version')}"
            for table in tables:
                truth = data.truth(scale, table)
                yield Source("postgres", server, postgres.url(), "public", table, truth)
    if "mariadb" in databases:
        with data.mariadb(scale) as mariadb:
            server = f"MariaDB {mariadb.execute('SELECT version()')}"
            url = mariadb.url(data.DATABASE).partition("?")[0]
            for table in tables:
                truth = data.truth(scale, table)
                dropped = frozenset({"tags", "padding"})
                yield Source("mariadb", server, url, data.DATABASE, table, truth, dropped)


def _line(result: Result) -> str:
    what = f"{result.database} {result.table:8} {result.title:10}"
    if result.failure:
        return f"{what} failed: {result.failure}"
    return (
        f"{what} {result.wall:7.2f} s  {result.cpu:7.2f} CPU s  {result.peak / 1e6:5.0f} MB"
        f"  {'; '.join(result.losses)}"
    )


if __name__ == "__main__":
    main()
