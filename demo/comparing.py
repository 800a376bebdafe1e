"""Holds what DuckDB has against what PostgreSQL has."""

from __future__ import annotations

import duckdb

from demo import flights
from demo.narration import console, say, show_agreement, step
from devservers.postgres import PostgresServer
from headrace.settings import LocalSettings


def compare(server: PostgresServer, settings: LocalSettings) -> bool:
    """Count on both sides, and query the rows out of DuckDB."""
    step("Compare the source with DuckDB")
    agree = True
    with _warehouse(settings) as warehouse:
        for table, there in flights.counts(server).items():
            row = warehouse.execute(f"SELECT count(*) FROM new_york_flights.{table}").fetchone()
            here = row[0] if row else None
            agree &= here == there
            show_agreement(here == there, f"{table:<10} PostgreSQL {there:>9,}   DuckDB {here:>9,}")
        latest = warehouse.execute(
            "SELECT name, count(*), round(avg(dep_delay), 1) FROM new_york_flights.flights "
            "JOIN new_york_flights.airlines USING (carrier) GROUP BY 1 ORDER BY 2 DESC LIMIT 3"
        ).fetchall()
    say("the three busiest airlines, from DuckDB: flights, mean delay in minutes")
    for name, count, delay in latest:
        console.print(f"    {name:<26}{count:>8,}{delay:>8}")
    return agree


def compare_flights(server: PostgresServer, settings: LocalSettings) -> bool:
    """Compare the flights' number, the sum of their delays, and when one was last changed."""
    there = flights.sums(server)
    with _warehouse(settings) as warehouse:
        here = warehouse.execute(
            "SELECT count(*), sum(dep_delay)::BIGINT, epoch_us(max(updated_at)) "
            "FROM new_york_flights.flights"
        ).fetchone()
    number, delay, _ = there
    show_agreement(
        here == there, f"flights    {number:,} with {delay:,} minutes of delay on both sides"
    )
    return here == there


def _warehouse(settings: LocalSettings) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(settings.destination.removeprefix("duckdb://"), read_only=True)
