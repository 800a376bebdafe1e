"""Rows that BigQuery has loaded are held against the source's digests, before anybody sees them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pyarrow as pa

from headrace.destinations import StagedTable, Target
from headrace.destinations.bigquery_sql import Jobs, Query
from headrace.destinations.verified import (
    check_loaded,
    check_told,
    expected_digests,
    verified_columns,
)
from headrace.digests import Digest
from headrace.googlesql.canonical import canonical, hashed
from headrace.googlesql.identifiers import quoted

# SQL has at most a million characters, of which a column may take some thousands.
MOST_COLUMNS = 100

# NUMERIC has room for the hashes of 80 billion rows.
_TOLD = "COUNT({name}), IFNULL(SUM(CAST({name} AS NUMERIC)), 0)"
_OF_EMPTY = int(hashlib.md5(b"", usedforsecurity=False).hexdigest()[:15], 16)


def check_digests(jobs: Jobs, table: StagedTable, staged: Target) -> None:
    """Hold all that is staged for a table, and loaded there, against what the source says of it.

    Files are not told apart any more, so it is the column alone that is named. Raises
    DIGESTS_DISAGREE.
    """
    check_told(table)
    columns = list(verified_columns(table).items())
    if not columns:
        return
    found: dict[str, Digest] = {}
    for first in range(0, len(columns), MOST_COLUMNS):
        found |= _digests(jobs, staged, dict(columns[first : first + MOST_COLUMNS]))
    expected = expected_digests(table)
    for name, kind in columns:
        if pa.types.is_list(kind):
            found[name] = _with_empty(found[name], expected[name], table.rows)
    check_loaded(table, found)


def _digests(
    jobs: Jobs, staged: Target, columns: Mapping[str, pa.DataType]
) -> Mapping[str, Digest]:
    hashes = ", ".join(
        f"{hashed(canonical(quoted(name), kind))} AS c{number}"
        for number, (name, kind) in enumerate(columns.items())
    )
    told = ", ".join(_TOLD.format(name=f"c{number}") for number in range(len(columns)))
    sql = f"SELECT {told} FROM (SELECT {hashes} FROM {jobs.name(staged)})"  # noqa: S608
    (row,) = jobs.rows(f"compute the digests of table {staged}", Query(sql))
    return {
        name: Digest(values=values, total=int(total))
        for name, values, total in zip(columns, row[::2], row[1::2], strict=True)
    }


def _with_empty(found: Digest, expected: Digest, rows: int) -> Digest:
    """With as many empty lists as the source has: here they are the same as none at all."""
    empty = expected.values - found.values
    if not 0 <= empty <= rows - found.values:
        return found
    return found + Digest(values=empty, total=empty * _OF_EMPTY)
