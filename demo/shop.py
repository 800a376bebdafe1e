"""A second database, in MariaDB, for a source that a spectator adds by hand."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from demo.client import MODEL, Client
from demo.narration import console, say, step
from devservers.mariadb import MariadbServer, installed

DATABASE = "shop"
READER = "headrace_reader"

_HERE = Path(__file__).parent


@contextmanager
def offered(client: Client, directory: Path) -> Iterator[None]:
    """The shop is there as long as this lasts, and its address is told; or how to get it."""
    step("Add a source yourself", "on the page: Add a source")
    if not installed():
        say("MariaDB is not installed; with it there would be a second database to add here:")
        say("make mariadb")
        yield
        return
    with MariadbServer(directory) as server:
        server.execute(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
        server.execute((_HERE / "shop.sql").read_text(), DATABASE)
        password = _reset_reader(server)
        _tell_sources(client, server, password)
        say("A small shop is in MariaDB. Choose 'MySQL or MariaDB', and paste this into any field")
        say("of the connection; the password is this demonstration's own, and new each time:")
        url = f"mysql://{READER}:{password}@{server.host}:{server.port}/{DATABASE}"
        console.print(f"    [bold]{url}?ssl-mode=DISABLED[/]")
        yield


def _reset_reader(server: MariadbServer) -> str:
    """A user that may read the shop and nothing else; returns its new password."""
    password = secrets.token_urlsafe(16)
    server.execute(
        f"CREATE OR REPLACE USER {READER} IDENTIFIED BY '{password}';"
        f"GRANT SELECT ON {DATABASE}.* TO {READER}"
    )
    return password


def _tell_sources(client: Client, server: MariadbServer, password: str) -> None:
    """A source that was added to an earlier demonstration finds the server where it is now."""
    sources: list[dict[str, Any]] = client.get("/sources/", model_id=MODEL)["sources"]
    for source in sources:
        connection = source["connection"]
        if (connection["type"], connection["user"]) == ("mysql", READER):
            known = {key: source[key] for key in ("model_id", "source_id", "etag")}
            moved = {**connection, "host": server.host, "port": server.port}
            login = {"connection": moved, "credentials": {"password": password}}
            client.post("/save_draft", {**known, **login})
            client.post(f"/sources/{source['model_id']}/{source['source_id']}/moved", {})
            say(f"'{source['name']}' of last time was told where MariaDB listens now")
