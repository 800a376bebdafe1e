"""The command line: `headrace …`.

Exit codes: 0 done; 1 it failed, and will fail again until something is changed; 2 the command
was not understood; 75 it failed, but may work later; 130 interrupted.
"""

from __future__ import annotations

import io
import os
import secrets
import sys
import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from headrace import destinations, naming, sources
from headrace.connections import Connection, Credentials
from headrace.errors import PASSWORD_REQUIRED, HeadraceError, catalogue
from headrace.ids import new_id
from headrace.model import CheckStatus, Run, RunState, UnfitPolicy
from headrace.services import Services, open_port
from headrace.settings import LocalSettings
from headrace.terminal import (
    ExtractionBars,
    err,
    exit_code,
    moment,
    out,
    print_json,
    reporting,
    show_check,
    show_rows,
    show_tables,
    size,
)
from headrace.urls import from_url
from headrace.validation import requested

Url = Annotated[
    str,
    typer.Argument(
        help="postgresql:// or mysql://USER@HOST:PORT/DATABASE. Better leave the password out: it "
        "is taken from PGPASSWORD or MYSQL_PWD, or asked for.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model's id.")]
SourceId = Annotated[str, typer.Argument(metavar="SOURCE", help="The source's id.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]

app = typer.Typer(
    help="Bring databases into BigQuery, or into DuckDB and Parquet on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
sources_app = typer.Typer(help="The sources that are stored.", no_args_is_help=True)
runs_app = typer.Typer(help="The runs of a source.", no_args_is_help=True)
app.add_typer(sources_app, name="sources")
app.add_typer(runs_app, name="runs")


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may lack the signs
    app()


@app.command()
def serve(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="TCP port on this machine; 0 takes a free one.")
    ] = 8080,
    data: Annotated[Path | None, typer.Option(help="Directory for everything stored.")] = None,
    as_json: Json = False,
) -> None:
    """Serve all functions on this machine alone, for whoever holds the printed token."""
    from headrace import local, logs

    with reporting(as_json):
        logs.configure()
        chosen = {"data": data} if data else {}
        settings = LocalSettings.read(token=SecretStr(secrets.token_urlsafe(32)), **chosen)
        server = local.serve(settings, port)
        started = {"url": server.url, "token": server.token, "data": str(settings.data)}
        with suppress(KeyboardInterrupt):  # that comes before the server listens for it
            if as_json:
                print_json(started)
            else:
                out().print(
                    f"Headrace is at {server.url}/?token={server.token}\n"
                    f"Its data are in {settings.data}\nStop it with Ctrl-C.",
                    markup=False,
                )
            server.run()


@app.command()
def test(url: Url, as_json: Json = False) -> None:
    """Test a connection, layer by layer, and say what to do about the layer that fails."""
    from headrace.diagnosis.diagnose import diagnose

    with reporting(as_json):
        connection, credentials = _login(url)
        checks = []
        for check in diagnose(connection, credentials, LocalSettings.read().network):
            checks.append(check)
            if not as_json:
                show_check(out(), check)
        failed = [check for check in checks if check.status is CheckStatus.FAILED]
        if as_json:
            listed = [check.model_dump(mode="json") for check in checks]
            print_json({"passed": not failed, "checks": listed})
        if failed:
            kinds = {kind.code: kind for kind in catalogue()}
            raise typer.Exit(
                exit_code(retryable=all(kinds[check.code or ""].transient for check in failed))
            )


@app.command()
def tables(url: Url, as_json: Json = False) -> None:
    """List the tables that the user can see, with the database's own estimates."""
    with reporting(as_json):
        database = sources.connect(*_login(url), LocalSettings.read().network)
        try:
            found = list(database.list_tables())
        finally:
            database.close()
        if as_json:
            print_json({"tables": [table.model_dump(mode="json") for table in found]})
            return
        show_rows(
            ("TABLE", "KIND", "ROWS (ESTIMATED)", "SIZE", "PRIMARY KEY", "COMMENT"),
            (
                (
                    str(table),
                    table.kind.value,
                    None if table.estimated_rows is None else f"{table.estimated_rows:,}",
                    size(table.bytes),
                    ", ".join(table.primary_key),
                    table.comment if table.readable else "(may not be read by this user)",
                )
                for table in found
            ),
        )


@app.command()
def extract(
    url: Url,
    table: Annotated[
        list[str], typer.Argument(metavar="TABLE...", help="schema.table", show_default=False)
    ],
    to: Annotated[
        str, typer.Option(metavar="DESTINATION", help="duckdb:///path or parquet:///path")
    ],
    dataset: Annotated[
        str | None, typer.Option(help="Schema in the destination; the database's name by default.")
    ] = None,
    unfit: Annotated[
        UnfitPolicy, typer.Option(help="What becomes of values that their column can't hold.")
    ] = UnfitPolicy.FAIL,
    as_json: Json = False,
) -> None:
    """Bring tables into a destination: all of them, or none. Replaces those that are there."""
    from headrace.extraction.adhoc import adhoc_source
    from headrace.extraction.extract import extract as extract_tables

    with reporting(as_json):
        connection, credentials = _login(url)
        source = adhoc_source(connection, table, dataset).model_copy(update={"unfit": unfit})
        settings = LocalSettings.read()
        destination = open_port("--to", to, destinations.SCHEMES, settings)
        with closing(destination), ExtractionBars(err()) as bars:
            connect = partial(sources.connect, connection, credentials, settings.network)
            done = extract_tables(source, connect, destination, new_id(), bars.show)
        if as_json:
            print_json({"tables": [result.model_dump(mode="json") for result in done]})
        else:
            show_tables(done)


@sources_app.command("list")
def sources_list(model: Model, as_json: Json = False) -> None:
    """List the sources of a model."""
    from headrace.api.sources import ListSources, list_sources

    with reporting(as_json):
        page = list_sources(_services(), requested(ListSources, model_id=model))
        if as_json:
            print_json(page)
            return
        show_rows(
            ("SOURCE", "NAME", "STATE", "HOST", "DATABASE", "TABLES", "CHANGED"),
            (
                (
                    source.source_id,
                    source.name,
                    source.state.value,
                    source.connection.host,
                    source.connection.database,
                    len(source.selection),
                    moment(source.updated_at),
                )
                for source in page.sources
            ),
        )


@sources_app.command("get")
def sources_get(model: Model, source: SourceId, as_json: Json = False) -> None:
    """Show a source: its connection and what is taken. It holds no password."""
    from headrace.api.sources import SourceRef, get_source

    with reporting(as_json):
        stored = get_source(_services(), requested(SourceRef, model_id=model, source_id=source))
        if as_json:
            print_json(stored)
            return
        where = stored.connection
        show_rows(
            ("NAME", "STATE", "DATABASE", "USER", "DATASET"),
            [
                (
                    stored.name,
                    stored.state.value,
                    f"{where.host}:{where.port}/{where.database}",
                    where.user,
                    stored.dataset,
                )
            ],
        )
        show_rows(
            ("TABLE", "COLUMNS", "MODE", "DESTINATION"),
            (
                (
                    str(selection),
                    "all" if selection.columns is None else ", ".join(selection.columns),
                    selection.mode,
                    str(naming.target(stored, selection)),
                )
                for selection in stored.selection
            ),
        )


def _change_state(name: str, help_text: str) -> None:
    @sources_app.command(name, help=help_text)
    def change(model: Model, source: SourceId, as_json: Json = False) -> None:
        from headrace.api import sources as api

        with reporting(as_json):
            request = requested(api.SourceRef, model_id=model, source_id=source)
            changed = getattr(api, name)(_services(), request)
            if as_json:
                print_json(changed)
            else:
                out().print(f"{changed.name} is {changed.state}.", markup=False)


_change_state("activate", "Activate a draft.")
_change_state("pause", "Pause an active source.")
_change_state("resume", "Resume a paused source.")


@sources_app.command("delete")
def sources_delete(
    model: Model,
    source: SourceId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete a source, its password and its history. What it brought stays."""
    from headrace.api.sources import SourceRef, delete_source

    with reporting(as_json):
        if not yes:
            typer.confirm(f"Delete source {source} with its password and history?", abort=True)
        delete_source(_services(), requested(SourceRef, model_id=model, source_id=source))
        if as_json:
            print_json({"deleted": source})
        else:
            out().print(f"{source} is deleted.", markup=False)


@runs_app.command("start")
def runs_start(
    model: Model,
    source: SourceId,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end.")] = False,
    as_json: Json = False,
) -> None:
    """Start a run now."""
    from headrace.api.runs import StartRun, start_run

    with reporting(as_json):
        services = _services()
        run = start_run(services, requested(StartRun, model_id=model, source_id=source))
        if wait:
            run = _follow(services, run)
        _show_run(run, as_json=as_json)
        if wait and run.state is not RunState.SUCCEEDED:
            raise typer.Exit(exit_code(retryable=bool(run.error and run.error.retryable)))


@runs_app.command("get")
def runs_get(model: Model, source: SourceId, run: RunId, as_json: Json = False) -> None:
    """Show a run: its state, its tables and its error."""
    from headrace.api.runs import RunRef, get_run

    with reporting(as_json):
        request = requested(RunRef, model_id=model, source_id=source, run_id=run)
        _show_run(get_run(_services(), request), as_json=as_json)


@runs_app.command("list")
def runs_list(model: Model, source: SourceId, as_json: Json = False) -> None:
    """List the newest runs of a source."""
    from headrace.api.runs import ListRuns, list_runs

    with reporting(as_json):
        page = list_runs(_services(), requested(ListRuns, model_id=model, source_id=source))
        if as_json:
            print_json(page)
            return
        show_rows(
            ("RUN", "STATE", "REQUESTED", "FINISHED", "ROWS", "ERROR"),
            (
                (
                    run.run_id,
                    run.state.value,
                    moment(run.requested_at),
                    moment(run.finished_at),
                    f"{sum(table.rows for table in run.tables):,}",
                    run.error.code if run.error else None,
                )
                for run in page.runs
            ),
        )


@runs_app.command("cancel")
def runs_cancel(model: Model, source: SourceId, run: RunId, as_json: Json = False) -> None:
    """Cancel a run. The destination stays as it is."""
    from headrace.api.runs import RunRef, cancel_run

    with reporting(as_json):
        request = requested(RunRef, model_id=model, source_id=source, run_id=run)
        _show_run(cancel_run(_services(), request), as_json=as_json)


def _services() -> Services:
    return Services(LocalSettings.read())


def _login(url: str) -> tuple[Connection, Credentials]:
    """The connection; the password is the URL's, the environment's or the person's."""
    connection, credentials = from_url(url)
    if credentials:
        return connection, credentials
    password = os.environ.get(connection.password_variable)
    if not password and sys.stdin.isatty():
        asked = f"Password of {connection.user} at {connection.host}"
        password = typer.prompt(asked, hide_input=True, err=True)
    if not password:
        raise HeadraceError(
            PASSWORD_REQUIRED,
            f"No password for {connection.user} at {connection.host}.",
            hint=f"Set {connection.password_variable}, or run the command in a terminal, which "
            "asks for it.",
        )
    return connection, Credentials(password=SecretStr(password))


def _follow(services: Services, run: Run) -> Run:
    from headrace.api.runs import RunRef, get_run

    request = requested(RunRef, model_id=run.model_id, source_id=run.source_id, run_id=run.run_id)
    with ExtractionBars(err()) as bars:
        while run.state.live:
            time.sleep(0.3)
            run = get_run(services, request)
            bars.show(run.tables)
    return run


def _show_run(run: Run, *, as_json: bool) -> None:
    if as_json:
        print_json(run)
        return
    out().print(f"Run {run.run_id}: {run.state}", markup=False)
    show_tables(run.tables)
    if run.error:
        out().print(f"{run.error.title} ({run.error.code})", markup=False)
        out().print(f"  {run.error.detail}\n  → {run.error.hint}", markup=False)
