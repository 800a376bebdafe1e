"""What is sent to BigQuery, and what is sent again or found when an answer was lost."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal

import pyarrow as pa
import pytest

from headrace.destinations.bigquery import BigQuery, emulated
from tests.destinations.bigquery.scene import ORDERS, names_of, opened, sql
from tests.destinations.bigquery_wire import Wire, failed, refused, with_fields
from tests.destinations.cloud import OWN, CloudPlace
from tests.destinations.gcs_wire import Fault, lost, unreachable
from tests.destinations.staging import bring, publish, stage, table


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
