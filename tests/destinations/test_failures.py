"""What fails leaves the destination as it was, and says why."""

from __future__ import annotations

import os
from dataclasses import replace

import pyarrow as pa
import pytest

from headrace.destinations import Destination, StagedFile, StagedTable, Target
from headrace.errors import (
    DESTINATION_CONFLICT,
    DESTINATION_FULL,
    ROWS_DISAGREE,
    STAGING_CORRUPTED,
    HeadraceError,
    Kind,
)
from tests.destinations.staging import (
    LOCAL_SCHEMES,
    Place,
    bring,
    cut,
    of,
    publish,
    stage,
    table,
)
from tests.limits import file_size_limit

ORDERS = Target("shop", "orders")
OLD = [{"id": 1, "name": "old"}]


@pytest.fixture
def old(destination: Destination) -> None:
    bring(destination, table(id=[1], name=["old"]))


def refused(
    place: Place, kind: Kind, *tables: StagedTable, run_id: str, source: str = "s1"
) -> HeadraceError:
    """Publish, which must be refused and change nothing; returns the refusal."""
    destination = place.open()
    before = destination.checkpoints("m1", "s1")
    with pytest.raises(HeadraceError) as raised:
        publish(destination, *tables, run_id=run_id, source=source)
    assert raised.value.kind is kind, raised.value
    assert place.read(ORDERS).to_pylist() == OLD
    assert destination.checkpoints("m1", "s1") == before
    assert destination.count(ORDERS) == 1
    return raised.value


def claiming(staged: StagedTable, first: StagedFile) -> StagedTable:
    """The table with another manifest entry for its first file."""
    return replace(staged, files=(first, *staged.files[1:]))


def test_other_rows_than_staged(
    place: Place, destination: Destination, old: None, run_id: str
) -> None:
    staged = stage(destination, run_id, table(id=[1, 2, 3]))

    error = refused(
        place, ROWS_DISAGREE, claiming(staged, replace(staged.files[0], rows=7)), run_id=run_id
    )

    assert "public.orders: 7 rows" in error.detail


@pytest.mark.parametrize("size", [0, 4, 200])
def test_a_cut_file(
    place: Place, destination: Destination, old: None, run_id: str, size: int
) -> None:
    staged = stage(destination, run_id, table(id=[1, 2, 3]))
    cut(destination, run_id, staged.files[0].path, size)

    refused(place, STAGING_CORRUPTED, staged, run_id=run_id)
    refused(
        place,
        STAGING_CORRUPTED,
        claiming(staged, replace(staged.files[0], bytes=size)),
        run_id=run_id,
    )


def test_a_missing_file(place: Place, destination: Destination, old: None, run_id: str) -> None:
    staged = stage(destination, run_id, table(id=[1, 2, 3]))
    cut(destination, run_id, staged.files[0].path, None)

    refused(place, STAGING_CORRUPTED, staged, run_id=run_id)


def test_a_file_with_other_columns(
    place: Place, destination: Destination, old: None, run_id: str
) -> None:
    staged = stage(destination, run_id, table(id=[1, 2, 3]))
    other = replace(staged, schema=pa.schema([("id", pa.string())]))

    refused(place, STAGING_CORRUPTED, other, run_id=run_id)


def test_one_bad_table_holds_all_back(
    place: Place, destination: Destination, old: None, run_id: str
) -> None:
    good = stage(destination, run_id, table(id=[5, 6]))
    items = stage(destination, run_id, table(id=[1]), "items")
    bad = claiming(items, replace(items.files[0], rows=2))

    refused(place, ROWS_DISAGREE, good, bad, run_id=run_id)

    assert destination.count(bad.target) is None


def test_a_table_of_another_source(
    place: Place, destination: Destination, old: None, run_id: str
) -> None:
    staged = stage(destination, run_id, table(id=[1, 2]))

    error = refused(place, DESTINATION_CONFLICT, staged, run_id=run_id, source="s2")

    assert "shop.orders belongs to source 's1'" in error.detail
    upper = replace(staged, target=Target("SHOP", "Orders"))
    refused(place, DESTINATION_CONFLICT, upper, run_id=run_id, source="s2")


def test_two_tables_for_one_place(
    place: Place, destination: Destination, old: None, run_id: str
) -> None:
    first = stage(destination, run_id, table(id=[1]), "first")
    second = replace(
        stage(destination, run_id, table(id=[2]), "second"), target=Target("shop", "First")
    )

    refused(place, DESTINATION_CONFLICT, first, second, run_id=run_id)


def test_the_place_of_headrace_itself(
    place: Place, destination: Destination, old: None, run_id: str
) -> None:
    staged = stage(destination, run_id, table(id=[1]))
    own = replace(staged, target=Target("_headrace", "runs"))

    refused(place, DESTINATION_CONFLICT, own, run_id=run_id)


@of(*LOCAL_SCHEMES)
def test_a_full_disk(place: Place, destination: Destination, old: None, run_id: str) -> None:
    noise = [os.urandom(1000) for _ in range(2000)]
    staged = stage(destination, run_id, pa.table({"noise": noise}))

    # Neither the DuckDB file nor the manifest can be written any more.
    with file_size_limit(200), pytest.raises(HeadraceError) as full:
        publish(destination, staged, run_id=run_id)

    assert full.value.kind is DESTINATION_FULL
    assert place.read(ORDERS).to_pylist() == OLD
    publish(destination, staged, run_id=run_id)
    assert destination.count(ORDERS) == 2000
