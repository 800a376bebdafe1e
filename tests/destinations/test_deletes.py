"""What a destination tells of its keys, and what becomes of those that the source has no more."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.buckets import ALL, NAMES, Buckets
from headrace.destinations import (
    DELETED_AT,
    Destination,
    Increment,
    Publication,
    StagedFile,
    StagedTable,
)
from headrace.errors import MODE_NOT_SUPPORTED, ROWS_DISAGREE, HeadraceError
from headrace.ids import new_id
from headrace.model import DetectDeletes, Window
from headrace.tables import Mode
from tests.destinations.staging import Place, of, stage, table
from tests.sources.test_key_buckets import hashed, named, sums, unpacked


def window(after: str | None, upto: str) -> Window:
    return Window(cursor=("n",), after=after, read_after=after, upto=upto)


def merged(
    destination: Destination,
    run_id: str,
    content: pa.Table,
    taken: Window,
    detected: DetectDeletes = DetectDeletes.HARD,
) -> StagedTable:
    staged = stage(destination, run_id, content)
    return replace(staged, increment=Increment(taken, ("id",), detected))


def present(destination: Destination, run_id: str, names: list[bytes]) -> tuple[StagedFile, ...]:
    staging = destination.staging(run_id)
    path = f"{staging.path}/{new_id()}.parquet"
    with staging.filesystem.open_output_stream(path) as file:
        pq.write_table(pa.table({"name": names}, schema=NAMES), file)
    return (StagedFile(path, len(names), 0),)


def content(destination: Destination, run_id: str, file: StagedFile) -> pa.Table:
    with destination.staging(run_id).filesystem.open_input_file(file.path) as opened:
        return pq.read_table(opened)


@of("parquet")
def test_who_can_not_merge_can_not_do_this(destination: Destination, run_id: str) -> None:
    assert Mode.MERGE not in destination.modes
    staged = merged(destination, run_id, table(id=["a"], n=[1]), window("0", "1"))
    for ask in (
        lambda: destination.key_digests(run_id, staged, ALL, 0),
        lambda: destination.stage_deleted(run_id, staged, ALL, ()),
    ):
        with pytest.raises(HeadraceError) as raised:
            ask()
        assert raised.value.kind is MODE_NOT_SUPPORTED


@of("bigquery", "duckdb")
def test_the_keys_are_those_after_the_merge(destination: Destination, run_id: str) -> None:
    rows = table(id=["a", "b", "c", "long " * 9], n=[1, 2, 3, 4])
    first = merged(destination, new_id(), rows, window(None, "4"))
    destination.publish(Publication("m", "s", new_id(), (first,)))
    second = merged(destination, run_id, table(id=["c", "d"], n=[5, 6]), window("4", "6"))

    texts = ["a", "b", "c", "long " * 9, "d"]
    for bits in (0, 3, 9):
        assert unpacked(destination.key_digests(run_id, second, ALL, bits)) == sums(texts, bits)
    one = Buckets(2, (hashed("a") >> 58,))
    inside = [text for text in texts if hashed(text) >> 58 in (one.numbers or ())]
    assert unpacked(destination.key_digests(run_id, second, one, 4)) == sums(inside, 4)

    there = present(destination, run_id, [named("b")])
    (gone,) = destination.stage_deleted(run_id, second, ALL, there)
    # The key of a staged row is not among them.
    names = content(destination, run_id, gone)
    assert sorted(names.column("name").to_pylist()) == sorted([named("a"), named("long " * 9)])
    assert (gone.rows, names.schema) == (2, NAMES)
    everything = present(destination, run_id, [named(text) for text in texts])
    assert destination.stage_deleted(run_id, second, ALL, everything) == ()


@of("bigquery", "duckdb")
@pytest.mark.parametrize("detected", [DetectDeletes.HARD, DetectDeletes.SOFT])
def test_what_is_gone_is_removed_or_marked_with_the_rows_that_are_new(
    destination: Destination, place: Place, run_id: str, detected: DetectDeletes
) -> None:
    rows = table(id=["a", "b", "c"], n=[1, 2, 3])
    first = merged(destination, new_id(), rows, window(None, "3"), detected)
    destination.publish(Publication("m", "s", new_id(), (first,)))
    second = merged(destination, run_id, table(id=["d"], n=[4]), window("3", "4"), detected)
    deleted = destination.stage_deleted(run_id, second, ALL, present(destination, run_id, [b"b"]))
    (gone,) = deleted
    second = replace(second, deleted=deleted)

    too_many = replace(second, deleted=(gone, gone))
    with pytest.raises(HeadraceError) as raised:
        destination.publish(Publication("m", "s", run_id, (too_many,)))
    assert raised.value.kind is ROWS_DISAGREE
    assert place.read(second.target).num_rows == 3

    destination.publish(Publication("m", "s", run_id, (second,)))
    destination.publish(Publication("m", "s", run_id, (second,)))  # does nothing
    found = place.read(second.target)
    if detected is DetectDeletes.HARD:
        assert found.column("id").to_pylist() == ["b", "d"]
        return
    marks = found.column(DELETED_AT).is_null().to_pylist()
    assert dict(zip(found.column("id").to_pylist(), marks, strict=True)) == {
        **{"a": False, "c": False},
        **{"b": True, "d": True},
    }
    # They have no key any more.
    kept = replace(first, files=())
    assert unpacked(destination.key_digests(run_id, kept, ALL, 0)) == sums(["b", "d"], 0)


@of("bigquery", "duckdb")
def test_keys_of_several_columns_are_told_as_they_are_brought_now(
    destination: Destination, run_id: str
) -> None:
    """The table's type is a wider one; what the new one can't hold is not in the source."""
    part = ["x", "y", "x"]
    wide = pa.array([Decimal("1.00"), Decimal("2.50"), Decimal("3.00")], pa.decimal128(10, 2))
    before = pa.table({"id": wide, "part": part, "n": [1, 2, 3]})
    after = pa.table({"id": pa.array([4], pa.int8()), "part": ["x"], "n": [4]})
    first = merged(destination, new_id(), before, window(None, "3"))
    second = merged(destination, run_id, after, window("3", "4"))
    first, second = (
        replace(staged, increment=replace(staged.increment, key=("id", "part")))  # type: ignore[type-var]
        for staged in (first, second)
    )
    destination.publish(Publication("m", "s", new_id(), (first,)))

    there = present(destination, run_id, [named("1:1,1:x")])
    deleted = destination.stage_deleted(run_id, second, ALL, there)
    destination.publish(Publication("m", "s", run_id, (replace(second, deleted=deleted),)))

    (gone,) = deleted
    names = set(content(destination, run_id, gone).column("name").to_pylist())
    assert named("1:3,1:x") in names
    (other,) = names - {named("1:3,1:x")}
    assert b":!2.5" in other
    assert destination.count(second.target) == 2


@of("duckdb")
def test_names_may_be_told_to_lack_nowhere(destination: Destination, run_id: str) -> None:
    first = merged(destination, new_id(), table(id=["a", "b"], n=[1, 2]), window(None, "2"))
    destination.publish(Publication("model", "source", new_id(), (first,)))
    staged = merged(destination, run_id, table(id=["c"], n=[3]), window("2", "3"))
    (gone,) = destination.stage_deleted(run_id, staged, ALL, present(destination, run_id, [b"b"]))
    names = pq.read_table(gone.path)
    certain = pa.schema([pa.field("name", pa.binary(), nullable=False)])
    pq.write_table(names.cast(certain), gone.path)
    gone = replace(gone, bytes=Path(gone.path).stat().st_size)
    destination.publish(Publication("model", "source", run_id, (replace(staged, deleted=(gone,)),)))
    assert destination.count(staged.target) == 2  # b and c
