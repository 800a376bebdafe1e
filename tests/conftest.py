"""Real servers for the suite: each starts when the first test asks for it, and is removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from devservers import mariadb as devmariadb
from devservers.mariadb import MariadbServer
from devservers.postgres import USER, PostgresServer, temporary_server
from headrace.connections import Credentials, MysqlConnection, PostgresConnection, TlsMode
from headrace.diagnosis.addresses import LOOPBACK
from headrace.diagnosis.network import Network
from headrace.settings import LocalSettings, Settings

# The suite's own servers listen on loopback.
LOCAL = Network(allowed=LOOPBACK)


@dataclass(frozen=True)
class Database:
    """An empty PostgreSQL database of a test's own."""

    server: PostgresServer
    name: str

    @property
    def connection(self) -> PostgresConnection:
        return PostgresConnection(
            host=self.server.host,
            port=self.server.port,
            database=self.name,
            user=USER,
            tls=TlsMode.DISABLE,
        )

    @property
    def credentials(self) -> Credentials:
        return Credentials(password=SecretStr(self.server.password))

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def execute(self, sql: str) -> str:
        return self.server.psql(sql, self.name)


@dataclass(frozen=True)
class MariadbDatabase:
    """An empty MariaDB database of a test's own."""

    server: MariadbServer
    name: str

    @property
    def connection(self) -> MysqlConnection:
        return MysqlConnection(
            host=self.server.host,
            port=self.server.port,
            database=self.name,
            user=devmariadb.USER,
            tls=TlsMode.DISABLE,
        )

    @property
    def credentials(self) -> Credentials:
        return Credentials(password=SecretStr(self.server.password))

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def execute(self, sql: str) -> str:
        return self.server.execute(sql, self.name)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariadbServer]:
    # Whoever waits for a lock in vain is a defect, and ends.
    server = devmariadb.temporary_server(lock_wait_timeout="20")
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture
def mariadb_database(mariadb: MariadbServer) -> Iterator[MariadbDatabase]:
    name = f"test_{uuid4().hex}"
    mariadb.execute(f"CREATE DATABASE {name}")
    yield MariadbDatabase(mariadb, name)
    mariadb.execute(f"DROP DATABASE {name}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = temporary_server()
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    name = f"test_{uuid4().hex}"
    postgres.psql(f"CREATE DATABASE {name}")
    yield Database(postgres, name)
    postgres.psql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a local deployment that lies in a directory of the test's own."""
    return LocalSettings.read(data=tmp_path / "data", token="test-token")
