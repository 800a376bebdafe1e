"""Digests of a Parquet directory's files, computed by a DuckDB in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing

import duckdb
import pyarrow as pa
from pyarrow.fs import LocalFileSystem

from headrace.destinations import StagedTable
from headrace.destinations.duckdb import MEMORY_LIMITS, OPTIONS
from headrace.destinations.duckdb_digests import staged_digests
from headrace.destinations.staged import check_contents
from headrace.digests import Digest
from headrace.errors import DESTINATION_UNAVAILABLE, HeadraceError


def file_digests(
    table: StagedTable, files: Sequence[str], columns: Mapping[str, pa.DataType]
) -> Mapping[str, Digest]:
    """The digests of columns of the table's files, wherever these lie now.

    Raises STAGING_CORRUPTED, DESTINATION_UNAVAILABLE.
    """
    *limits, last_limit = MEMORY_LIMITS
    try:
        for limit in limits:
            try:
                return _digests(limit, files, columns)
            except duckdb.OutOfMemoryException:
                continue
        return _digests(last_limit, files, columns)
    except duckdb.Error as error:
        check_contents(LocalFileSystem(), table)
        raise HeadraceError(
            DESTINATION_UNAVAILABLE,
            f"Computing the digests of {table.source_table} failed ({type(error).__name__}).",
        ) from error


def _digests(
    limit: str, files: Sequence[str], columns: Mapping[str, pa.DataType]
) -> Mapping[str, Digest]:
    options = {**OPTIONS, "memory_limit": limit, "temp_directory": ""}
    with closing(duckdb.connect(config=options)) as connection:
        return staged_digests(connection, files, columns)
