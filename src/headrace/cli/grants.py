"""`headrace grants`: the SQL of a user who may read chosen tables and nothing else."""

from __future__ import annotations

from typing import Annotated

import typer

from headrace import sources
from headrace.api.grants import GrantsRequest
from headrace.cli.arguments import Json
from headrace.cli.columns import Columns, of_columns
from headrace.terminal import out, print_json, reporting, show_statements
from headrace.urls import from_url
from headrace.validation import requested


def grants(
    url: Annotated[
        str,
        typer.Argument(
            help="postgresql:// or mysql://USER@HOST:PORT/DATABASE, or bigquery://PROJECT/DATASET. "
            "Nothing is connected to, and no password is needed.",
            show_default=False,
        ),
    ],
    table: Annotated[
        list[str], typer.Argument(metavar="TABLE...", help="schema.table", show_default=False)
    ],
    column: Columns = None,
    user: Annotated[str, typer.Option(help="The name of the user to be made.")] = sources.READER,
    as_json: Json = False,
) -> None:
    """Write the SQL of a user who may read these tables and nothing else, for an administrator."""
    from headrace.extraction.adhoc import adhoc_source

    with reporting(as_json):
        connection, _ = from_url(url)
        source = of_columns(adhoc_source(connection, table, None), column, None, None)
        request = requested(
            GrantsRequest, connection=connection, selection=source.selection, user=user
        )
        written = sources.grants(connection, request.selection, request.user)
        if as_json:
            print_json(written)
            return
        show_statements(out(), "1. Make the user", written.create)
        show_statements(out(), "2. See what it may do", written.verify)
        show_statements(out(), "3. Take it back", written.revoke)
