"""Staged files are checked before anything is published."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSystem, FileType

from headrace.destinations import StagedFile, StagedTable
from headrace.errors import ROWS_DISAGREE, STAGING_CORRUPTED, HeadraceError

# What a field's metadata say of the column that it was.
SOURCE_NAME = b"headrace.source_name"
SOURCE_TYPE = b"headrace.source_type"


def check_file(filesystem: FileSystem, table: StagedTable, file: StagedFile) -> None:
    """Hold a file against its manifest entry: size, footer, columns, number of rows.

    Raises STAGING_CORRUPTED and ROWS_DISAGREE.
    """
    info = filesystem.get_file_info(file.path)
    if info.type is not FileType.File or info.size != file.bytes:
        raise _corrupted(table, "a file is missing or cut off")
    try:
        with filesystem.open_input_file(file.path) as opened:
            parquet = pq.ParquetFile(opened)
            schema, rows = parquet.schema_arrow, parquet.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise _corrupted(table, "a file can't be read back") from error
    if _columns(schema) != _columns(table.schema):
        raise _corrupted(table, "a file holds other columns than were written")
    if rows != file.rows:
        raise HeadraceError(
            ROWS_DISAGREE,
            f"Table {table.source_table}: {file.rows} rows were staged in a file, which holds "
            f"{rows}.",
        )


def check_contents(filesystem: FileSystem, table: StagedTable) -> None:
    """Read all files of a table to the end; for when loading them has failed.

    Raises STAGING_CORRUPTED.
    """
    for file in table.files:
        try:
            with filesystem.open_input_file(file.path) as opened:
                parquet = pq.ParquetFile(opened, page_checksum_verification=True)
                for _ in parquet.iter_batches():
                    pass
        except (pa.ArrowException, OSError) as error:
            raise _corrupted(table, "a file can't be read back") from error


def columns_of(schema: pa.Schema) -> list[dict[str, str]]:
    """The columns and what they were in the source, to be kept beside the table."""
    columns = []
    for field in schema:
        metadata = field.metadata or {}
        columns.append(
            {
                "name": field.name,
                "source_name": metadata.get(SOURCE_NAME, field.name.encode()).decode(),
                "source_type": metadata.get(SOURCE_TYPE, b"").decode(),
                "arrow_type": str(field.type),
            }
        )
    return columns


def _columns(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    """Whoever wrote a file may have seen that no value lacks, and said so in it."""
    return [(field.name, field.type) for field in schema]


def _corrupted(table: StagedTable, why: str) -> HeadraceError:
    return HeadraceError(
        STAGING_CORRUPTED, f"Loading the staged rows of {table.source_table} failed: {why}."
    )
