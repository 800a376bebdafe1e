"""How staged Parquet files are written."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import LocalFileSystem

from headrace.destinations import Staging
from headrace.extraction.parquet import FilesWriter


def written(directory: Path, batch: pa.RecordBatch) -> dict[str, Any]:
    """What the file says of each column's first chunk."""
    with FilesWriter(Staging(LocalFileSystem(), str(directory)), "t", batch.schema) as writer:
        writer.add(batch)
        (file,) = writer.finish()
    group = pq.read_metadata(file.path).row_group(0)
    chunks = [group.column(number) for number in range(group.num_columns)]
    return {chunk.path_in_schema: chunk for chunk in chunks}


def test_repetitive_columns_have_a_dictionary(tmp_path: Path) -> None:
    batch = pa.record_batch(
        {
            "key": list(range(1000)),
            "name": [f"name {n}" for n in range(1000)],
            "state": ["open", "paid"] * 500,
            "rate": [n % 7 for n in range(1000)],
            "nothing": pa.nulls(1000, pa.string()),
            "tags": [["a"]] * 1000,
        }
    )
    chunks = written(tmp_path, batch)
    with_dictionary = [name for name in chunks if "RLE_DICTIONARY" in chunks[name].encodings]
    assert with_dictionary == ["state", "rate", "nothing"]


def test_columns_are_compressed_and_have_statistics(tmp_path: Path) -> None:
    chunk = written(tmp_path, pa.record_batch({"n": [3, None, 1]}))["n"]
    assert chunk.compression == "ZSTD"
    assert (chunk.statistics.min, chunk.statistics.max, chunk.statistics.null_count) == (1, 3, 1)


def test_long_values_have_no_statistics(tmp_path: Path) -> None:
    batch = pa.record_batch(
        {
            "key": list(range(3)),
            "short": ["x" * 100] * 3,
            "long": ["x" * 10_000] * 3,
            "short.list": [["x"]] * 3,
            "long list": [["x" * 10_000]] * 3,
        }
    )
    chunks = written(tmp_path, batch)
    with_statistics = [name for name, chunk in chunks.items() if chunk.is_stats_set]
    assert with_statistics == ["key", "short", "short.list.list.element"]


# The kernel's own figure for this program alone.
STAGING = """
import re, sys, tempfile
import pyarrow as pa
from pyarrow.fs import LocalFileSystem
from headrace.destinations import Staging
from headrace.extraction.parquet import FilesWriter

def peak():
    status = open("/proc/self/status").read()
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", status)[1]) * 1024

with tempfile.TemporaryDirectory() as directory:
    batch = pa.record_batch({"a": pa.array([bytes(100_000_000)])})
    before = peak()
    with FilesWriter(Staging(LocalFileSystem(), directory), "t", batch.schema) as writer:
        writer.add(batch)
        writer.finish()
    print(peak() - before)
"""


def test_a_large_value_is_not_copied_many_times() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STAGING], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 400_000_000


def test_decimals_are_integers_where_they_fit(tmp_path: Path) -> None:
    precisions = {"small": 9, "middle": 18, "wide": 38}
    batch = pa.record_batch(
        [pa.array([Decimal("-1.5")], pa.decimal128(digits, 1)) for digits in precisions.values()],
        names=list(precisions),
    )
    chunks = written(tmp_path, batch)
    physical = [chunks[name].physical_type for name in precisions]
    assert physical == ["INT32", "INT64", "FIXED_LEN_BYTE_ARRAY"]
