"""The command line: `headrace …`.

Exit codes: 0 done; 1 it failed, and will fail again until something is changed; 2 the command
was not understood; 75 it failed, but may work later; 130 interrupted.
"""

from __future__ import annotations

import io
import sys

import typer

from headrace.cli import databases, describe, dispatch, grants, preflight, runs, serve, sources

app = typer.Typer(
    help="Bring databases into BigQuery, or into DuckDB and Parquet on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
# In the order in which the help lists them.
for command in (
    serve.serve,
    databases.test,
    databases.tables,
    describe.describe,
    grants.grants,
    preflight.preflight,
    databases.extract,
    dispatch.dispatch,
):
    app.command()(command)
app.add_typer(sources.app, name="sources")
app.add_typer(runs.app, name="runs")


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may lack the signs
    app()
