"""`headrace serve`: the page and all functions on this machine."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from headrace.cli.arguments import Json
from headrace.settings import LocalSettings
from headrace.terminal import out, print_json, reporting


def serve(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="TCP port on this machine; 0 takes a free one.")
    ] = 8080,
    data: Annotated[Path | None, typer.Option(help="Directory for everything stored.")] = None,
    as_json: Json = False,
) -> None:
    """Serve the page and all functions on this machine alone, for who holds the printed token."""
    from headrace import local, logs

    with reporting(as_json):
        logs.configure()
        chosen = {"data": data} if data else {}
        settings = LocalSettings.read(token=SecretStr(secrets.token_urlsafe(32)), **chosen)
        server = local.serve(settings, port)
        started = {"url": server.url, "token": server.token, "data": str(settings.data)}

        def tell() -> None:
            if as_json:
                print_json(started)
            else:
                out().print(
                    f"Headrace is at {server.page}\n"
                    f"Its data are in {settings.data}\nStop it with Ctrl-C.",
                    markup=False,
                )

        with suppress(KeyboardInterrupt):  # that comes before the server listens for it
            server.run(tell)
