"""Staging one chunk."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem

from headrace.destinations import PlannedTable, Staging, Target
from headrace.errors import (
    DESTINATION_FULL,
    DESTINATION_UNAVAILABLE,
    ROWS_DISAGREE,
    TABLE_CHANGED,
    HeadraceError,
)
from headrace.extraction import parquet
from headrace.extraction.column_names import told_apart
from headrace.extraction.worker import Figures, Report, StagedChunk, stage
from headrace.tables import TableRef
from tests.extraction.memory import MemoryReader
from tests.limits import file_size_limit

Place = tuple[Staging, str]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Staging(LocalFileSystem(), str(tmp_path)), "shop.orders-000000"


def batches(rows: int, count: int = 1) -> list[pa.RecordBatch]:
    return [
        pa.record_batch({"id": pa.array(range(n * rows, (n + 1) * rows))}) for n in range(count)
    ]


def quiet(figures: Figures) -> None:
    pass


def bring(reader: MemoryReader, place: Place, report: Report = quiet) -> StagedChunk:
    orders = TableRef(schema_name="public", table_name="orders")
    table = PlannedTable(orders, Target("shop", "orders"), told_apart(reader.schema))
    return stage(reader, table, place, report)


def test_all_rows_are_staged_in_order(place: Place) -> None:
    staged = bring(MemoryReader(batches(10, 5)), place)

    assert staged.figures.rows == 50
    (file,) = staged.files
    assert pq.read_table(file.path)["id"].to_pylist() == list(range(50))
    assert file.bytes == Path(file.path).stat().st_size


def test_no_rows_make_no_file(place: Place) -> None:
    staged = bring(MemoryReader(batches(0)), place)

    assert (staged.figures.rows, staged.files) == (0, ())


def test_row_groups_are_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_ROWS", 20)
    (file,) = bring(MemoryReader(batches(10, 5)), place).files

    metadata = pq.read_metadata(file.path)
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    assert [group.num_rows for group in groups] == [20, 20, 10]


def test_row_groups_of_large_values_are_bounded(place: Place) -> None:
    large = [pa.record_batch({"text": ["x" * parquet.GROUP_BYTES]}) for _ in range(3)]
    (file,) = bring(MemoryReader(large), place).files

    assert pq.read_metadata(file.path).num_row_groups == 3


def test_files_are_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_ROWS", 10)
    monkeypatch.setattr(parquet, "FILE_BYTES", 1)
    staged = bring(MemoryReader(batches(10, 3)), place)

    assert [file.rows for file in staged.files] == [10, 10, 10]
    assert len({file.path for file in staged.files}) == 3


def test_progress_is_told_after_each_batch(place: Place) -> None:
    told: list[Figures] = []
    bring(MemoryReader(batches(10, 3)), place, told.append)

    assert [figures.rows for figures in told] == [10, 20, 30]


def test_a_table_whose_columns_have_changed(place: Place) -> None:
    orders = TableRef(schema_name="public", table_name="orders")
    table = PlannedTable(orders, Target("shop", "orders"), pa.schema([("id", pa.string())]))
    with pytest.raises(HeadraceError) as raised:
        stage(MemoryReader(batches(1)), table, place, quiet)
    assert raised.value.kind is TABLE_CHANGED


def test_the_server_s_number_must_agree(place: Place) -> None:
    with pytest.raises(HeadraceError) as raised:
        bring(MemoryReader(batches(10), claimed_more=-1), place)

    assert raised.value.kind is ROWS_DISAGREE
    assert "public.orders: 10 rows were received, but the server says that it sent 9" in str(
        raised.value
    )


def test_a_full_disk(place: Place) -> None:
    noise = [pa.record_batch({"noise": [os.urandom(100_000)]})]
    with file_size_limit(50_000), pytest.raises(HeadraceError) as raised:
        bring(MemoryReader(noise), place)
    assert raised.value.kind is DESTINATION_FULL


def test_a_staging_place_that_is_gone(place: Place) -> None:
    Path(place[0].path).rmdir()
    with pytest.raises(HeadraceError) as raised:
        bring(MemoryReader(batches(1)), place)
    assert raised.value.kind is DESTINATION_UNAVAILABLE
