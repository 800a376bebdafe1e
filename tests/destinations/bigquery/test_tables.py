"""Tables of BigQuery's that others have changed, that grow, and that are made anew."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from headrace.destinations import Publication, StagedTable
from headrace.destinations.bigquery import BigQuery, emulated
from headrace.destinations.bigquery_publish import MOST_TABLES, Change, _parted
from headrace.destinations.bigquery_sql import Step
from headrace.errors import (
    CHECKPOINT_MOVED,
    COLUMN_NAME_REFUSED,
    DESTINATION_CONFLICT,
    LAYOUT_NOT_POSSIBLE,
    HeadraceError,
)
from headrace.googlesql.identifiers import literal, quoted
from headrace.ids import new_id
from headrace.layout import Granularity, Layout, Partitioning
from headrace.tables import TableRef
from tests.destinations.bigquery.scene import ORDERS, increment, opened, position, sql
from tests.destinations.bigquery_wire import Wire, emptied, refused, with_fields
from tests.destinations.cloud import OWN, CloudPlace
from tests.destinations.staging import bring, publish, stage, table


def test_a_table_that_someone_else_made(destination: BigQuery, cloud: CloudPlace) -> None:
    emulated(cloud.project, cloud.address).create_dataset("shop")
    sql(cloud, "CREATE TABLE shop.orders AS SELECT 1 AS mine")

    with pytest.raises(HeadraceError) as raised:
        bring(destination, table(id=[1, 2]))

    assert raised.value.kind is DESTINATION_CONFLICT
    assert destination.count(ORDERS) == 1


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE shop.orders",
        "CREATE OR REPLACE TABLE shop.orders AS SELECT 1 AS id",
    ],
)
def test_a_table_that_is_not_as_it_was_has_no_position(
    destination: BigQuery, cloud: CloudPlace, change: str
) -> None:
    run_id = new_id()
    staged = increment(stage(destination, run_id, table(id=[1, 2])), None, "2")
    publish(destination, staged, run_id=run_id)
    assert position(destination) == "2"

    sql(cloud, change)

    assert position(destination) is None


def test_a_table_that_was_emptied_has_no_position(
    destination: BigQuery, wire: Wire, run_id: str
) -> None:
    staged = increment(stage(destination, run_id, table(id=[1, 2])), None, "2")
    publish(destination, staged, run_id=run_id)

    wire.fail("GET", "/tables/orders", emptied)

    assert position(destination) is None
    assert position(destination) == "2"


def test_a_run_in_whose_way_another_was_is_refused(
    destination: BigQuery, wire: Wire, cloud: CloudPlace, run_id: str
) -> None:
    """The other one publishes after this one has looked."""
    first = new_id()
    publish(
        destination,
        increment(stage(destination, first, table(id=[1])), None, "1"),
        run_id=first,
    )
    mine = increment(stage(destination, run_id, table(id=[2])), "1", "2")

    def other(send: object, request: object) -> object:
        with closing(opened(cloud, Wire())) as rival:
            theirs = new_id()
            staged = increment(stage(rival, theirs, table(id=[2])), "1", "2")
            publish(rival, staged, run_id=theirs)
        return send(request)  # type: ignore[operator]

    wire.fail("POST", "headrace_publish", other)  # type: ignore[arg-type]
    with pytest.raises(HeadraceError) as raised:
        publish(destination, mine, run_id=run_id)

    assert raised.value.kind is CHECKPOINT_MOVED
    assert destination.count(ORDERS) == 2


def test_a_table_that_grows_gets_columns_and_wider_types(
    destination: BigQuery, wire: Wire, cloud: CloudPlace
) -> None:
    first, second = new_id(), new_id()
    narrow = pa.table({"id": pa.array([1], pa.int32()), "paid": pa.array([7], pa.int32())})
    wide = pa.table(
        {
            "id": pa.array([2], pa.int64()),
            "paid": pa.array([Decimal("1.5")], pa.decimal128(12, 2)),
            "note": ["new"],
        }
    )
    publish(
        destination, increment(stage(destination, first, narrow), None, "1", "id"), run_id=first
    )
    publish(destination, increment(stage(destination, second, wide), "1", "2", "id"), run_id=second)

    assert cloud.read(ORDERS).to_pylist() == [
        {"id": 1, "paid": Decimal(7), "note": None},
        {"id": 2, "paid": Decimal("1.5"), "note": "new"},
    ]
    # Not NUMERIC(12, 2), which has no room for each INT64.
    bodies = [str(request.body) for request in wire.sent]
    (change,) = [body for body in bodies if "ALTER COLUMN" in body]
    assert "ALTER COLUMN `paid` SET DATA TYPE NUMERIC" in change
    assert "NUMERIC(" not in change


def test_a_table_with_other_partitions_is_made_anew(
    destination: BigQuery, wire: Wire, cloud: CloudPlace
) -> None:
    content = pa.table({"id": [1, 2], "at": pa.array([0, 1], pa.timestamp("us", tz="UTC"))})
    daily = Layout(Partitioning(column="at", granularity=Granularity.DAY), ("id",))
    for layout in (Layout(), daily, daily):
        run_id = new_id()
        staged = replace(stage(destination, run_id, content), layout=layout)
        publish(destination, staged, run_id=run_id)

    found = emulated(cloud.project, cloud.address).get_table("shop.orders")
    assert found.time_partitioning.field == "at"
    assert found.clustering_fields == ["id"]
    assert destination.count(ORDERS) == 2
    scripts = [job["configuration"]["query"]["query"] for job in wire.jobs("query")]
    (anew,) = [script for script in scripts if "CREATE OR REPLACE" in script]
    assert "DROP TABLE" in anew
    assert "PARTITION BY TIMESTAMP_TRUNC(`at`, DAY) CLUSTER BY `id`" in anew


def test_rows_of_more_partitions_than_one_statement_takes_are_refused(
    destination: BigQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headrace.destinations.bigquery_layout.MOST_AT_ONCE", 2)
    days = pa.table({"born": pa.array([0, 1, 2, 2], pa.date32())})

    def brought_by(granularity: Granularity) -> None:
        layout, run_id = Layout(Partitioning(column="born", granularity=granularity)), new_id()
        staged = replace(stage(destination, run_id, days), layout=layout)
        publish(destination, staged, run_id=run_id)

    with pytest.raises(HeadraceError) as raised:
        brought_by(Granularity.DAY)
    assert raised.value.kind is LAYOUT_NOT_POSSIBLE
    assert "3 partitions by 'born'" in raised.value.detail

    brought_by(Granularity.MONTH)

    assert destination.count(ORDERS) == 4


@pytest.mark.parametrize("name", ["a.b", "a`b", "50$", "_PARTITIONTIME", "prix €", "x" * 301])
def test_a_name_that_no_column_has_is_refused(destination: BigQuery, name: str) -> None:
    with pytest.raises(HeadraceError) as raised:
        bring(destination, pa.table({name: [1]}))
    assert raised.value.kind is COLUMN_NAME_REFUSED


def test_who_may_not_remove_loaded_tables_leaves_them_to_their_end(
    destination: BigQuery, wire: Wire, cloud: CloudPlace, run_id: str
) -> None:
    publish(destination, stage(destination, run_id, table(id=[1])), run_id=run_id)
    wire.fail("DELETE", "/tables/_load", refused(403, "accessDenied"))

    destination.discard(run_id)

    client = emulated(cloud.project, cloud.address)
    (left,) = [t for t in client.list_tables(OWN) if t.table_id.startswith("_load")]
    end = client.get_table(left.reference).expires
    assert end is not None
    assert end > datetime.now(UTC)


def test_a_dataset_of_a_source_gets_the_key_of_our_own(destination: BigQuery, wire: Wire) -> None:
    key = {"kmsKeyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k"}
    wire.fail("GET", f"/datasets/{OWN}?", with_fields(defaultEncryptionConfiguration=key))

    bring(destination, table(id=[1]))

    assert [made.get("defaultEncryptionConfiguration") for made in wire.datasets("shop")] == [key]


def test_names_and_texts_are_quoted() -> None:
    assert quoted("a`b\\c") == "`a\\`b\\\\c`"
    assert literal("it's\n\\") == "'it\\'s\\n\\\\'"


def test_more_tables_than_a_transaction_takes_come_in_several() -> None:
    ref = TableRef(schema_name="public", table_name="orders")
    staged = StagedTable(ref, ORDERS, table(id=[1]).schema)
    small = [Change(staged, [Step("SELECT 1")])] * (MOST_TABLES + 1)
    large = [Change(staged, [Step("x" * 500_000)])] * 3

    assert [len(part) for part in _parted(small)] == [MOST_TABLES, 1]
    assert [len(part) for part in _parted(large)] == [1, 1, 1]
    assert _parted([]) == [[]]


def test_what_an_earlier_transaction_of_the_run_brought_is_left(
    destination: BigQuery, monkeypatch: pytest.MonkeyPatch, run_id: str
) -> None:
    monkeypatch.setattr("headrace.destinations.bigquery_publish.MOST_TABLES", 1)
    names = ["orders", "items", "parts"]
    tables = tuple(stage(destination, run_id, table(id=[1]), name) for name in names)
    publication = Publication("m1", "s1", run_id, tables, follows={})
    script, sent = destination._jobs.script, []

    def dying(doing: str, *of: object) -> object:
        sent.append(doing)
        if sent.count("publish") == 2:
            raise KeyboardInterrupt
        return script(doing, *of)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(destination._jobs, "script", dying)
        with pytest.raises(KeyboardInterrupt):
            destination.publish(publication)
    assert [destination.count(each.target) for each in tables] == [1, 0, 0]

    destination.publish(publication)

    assert [destination.count(each.target) for each in tables] == [1, 1, 1]
    assert {c.run_id for c in destination.checkpoints("m1", "s1")} == {run_id}
