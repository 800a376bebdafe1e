"""What only BigQuery can do to us, and what is sent where its emulator is known to be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from devservers.google.bigquery_server import BigqueryServer
from devservers.google.gcs_server import GcsServer
from headrace.destinations import Increment, Publication, StagedTable, Target
from headrace.destinations.bigquery import BigQuery, emulated
from headrace.destinations.bigquery_publish import MOST_TABLES, Change, _parted
from headrace.destinations.bigquery_sql import Step
from headrace.destinations.gcs_staging import open_staging
from headrace.errors import (
    CHECKPOINT_MOVED,
    COLUMN_NAME_REFUSED,
    DESTINATION_BUSY,
    DESTINATION_CONFLICT,
    DESTINATION_FORBIDDEN,
    DESTINATION_UNAVAILABLE,
    DESTINATION_UNREADABLE,
    LAYOUT_NOT_POSSIBLE,
    ROWS_DISAGREE,
    VALUE_NOT_CARRIED,
    HeadraceError,
    Kind,
)
from headrace.google_calls import Patience, place
from headrace.googlesql.identifiers import literal, quoted
from headrace.ids import new_id
from headrace.layout import Granularity, Layout, Partitioning
from headrace.model import Window
from headrace.tables import TableRef
from tests.destinations.bigquery_wire import Wire, emptied, failed, refused, with_fields
from tests.destinations.cloud import OWN, CloudPlace, cloud_place
from tests.destinations.gcs_wire import Fault, lost, unreachable
from tests.destinations.staging import bring, publish, stage, table

ORDERS = Target("shop", "orders")
PATIENT = Patience(attempt=60.0, all=60.0)
HASTY = Patience(attempt=20.0, all=0.3)


@pytest.fixture
def cloud(bigquery_server: BigqueryServer, gcs_server: GcsServer) -> CloudPlace:
    return cloud_place(bigquery_server, gcs_server)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def destination(cloud: CloudPlace, wire: Wire) -> Iterator[BigQuery]:
    with closing(opened(cloud, wire)) as destination:
        yield destination


def opened(cloud: CloudPlace, wire: Wire, patience: Patience = PATIENT) -> BigQuery:
    client = emulated(cloud.project, cloud.address)
    client._http.mount("http://", wire)
    staging = open_staging(place(cloud.url, "staging", "location", "storage_emulator"))
    return BigQuery(client, OWN, staging, location="US", patience=patience)


def increment(staged: StagedTable, after: str | None, upto: str, *key: str) -> StagedTable:
    window = Window(cursor=("id",), after=after, read_after=after, upto=upto)
    return replace(staged, increment=Increment(window, key))


def sql(cloud: CloudPlace, text: str) -> list[tuple[object, ...]]:
    client = emulated(cloud.project, cloud.address)
    return [row.values() for row in client.query_and_wait(text)]


def names_of(wire: Wire, kind: str) -> list[str]:
    """The names of the jobs of that kind that were sent."""
    jobs = [*wire.jobs("load"), *wire.jobs("query")]
    names = [str(job["jobReference"]["jobId"]) for job in jobs]
    return [name for name in names if name.startswith(f"headrace_{kind}_")]


def position(destination: BigQuery) -> str | None:
    (checkpoint,) = destination.checkpoints("m1", "s1")
    return checkpoint.position


def test_a_table_is_loaded_by_one_job_with_its_schema(
    destination: BigQuery, wire: Wire, cloud: CloudPlace
) -> None:
    """The emulator cuts BIGNUMERIC, and knows nothing of the options."""
    content = pa.table(
        {
            "big": pa.array([Decimal("0.1"), None], pa.decimal128(38, 20)),
            "small": pa.array([Decimal("0.1"), None], pa.decimal128(12, 2)),
            "listed": pa.array([[Decimal("0.1")], None], pa.list_(pa.decimal128(38, 2))),
            "local": pa.array([0, 1], pa.timestamp("us")),
            "moment": pa.array([0, 1], pa.timestamp("us", tz="UTC")),
            "raw": pa.array([b"\xff", None], pa.binary()),
        }
    )

    bring(destination, content)

    (job,) = wire.jobs("load")
    load = job["configuration"]["load"]
    assert len(load["sourceUris"]) == 2
    assert all(uri.startswith(f"gs://{cloud.project}/runs/") for uri in load["sourceUris"])
    fields = {field["name"]: field for field in load["schema"]["fields"]}
    assert {name: field["type"] for name, field in fields.items()} == {
        **{"big": "BIGNUMERIC", "small": "NUMERIC", "listed": "BIGNUMERIC"},
        **{"local": "DATETIME", "moment": "TIMESTAMP", "raw": "BYTES"},
    }
    assert (fields["big"]["precision"], fields["big"]["scale"]) == (38, 20)
    assert (fields["small"]["precision"], fields["small"]["scale"]) == (12, 2)
    assert [name for name, field in fields.items() if field.get("mode") == "REPEATED"] == ["listed"]
    assert load["sourceFormat"] == "PARQUET"
    assert load["writeDisposition"] == "WRITE_EMPTY"
    assert load["createDisposition"] == "CREATE_NEVER"
    assert load["autodetect"] is False
    assert load["columnNameCharacterMap"] == "STRICT"
    assert load["parquetOptions"] == {"enableListInference": True}
    assert load["destinationTable"]["datasetId"] == OWN
    assert job["jobReference"]["jobId"].startswith("headrace_load_")


@pytest.mark.parametrize("kind", ["load", "publish"])
def test_a_job_that_was_sent_and_not_seen_is_found_again(
    destination: BigQuery, wire: Wire, cloud: CloudPlace, kind: str
) -> None:
    wire.fail("POST", f"headrace_{kind}", lost, lost)
    wire.fail("GET", "/queries/headrace_publish", lost)

    bring(destination, table(id=[1, 2, 3]))

    assert destination.count(ORDERS) == 3
    names = names_of(wire, kind)
    assert len(names) >= 3
    assert len(set(names)) == 1
    assert sql(cloud, f"SELECT COUNT(*) FROM {OWN}.runs") == [(1,)]


def test_a_run_that_died_before_it_published_loads_nothing_again(
    destination: BigQuery, wire: Wire, cloud: CloudPlace, run_id: str
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    staged = stage(destination, run_id, table(id=[1, 2, 3]))
    wire.fail("POST", "headrace_publish", die)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        publish(destination, staged, run_id=run_id)
    assert destination.count(ORDERS) == 0
    assert destination.checkpoints("m1", "s1") == []

    other = Wire()
    with closing(opened(cloud, other)) as next_process:
        publish(next_process, staged, run_id=run_id)
        next_process.discard(run_id)

    first, second = wire.jobs("load")[0], other.jobs("load")[0]
    assert first["jobReference"]["jobId"] == second["jobReference"]["jobId"]
    loads = emulated(cloud.project, cloud.address).list_jobs(all_users=True)
    assert [job.job_type for job in loads].count("load") == 1
    assert destination.count(ORDERS) == 3
    assert sql(cloud, f"SELECT COUNT(*) FROM {OWN}.__TABLES__ WHERE table_id LIKE '%load%'") == [
        (0,)
    ]


@pytest.mark.parametrize(
    "fault",
    [
        unreachable,
        refused(503, "backendError"),
        refused(429, "rateLimitExceeded"),
        refused(403, "rateLimitExceeded"),
        refused(500, "internalError"),
    ],
)
def test_what_may_help_is_tried_again(destination: BigQuery, wire: Wire, fault: Fault) -> None:
    wire.fail("POST", "/queries", fault)
    wire.fail("POST", "/jobs", fault)
    wire.fail("GET", "/tables/", fault)

    bring(destination, table(id=[1]))

    assert destination.count(ORDERS) == 1


@pytest.mark.parametrize("kind", ["publish", "change"])
@pytest.mark.parametrize("reason", ["invalidQuery", "backendError"])
def test_a_change_in_whose_way_another_was_is_sent_anew(
    destination: BigQuery, wire: Wire, kind: str, reason: str
) -> None:
    """BigQuery says of it no more than of SQL that is wrong."""
    wire.fail("POST", f"headrace_{kind}", failed(reason))

    bring(destination, table(id=[1]))

    assert destination.count(ORDERS) == 1
    first, second = names_of(wire, kind)
    assert (first.endswith("_1"), second) == (True, first[:-1] + "2")


def test_a_query_runs_on_while_nobody_tells_of_it(destination: BigQuery, wire: Wire) -> None:
    bring(destination, table(id=[1, 2]))
    wire.sent.clear()
    wire.fail("POST", "/queries", with_fields(jobComplete=False))
    running = with_fields(status={"state": "RUNNING"})
    wire.fail("GET", "/jobs/", running, refused(503, "backendError"), unreachable)

    assert destination.count(ORDERS) == 2

    # Neither sent anew nor cancelled.
    assert [request.method for request in wire.sent].count("POST") == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (refused(403, "accessDenied"), DESTINATION_FORBIDDEN),
        (refused(401, "authError"), DESTINATION_FORBIDDEN),
        (refused(403, "quotaExceeded"), DESTINATION_BUSY),
        (refused(503, "backendError"), DESTINATION_UNAVAILABLE),
        (unreachable, DESTINATION_UNAVAILABLE),
        (refused(400, "invalidQuery"), DESTINATION_UNREADABLE),
    ],
)
def test_what_does_not_help_is_told_apart(
    cloud: CloudPlace, wire: Wire, fault: Fault, kind: Kind
) -> None:
    wire.fail("POST", "/queries", *[fault] * 50)
    with closing(opened(cloud, wire, HASTY)) as destination:
        for ask in (
            lambda: destination.checkpoints("m1", "s1"),
            lambda: destination.check("m1", "s1", []),
        ):
            with pytest.raises(HeadraceError) as raised:
                ask()
            assert raised.value.kind is kind
            assert "s3cret" not in raised.value.detail
            assert cloud.project in raised.value.detail


def test_a_job_that_may_not_run_is_not_sent_again(
    destination: BigQuery, wire: Wire, run_id: str
) -> None:
    staged = stage(destination, run_id, table(id=[1]))
    wire.fail("POST", "headrace_load", failed("accessDenied"), failed("invalid"))

    for kind in (DESTINATION_FORBIDDEN, VALUE_NOT_CARRIED):
        with pytest.raises(HeadraceError) as raised:
            publish(destination, staged, run_id=run_id)
        assert raised.value.kind is kind
    publish(destination, staged, run_id=run_id)

    assert len(wire.jobs("load")) == 3
    assert destination.count(ORDERS) == 1


def test_a_run_that_staged_anew_does_not_get_the_answer_to_what_it_staged_before(
    destination: BigQuery, run_id: str
) -> None:
    bring(destination, table(id=[0]))
    staged = stage(destination, run_id, table(id=[1, 2]))
    steps = [Step("SELECT 1"), Step("INSERT INTO shop.orders (id) VALUES (7)", 2)]
    state = destination._checkpoints.read(("m1", "s1"))
    publication = Publication("m1", "s1", run_id, (staged,))
    with pytest.raises(HeadraceError) as raised:
        destination._publisher.commit(publication, state, [Change(staged, steps)])
    assert raised.value.kind is ROWS_DISAGREE

    publish(destination, staged, run_id=run_id)

    assert destination.count(ORDERS) == 2


@pytest.mark.parametrize(
    "keys",
    [
        pa.array([None, 0, 1], pa.int64()),
        pa.array([None, "", "a"]),
        pa.array([None, b"", b"\xff"]),
        pa.array([None, float("nan"), 0.0]),
        pa.array([None, Decimal(0), Decimal("0.1")], pa.decimal128(12, 2)),
        pa.array([None, 0, 1], pa.timestamp("us", tz="UTC")),
        pa.array([None, 0, 1], pa.date32()),
    ],
    ids=lambda keys: str(keys.type),
)
def test_rows_whose_key_is_missing_are_replaced_by_equalities(
    destination: BigQuery, wire: Wire, cloud: CloudPlace, keys: pa.Array
) -> None:
    """BigQuery joins by nothing else; each of the keys is another one."""
    for after, number, size in ((None, 1, 3), ("1", 2, 2)):
        run_id = new_id()
        content = pa.table({"k": keys.slice(0, size), "n": [number] * size})
        staged = increment(stage(destination, run_id, content), after, str(number), "k")
        publish(destination, staged, run_id=run_id)

    found = sql(cloud, "SELECT k IS NULL, n FROM shop.orders ORDER BY n, 1")
    assert found == [(False, 1), (False, 2), (True, 2)]
    scripts = [str(job["configuration"]["query"]["query"]) for job in wire.jobs("query")]
    assert not any("IS NOT DISTINCT" in script for script in scripts)


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
