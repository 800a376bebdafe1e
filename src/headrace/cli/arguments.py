"""What several commands take, and what they open with it."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from pydantic import SecretStr

from headrace.connections import Connection, Credentials
from headrace.errors import PASSWORD_REQUIRED, HeadraceError
from headrace.model import UnfitPolicy
from headrace.services import Services
from headrace.settings import LocalSettings
from headrace.urls import from_url

Url = Annotated[
    str,
    typer.Argument(
        help="postgresql:// or mysql://USER@HOST:PORT/DATABASE; of Cloud SQL "
        "…://USER@/DATABASE?instance=PROJECT:REGION:NAME; of BigQuery bigquery://PROJECT/DATASET. "
        "Better leave the password out: it is taken from PGPASSWORD or MYSQL_PWD, or asked for.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
OneTable = Annotated[str, typer.Argument(metavar="TABLE", help="schema.table", show_default=False)]
Into = Annotated[
    str | None, typer.Option(metavar="DESTINATION", help="duckdb:///path or parquet:///path")
]
Dataset = Annotated[
    str | None, typer.Option(help="Schema in the destination; the database's name by default.")
]
Unfit = Annotated[
    UnfitPolicy, typer.Option(help="What becomes of values that their column can't hold.")
]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model's id.")]
SourceId = Annotated[str, typer.Argument(metavar="SOURCE", help="The source's id.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]


def services() -> Services:
    return Services(LocalSettings.read())


def login(url: str) -> tuple[Connection, Credentials]:
    """The connection; the password is the URL's, the environment's or the person's."""
    connection, credentials = from_url(url)
    if not connection.needs_password:
        return connection, Credentials.none()
    if credentials:
        return connection, credentials
    password = os.environ.get(connection.password_variable)
    if not password and sys.stdin.isatty():
        asked = f"Password of {connection.user} at {connection.server}"
        password = typer.prompt(asked, hide_input=True, err=True)
    if not password:
        raise HeadraceError(
            PASSWORD_REQUIRED,
            f"No password for {connection.user} at {connection.server}.",
            hint=f"Set {connection.password_variable}, or run the command in a terminal, which "
            "asks for it.",
        )
    return connection, Credentials(password=SecretStr(password))
