"""Writes record batches into staged Parquet files, holding one row group in memory."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headrace.destinations import StagedFile, Staging
from headrace.destinations.disk import disk_errors
from headrace.errors import VALUE_TOO_LARGE, HeadraceError

# A row group is written as soon as it reaches either measure, a file is ended beyond its own.
GROUP_ROWS = 131_072
GROUP_BYTES = 12 * 1024 * 1024
FILE_BYTES = 1024 * 1024 * 1024

# A dictionary pays, in time and in size, for columns in whose first rows less than this share of
# the values are distinct; measured with both text and numbers.
REPETITIVE = 0.1
SAMPLE_ROWS = 8_192

# Statistics of a column take six copies of its largest value, and say little about values that
# are longer than this on average.
LONG_BYTES = 4096


class FilesWriter:
    """The staged files of one table, `<name>-NNNNN.parquet`.

    A context manager: what is unfinished when it is left is abandoned. Raises DESTINATION_FULL,
    DESTINATION_UNAVAILABLE, what the staging's file system raises, and VALUE_TOO_LARGE if there is
    no memory for what is to be written.
    """

    def __init__(self, staging: Staging, name: str, schema: pa.Schema) -> None:
        self._staging = staging
        self._name = name
        self._what = f"Staging {name}"
        self._schema = schema
        self._group: list[pa.RecordBatch] = []
        self._files: list[StagedFile] = []
        self._sink: pa.NativeFile | None = None
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for part in (self._writer, self._sink):
            if part is not None:
                with suppress(OSError, pa.ArrowException, HeadraceError):
                    part.close()

    def add(self, batch: pa.RecordBatch) -> None:
        if not batch.num_rows:
            return
        self._group.append(batch)
        rows = sum(batch.num_rows for batch in self._group)
        size = sum(batch.nbytes for batch in self._group)
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            self._write_group()

    def finish(self) -> tuple[StagedFile, ...]:
        """Write what is left; the rows are those of the files' footers."""
        self._write_group()
        with disk_errors(self._what):
            self._end_file()
        return tuple(self._files)

    @property
    def _path(self) -> str:
        return f"{self._staging.path}/{self._name}-{len(self._files):05}.parquet"

    def _write_group(self) -> None:
        if not self._group:
            return
        group = pa.Table.from_batches(self._group, self._schema)
        self._group = []
        try:
            with disk_errors(self._what):
                self._write(group)
        except MemoryError as error:
            raise HeadraceError(
                VALUE_TOO_LARGE,
                f"{self._what}: there is no memory to write {group.num_rows} rows of together "
                f"{group.nbytes} bytes.",
            ) from error

    def _write(self, group: pa.Table) -> None:
        if self._writer is None:
            self._sink = self._staging.filesystem.open_output_stream(self._path)
            self._writer = pq.ParquetWriter(
                self._sink,
                self._schema,
                compression="zstd",
                use_dictionary=_repetitive(group),
                write_statistics=_short(group),
                store_decimal_as_integer=True,
                write_page_checksum=True,
            )
        self._writer.write_table(group, row_group_size=group.num_rows)
        if self._sink is not None and self._sink.tell() >= FILE_BYTES:
            self._end_file()

    def _end_file(self) -> None:
        if self._writer is None or self._sink is None:
            return
        self._writer.close()
        self._sink.close()
        self._writer = self._sink = None
        with self._staging.filesystem.open_input_file(self._path) as file:
            rows = pq.read_metadata(file).num_rows
            self._files.append(StagedFile(self._path, rows, file.size()))


def _repetitive(group: pa.Table) -> list[str]:
    """The columns for which a dictionary pays, by the group's first rows."""
    sample = group.slice(0, SAMPLE_ROWS)
    return [
        field.name
        for field, values in zip(sample.schema, sample.columns, strict=True)
        if not pa.types.is_nested(field.type)
        and pc.count_distinct(values).as_py() < REPETITIVE * len(values)
    ]


def _short(group: pa.Table) -> list[str]:
    """The columns, by their paths in Parquet, whose values are short enough for statistics."""
    return [
        f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name
        for field, values in zip(group.schema, group.columns, strict=True)
        if values.nbytes <= LONG_BYTES * len(values)
    ]
