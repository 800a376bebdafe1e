"""A database that is absent or closed: what was probably meant, and what still can be asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from devservers.postgres import USER, PostgresServer, temporary_server
from headrace.checks import CheckStatus, Layer
from headrace.connections import Credentials
from headrace.diagnosis.diagnose import diagnose
from tests.conftest import LOCAL, Database
from tests.sources.probing import facts, failed, probed, probed_as
from tests.sources.reading import user_without_rights


@pytest.fixture(scope="module")
def shops() -> Iterator[PostgresServer]:
    """A server with few databases, of which one may be entered by its owner alone."""
    server = temporary_server()
    try:
        server.start()
        for name in ('"Shop"', "sales_2024", "secret_sales"):
            server.psql(f"CREATE DATABASE {name}")
        server.psql("REVOKE CONNECT ON DATABASE secret_sales FROM PUBLIC")
        server.psql("CREATE ROLE reader LOGIN PASSWORD 'reader-7391'")
        yield server
    finally:
        server.remove()


@pytest.mark.parametrize(
    ("typed", "meant"), [("shop", "Shop"), ("Shpo", "Shop"), ("sales2024", "sales_2024")]
)
def test_a_near_name_is_offered(shops: PostgresServer, typed: str, meant: str) -> None:
    checks = probed_as(Database(shops, typed), "reader", "reader-7391")
    assert checks[Layer.LOGIN].status is CheckStatus.PASSED
    check = failed(checks)
    assert (check.layer, check.code) == (Layer.DATABASE, "database_not_found")
    assert f"Did you mean '{meant}'?" in check.found
    assert check.copy_text == meant
    assert [(f.path, f.suggestion) for f in check.fields] == [("connection.database", meant)]


def test_a_database_that_may_not_be_entered_is_not_offered(shops: PostgresServer) -> None:
    check = failed(probed_as(Database(shops, "secret_sale"), "reader", "reader-7391"))
    assert "Did you mean" not in check.found
    assert "Shop, postgres, sales_2024." in (check.hint or "")
    assert "secret_sales" not in repr(check)


def test_a_login_that_fails_tells_no_names(shops: PostgresServer) -> None:
    check = failed(probed_as(Database(shops, "shop"), "reader", "wrong-4711"))
    assert check.layer is Layer.LOGIN
    assert "Shop" not in repr(check)


def test_what_does_not_depend_on_the_database_is_asked_in_another(shops: PostgresServer) -> None:
    checks = probed_as(Database(shops, "shop"), "reader", "reader-7391")
    assert checks[Layer.RIGHTS].status is CheckStatus.SKIPPED
    assert "PostgreSQL 18." in facts(checks[Layer.FITNESS])["version"].value


def test_no_other_database_may_be_entered_either(shops: PostgresServer) -> None:
    closed = ("postgres", "template1")
    for name in closed:
        shops.psql(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    try:
        checks = probed_as(Database(shops, "shop"), "reader", "reader-7391")
    finally:
        for name in closed:
            shops.psql(f"GRANT CONNECT ON DATABASE {name} TO PUBLIC")
    assert failed(checks).hint
    assert "Did you mean" not in failed(checks).found
    assert checks[Layer.FITNESS].status is CheckStatus.WARNED
    assert "Nothing could be asked" in checks[Layer.FITNESS].found


def test_the_right_to_connect_is_lacking(database: Database) -> None:
    database.execute(f"REVOKE CONNECT ON DATABASE {database.name} FROM PUBLIC")
    with user_without_rights(database) as (connection, credentials):
        check = failed(probed(connection, credentials))
        assert (check.layer, check.code) == (Layer.DATABASE, "database_not_permitted")
        assert [field.path for field in check.fields] == ["connection.database"]
        database.execute(check.copy_text or "")
        checks = probed(connection, credentials)
    assert checks[Layer.DATABASE].status is CheckStatus.PASSED


def test_a_database_that_takes_no_connections(database: Database) -> None:
    database.server.psql(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
    check = failed(probed_as(database, USER, database.server.password))
    assert (check.layer, check.code) == (Layer.DATABASE, "database_closed")
    database.server.psql(check.copy_text or "")
    assert failed_layer(database) is None


def failed_layer(database: Database) -> Layer | None:
    credentials = Credentials(password=SecretStr(database.server.password))
    checks = diagnose(database.connection, credentials, LOCAL)
    return next((c.layer for c in checks if c.status is CheckStatus.FAILED), None)
