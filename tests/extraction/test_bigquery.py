"""What the engine brings into BigQuery, in each mode and after a kill."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from devservers.google.bigquery_server import BigqueryServer
from devservers.google.gcs_server import GcsServer
from headrace.errors import RUN_LOST, HeadraceError
from headrace.model import Verification
from headrace.services import Services
from headrace.settings import Settings
from tests.conftest import Database
from tests.destinations.cloud import CloudPlace, cloud_place
from tests.extraction.scene import ORDERS
from tests.extraction.shop import TARGET, Shop, shop_of
from tests.extraction.test_going_on import IN_ORDER, ROWS, Attempts, die

ROW = {"id": 1, "name": "é", "n": 10, "paid": None, "raw": b"\xff"}


@pytest.fixture
def cloud(bigquery_server: BigqueryServer, gcs_server: GcsServer) -> CloudPlace:
    return cloud_place(bigquery_server, gcs_server)


@pytest.fixture
def shop(cloud: CloudPlace, settings: Settings, database: Database) -> Shop:
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY, name text, n bigint, paid numeric(12, 2), raw bytea)"
    )
    database.execute(r"INSERT INTO t VALUES (1, 'é', 10, NULL, '\xff'), (2, 'b', 20, 1.5, '')")
    return shop_of(database, settings.model_copy(update={"destination": cloud.url}))


@pytest.fixture
def services(cloud: CloudPlace, settings: Settings) -> Iterator[Services]:
    opened = Services(settings.model_copy(update={"destination": cloud.url}))
    yield opened
    opened.close()


def ids(cloud: CloudPlace) -> list[Any]:
    return [row["id"] for row in cloud.read(TARGET).to_pylist()]


def test_full_puts_the_table_in_place_of_the_one_before(shop: Shop, cloud: CloudPlace) -> None:
    shop.run(verify=Verification.DIGEST)
    assert cloud.read(TARGET).to_pylist()[0] == ROW

    shop.execute("DELETE FROM t WHERE id = 1")
    assert shop.run().rows == 1
    assert ids(cloud) == [2]


def test_append_takes_what_is_new(shop: Shop, cloud: CloudPlace) -> None:
    taken = {"mode": "append", "cursor": ["n"]}
    shop.run(**taken)
    shop.execute("INSERT INTO t VALUES (3, 'c', 30, 7, NULL); UPDATE t SET name = 'B' WHERE id = 2")

    assert shop.run(**taken).rows == 1

    assert shop.position == "30"
    assert [row["name"] for row in cloud.read(TARGET).to_pylist()] == ["é", "b", "c"]
    assert shop.run(**taken).rows == 0


def test_merge_takes_what_is_new_or_changed_and_what_is_gone(shop: Shop, cloud: CloudPlace) -> None:
    taken = {"mode": "merge", "cursor": ["n"], "detect_deletes": "hard"}
    shop.run(**taken)
    shop.execute(
        "UPDATE t SET name = 'B', n = 30 WHERE id = 2; INSERT INTO t VALUES (3, 'c', 40, 7, NULL); "
        "DELETE FROM t WHERE id = 1"
    )

    assert shop.run(**taken, verify=Verification.DIGEST).rows == 2

    assert [(row["id"], row["name"]) for row in cloud.read(TARGET).to_pylist()] == [
        (2, "B"),
        (3, "c"),
    ]


def test_a_run_that_was_killed_goes_on(
    services: Services, database: Database, cloud: CloudPlace
) -> None:
    """After all was staged; nothing is read again."""
    attempts = Attempts(services, database, IN_ORDER)
    with pytest.raises(HeadraceError) as killed:
        attempts.go(publishing=die)
    assert killed.value.kind is RUN_LOST
    database.execute("UPDATE orders SET text = 'too late'")

    attempts.go()

    assert attempts.count() == ROWS
    assert set(cloud.read(ORDERS)["text"].to_pylist()) == {"x" * 90}
