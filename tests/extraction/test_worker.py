"""Staging one table."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem

from headrace.destinations import Staging
from headrace.errors import DESTINATION_FULL, DESTINATION_UNAVAILABLE, ROWS_DISAGREE, HeadraceError
from headrace.extraction import parquet
from headrace.extraction.worker import stage
from headrace.model import TableRun, TableState
from tests.extraction.memory import MemoryReader
from tests.limits import file_size_limit

TABLE = TableRun(
    schema_name="public", table_name="orders", dataset="shop", destination_table="orders"
)


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging(LocalFileSystem(), str(tmp_path))


def batches(rows: int, count: int = 1) -> list[pa.RecordBatch]:
    return [
        pa.record_batch({"id": pa.array(range(n * rows, (n + 1) * rows))}) for n in range(count)
    ]


def quiet(table: TableRun) -> None:
    pass


def test_all_rows_are_staged_in_order(staging: Staging) -> None:
    staged = stage(MemoryReader(batches(10, 5)), TABLE, staging, quiet)

    assert staged.rows == 50
    (file,) = staged.files
    assert pq.read_table(file.path)["id"].to_pylist() == list(range(50))
    assert file.bytes == Path(file.path).stat().st_size


def test_no_rows_make_no_file(staging: Staging) -> None:
    staged = stage(MemoryReader(batches(0)), TABLE, staging, quiet)

    assert (staged.rows, staged.files) == (0, ())
    assert staged.schema.names == ["id"]


def test_row_groups_are_bounded(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_ROWS", 20)
    (file,) = stage(MemoryReader(batches(10, 5)), TABLE, staging, quiet).files

    metadata = pq.read_metadata(file.path)
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    assert [group.num_rows for group in groups] == [20, 20, 10]


def test_row_groups_of_large_values_are_bounded(staging: Staging) -> None:
    large = [pa.record_batch({"text": ["x" * parquet.GROUP_BYTES]}) for _ in range(3)]
    (file,) = stage(MemoryReader(large), TABLE, staging, quiet).files

    assert pq.read_metadata(file.path).num_row_groups == 3


def test_files_are_bounded(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_ROWS", 10)
    monkeypatch.setattr(parquet, "FILE_BYTES", 1)
    staged = stage(MemoryReader(batches(10, 3)), TABLE, staging, quiet)

    assert [file.rows for file in staged.files] == [10, 10, 10]
    assert len({file.path for file in staged.files}) == 3


def test_progress_is_told_after_each_batch(staging: Staging) -> None:
    told: list[TableRun] = []
    stage(MemoryReader(batches(10, 3)), TABLE, staging, told.append)

    assert [(table.rows, table.state) for table in told] == [
        (10, TableState.READING),
        (20, TableState.READING),
        (30, TableState.READING),
        (30, TableState.STAGED),
    ]


def test_the_server_s_number_must_agree(staging: Staging) -> None:
    with pytest.raises(HeadraceError) as raised:
        stage(MemoryReader(batches(10), claimed_more=-1), TABLE, staging, quiet)

    assert raised.value.kind is ROWS_DISAGREE
    assert "public.orders: 10 rows were received, but the server says that it sent 9" in str(
        raised.value
    )


def test_a_full_disk(staging: Staging) -> None:
    noise = [pa.record_batch({"noise": [os.urandom(100_000)]})]
    with file_size_limit(50_000), pytest.raises(HeadraceError) as raised:
        stage(MemoryReader(noise), TABLE, staging, quiet)
    assert raised.value.kind is DESTINATION_FULL


def test_a_staging_place_that_is_gone(staging: Staging) -> None:
    Path(staging.path).rmdir()
    with pytest.raises(HeadraceError) as raised:
        stage(MemoryReader(batches(1)), TABLE, staging, quiet)
    assert raised.value.kind is DESTINATION_UNAVAILABLE
