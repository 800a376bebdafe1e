"""Instances of Cloud SQL over the suite's own databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest

from devservers.google.cloud_sql import CloudSqlServer, Instance
from headrace.connections import Credentials, ServerConnection
from headrace.diagnosis.network import Network
from tests.conftest import LOCAL, Database, MariadbDatabase


@dataclass(frozen=True)
class Named:
    """A database of a test's own, behind the name of an instance of its own."""

    server: CloudSqlServer
    instance: Instance
    database: Database | MariadbDatabase

    @property
    def connection(self) -> ServerConnection:
        return self.as_is()

    @property
    def credentials(self) -> Credentials:
        return self.database.credentials

    @property
    def network(self) -> Network:
        return replace(LOCAL, instances=self.server.url)

    def as_is(self, **changed: Any) -> ServerConnection:
        there = self.database.connection
        given = {
            "type": there.type,
            "instance": self.instance.connection_name,
            "database": there.database,
            "user": there.user,
            **changed,
        }
        return type(there).model_validate(given)


@pytest.fixture(scope="session")
def _cloud_sql() -> Iterator[CloudSqlServer]:
    with CloudSqlServer() as server:
        yield server


@pytest.fixture
def cloud_sql(_cloud_sql: CloudSqlServer) -> CloudSqlServer:
    """Without the refusals and the requests of earlier tests."""
    _cloud_sql.heal()
    return _cloud_sql


@pytest.fixture
def postgres_instance(cloud_sql: CloudSqlServer, database: Database) -> Named:
    instance = cloud_sql.add(_name(), "POSTGRES_16", database.server.port)
    return Named(cloud_sql, instance, database)


@pytest.fixture
def mysql_instance(cloud_sql: CloudSqlServer, mariadb_database: MariadbDatabase) -> Named:
    instance = cloud_sql.add(_name(), "MYSQL_8_0", mariadb_database.server.port)
    return Named(cloud_sql, instance, mariadb_database)


@pytest.fixture(params=["postgres_instance", "mysql_instance"])
def named(request: pytest.FixtureRequest) -> Named:
    """Either of both."""
    found: Named = request.getfixturevalue(request.param)
    return found


def _name() -> str:
    return f"i{uuid4().hex}"
