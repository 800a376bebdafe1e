"""The laboratory of each test, and servers that may be misconfigured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from devservers import mariadb as devmariadb
from devservers.mariadb import MariadbServer
from devservers.postgres import PostgresServer
from devservers.postgres import temporary_server as temporary_postgres
from devservers.postgres_releases import WITH_POSTGIS
from tests.api.conftest import http, server  # noqa: F401
from tests.cli.conftest import environment, headrace  # noqa: F401
from tests.faults.hostile import AUTHORITY
from tests.faults.laboratory import Laboratory
from tests.sources.certificates import write


@pytest.fixture
def laboratory(tmp_path: Path) -> Laboratory:
    return Laboratory(tmp_path)


@pytest.fixture(scope="session")
def open_postgres() -> Iterator[PostgresServer]:
    """A server whose settings tests change; Debian's, since that one can speak TLS."""
    made = temporary_postgres(WITH_POSTGIS, max_connections="20")
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="session")
def open_mariadb() -> Iterator[MariadbServer]:
    """A server whose settings tests change. It speaks TLS, with a certificate for localhost."""
    made = devmariadb.temporary_server(lock_wait_timeout="20")
    try:
        files = write(AUTHORITY.issue_cert("localhost"), made.directory)
        made.options.update(ssl_key=str(files["key"]), ssl_cert=str(files["chain"]))
        yield made.start()
    finally:
        made.remove()
