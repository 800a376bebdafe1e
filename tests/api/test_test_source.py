"""The test of a stored source, with the password of the vault."""

from __future__ import annotations

import httpx
import pytest

from headrace.connections import PostgresConnection, TlsMode
from headrace.services import Services
from headrace.settings import Settings
from tests.api.drafts import create, credentials, table
from tests.conftest import Database


@pytest.fixture
def reader(database: Database) -> PostgresConnection:
    """A connection of a user who may read one of two tables."""
    name = f"reader_{database.name[-8:]}"
    database.execute(
        "CREATE TABLE orders (id int); CREATE TABLE salaries (id int);"
        f"CREATE USER {name} PASSWORD 'secret'; GRANT SELECT ON orders TO {name}"
    )
    return database.connection.model_copy(update={"user": name, "tls": TlsMode.DISABLE})


def test_the_rights_that_lack_are_told_with_their_sql(
    http: httpx.Client, settings: Settings, reader: PostgresConnection
) -> None:
    services = Services(settings)
    source = create(
        services,
        connection=reader,
        credentials=credentials("secret"),
        selection=(table("orders"), table("salaries")),
    )
    services.close()
    ids = {"model_id": "m1", "source_id": source.source_id}
    report = http.post("/preflight/connection", json=ids).json()
    assert not report["passed"]
    checks = {check["layer"]: check for check in report["checks"]}
    assert checks["login"]["status"] == "passed"
    assert checks["rights"]["status"] == "failed"
    assert "GRANT SELECT" in checks["rights"]["copy_text"]
    assert "salaries" in checks["rights"]["copy_text"]
    assert "secret" not in str(report)


def test_a_source_that_is_not_there(http: httpx.Client) -> None:
    answer = http.post("/preflight/connection", json={"model_id": "m1", "source_id": "none"})
    assert (answer.status_code, answer.json()["code"]) == (404, "source_not_found")
