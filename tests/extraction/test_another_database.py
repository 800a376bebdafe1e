"""A table goes on from where it stands only if its rows come from the database of before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from headrace import sources
from headrace.errors import DATABASE_CHANGED, HeadraceError
from headrace.identity import Identity
from headrace.model import now
from headrace.settings import Settings
from tests.conftest import LOCAL, Database, MariadbDatabase
from tests.destinations.staging import LOCAL_SCHEMES
from tests.extraction.shop import TARGET, Shop, shop_of

APPEND: dict[str, Any] = {"mode": "append", "cursor": ["n"]}
TABLE = "CREATE TABLE t (id int PRIMARY KEY, n bigint); INSERT INTO t VALUES "
# Without what PostgreSQL tells a cluster by, as in what only speaks its protocol.
TELLS_NOTHING = "ALTER FUNCTION pg_control_system() RENAME TO hidden"


@pytest.fixture(params=LOCAL_SCHEMES)
def shop(request: pytest.FixtureRequest, settings: Settings, database: Database) -> Shop:
    """Two rows of a table are brought, and a third is new."""
    database.execute(f"{TABLE} (1, 10), (2, 20)")
    url = f"{request.param}://{settings.data}/warehouse"
    shop = shop_of(database, settings.model_copy(update={"destination": url}))
    shop.run(**APPEND)
    database.execute("INSERT INTO t VALUES (3, 30)")
    return shop


@pytest.fixture
def other(database: Database) -> Iterator[Database]:
    """Another database of the same server, of which a row lies before the checkpoint."""
    made = replace(database, name=f"test_{uuid4().hex}")
    database.execute(f"CREATE DATABASE {made.name}")
    made.execute(f"{TABLE} (1, 5), (4, 40)")
    yield made
    database.execute(f"DROP DATABASE {made.name} WITH (FORCE)")


def reached(shop: Shop, database: Database | MariadbDatabase, **connection: Any) -> Shop:
    """The shop whose connection was changed."""
    changed = database.connection.model_copy(update=connection)
    return replace(
        shop,
        database=database,
        source=shop.source.model_copy(update={"connection": changed}),
    )


def identity(shop: Shop) -> Identity:
    connection, credentials = shop.source.connection, shop.database.credentials
    with closing(sources.connect(connection, credentials, LOCAL)) as database:
        return database.identity()


def refused(shop: Shop) -> str:
    before = shop.destination.checkpoints("m1", "s1")
    with pytest.raises(HeadraceError) as raised:
        shop.run(**APPEND)
    assert raised.value.kind is DATABASE_CHANGED, raised.value
    assert shop.destination.checkpoints("m1", "s1") == before
    return raised.value.detail


def test_another_database_is_refused_until_the_table_begins_anew(
    shop: Shop, other: Database
) -> None:
    elsewhere = reached(shop, other)

    assert "public.t" in refused(elsewhere)
    elsewhere.destination.forget("m1", "s1", TARGET)
    assert elsewhere.run(**APPEND).rows == 2

    assert elsewhere.destination.count(TARGET) == 2
    assert elsewhere.run(**APPEND).rows == 0
    refused(shop)


def test_a_database_that_was_made_anew_is_another(shop: Shop, database: Database) -> None:
    name = database.name
    postgres = replace(database, name="postgres")
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")
    postgres.execute(f"CREATE DATABASE {name}")
    database.execute(f"{TABLE} (1, 5)")

    refused(shop)


def test_the_same_database_by_another_name_goes_on(shop: Shop) -> None:
    elsewhere = reached(shop, shop.database, host="localhost")

    assert identity(elsewhere).likely != identity(shop).likely
    assert elsewhere.run(**APPEND).rows == 1


def test_a_past_range_of_another_database_is_refused(shop: Shop, other: Database) -> None:
    with pytest.raises(HeadraceError) as raised:
        reached(shop, other).backfill("1", "20", **APPEND)

    assert raised.value.kind is DATABASE_CHANGED


def test_who_says_that_the_database_was_moved_has_it_go_on(shop: Shop, other: Database) -> None:
    elsewhere = reached(shop, other)
    moved = {"moved_at": now()}
    elsewhere = replace(elsewhere, source=elsewhere.source.model_copy(update=moved))

    assert elsewhere.run(**APPEND).rows == 1
    assert elsewhere.destination.count(TARGET) == 3
    # It is the database of before now, and what was said then holds for that no more.
    refused(reached(elsewhere, shop.database))


def test_what_was_said_of_another_move_does_not_count(shop: Shop, other: Database) -> None:
    elsewhere = reached(shop, other)
    (checkpoint,) = shop.destination.checkpoints("m1", "s1")
    moved = {"moved_at": checkpoint.published_at - timedelta(microseconds=1)}

    refused(replace(elsewhere, source=elsewhere.source.model_copy(update=moved)))


def test_where_nothing_certain_is_told_the_address_counts(shop: Shop, other: Database) -> None:
    shop.execute(TELLS_NOTHING)

    assert identity(shop).certain is None
    assert shop.run(**APPEND).rows == 1
    other.execute(TELLS_NOTHING)
    refused(reached(shop, other))


def test_in_mariadb_the_address_counts(
    settings: Settings, mariadb_database: MariadbDatabase
) -> None:
    mariadb_database.execute(f"{TABLE} (1, 10)")
    shop = shop_of(mariadb_database, settings)
    shop.run(**APPEND)
    mariadb_database.execute("INSERT INTO t VALUES (2, 20)")

    refused(reached(shop, mariadb_database, host="localhost"))
    assert shop.run(**APPEND).rows == 1


def test_one_thing_in_common_is_enough_where_nothing_is_certain() -> None:
    here = Identity(likely=("a:1", "server"))

    assert here.same(Identity(likely=("b:1", "server")))
    assert not here.same(Identity(likely=("b:1",)))
    assert here.same(Identity(certain="x", likely=("a:1",)))
    assert not Identity(certain="y", likely=("a:1",)).same(Identity(certain="x", likely=("a:1",)))
