"""Real servers for the suite: each starts when the first test asks for it, and is removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from devservers import mariadb as devmariadb
from devservers.google.bigquery_server import BigqueryServer
from devservers.google.cloud_run import CloudRunServer
from devservers.google.firestore import FirestoreServer
from devservers.google.gcs_server import GcsServer
from devservers.google.secret_manager import SecretManagerServer
from devservers.mariadb import MariadbServer
from devservers.postgres import USER, PostgresServer, temporary_server
from devservers.postgres_releases import EMBEDDED, OLDEST, WITH_POSTGIS, Release
from headrace.connections import Credentials, MysqlConnection, PostgresConnection, TlsMode
from headrace.diagnosis.addresses import LOOPBACK
from headrace.diagnosis.network import Network
from headrace.settings import LocalSettings, Settings

# What is deployed, and all that Firestore has beside what it keeps by itself.
INDEXES = Path(__file__).parents[1] / "src/headrace/documents/firestore.indexes.json"

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
def _firestore_server() -> Iterator[FirestoreServer]:
    with FirestoreServer(INDEXES) as server:
        yield server


@pytest.fixture
def firestore_server(_firestore_server: FirestoreServer) -> FirestoreServer:
    """Without the faults and the requests of earlier tests; a project of its own keeps apart."""
    _firestore_server.heal()
    return _firestore_server


@pytest.fixture(scope="session")
def _cloud_run_server() -> Iterator[CloudRunServer]:
    with CloudRunServer() as server:
        yield server


@pytest.fixture
def cloud_run_server(_cloud_run_server: CloudRunServer) -> CloudRunServer:
    """Without the faults and the requests of earlier tests; a project of its own keeps apart."""
    _cloud_run_server.heal()
    return _cloud_run_server


@pytest.fixture(scope="session")
def _secret_manager_server() -> Iterator[SecretManagerServer]:
    with SecretManagerServer() as server:
        yield server


@pytest.fixture
def secret_manager_server(_secret_manager_server: SecretManagerServer) -> SecretManagerServer:
    """Without the faults and the requests of earlier tests; a project of its own keeps apart."""
    _secret_manager_server.heal()
    return _secret_manager_server


@pytest.fixture(scope="session")
def gcs_server() -> Iterator[GcsServer]:
    """Shared: a bucket of a test's own keeps apart."""
    with GcsServer() as server:
        yield server


@pytest.fixture(scope="module")
def bigquery_server(gcs_server: GcsServer) -> Iterator[BigqueryServer]:
    """A project of a test's own keeps apart. It reads what lies in `gcs_server`.

    Of a module's own, since it gets slower with each dataset that it has ever had.
    """
    with BigqueryServer(gcs_server.address) as server:
        yield server


def _running(release: Release) -> Iterator[PostgresServer]:
    server = temporary_server(release)
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    yield from _running(EMBEDDED)


@pytest.fixture(scope="session")
def oldest_postgres() -> Iterator[PostgresServer]:
    yield from _running(OLDEST)


@pytest.fixture(scope="session")
def postgres_with_postgis() -> Iterator[PostgresServer]:
    yield from _running(WITH_POSTGIS)


# A test's mark, with which its database is one of the newest server and one of the oldest.
both_ends = pytest.mark.parametrize("database", ["postgres", "oldest_postgres"], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Of the server whose fixture is the parameter, or else of the newest."""
    server: PostgresServer = request.getfixturevalue(getattr(request, "param", "postgres"))
    name = f"test_{uuid4().hex}"
    server.psql(f"CREATE DATABASE {name}")
    yield Database(server, name)
    server.psql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a local deployment that lies in a directory of the test's own."""
    return LocalSettings.read(data=tmp_path / "data", token="test-token")
