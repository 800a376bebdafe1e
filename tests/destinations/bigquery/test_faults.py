"""What BigQuery refuses is told apart, and no earlier answer is taken for a new one."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal

import pyarrow as pa
import pytest

from headrace.destinations import Publication
from headrace.destinations.bigquery import BigQuery
from headrace.destinations.bigquery_publish import Change
from headrace.destinations.bigquery_sql import Step
from headrace.errors import (
    DESTINATION_BUSY,
    DESTINATION_FORBIDDEN,
    DESTINATION_UNAVAILABLE,
    DESTINATION_UNREADABLE,
    ROWS_DISAGREE,
    VALUE_NOT_CARRIED,
    HeadraceError,
    Kind,
)
from headrace.ids import new_id
from tests.destinations.bigquery.scene import HASTY, ORDERS, increment, opened, sql
from tests.destinations.bigquery_wire import Wire, failed, refused
from tests.destinations.cloud import CloudPlace
from tests.destinations.gcs_wire import Fault, unreachable
from tests.destinations.staging import bring, publish, stage, table


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
