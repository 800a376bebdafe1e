"""Staged and loaded values are held against the digests that the source has told of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add

import pyarrow as pa

from headrace.destinations import StagedTable
from headrace.digests import Digest
from headrace.errors import DIGESTS_DISAGREE, HeadraceError

NOTHING = Digest(values=0, total=0)

# The digests of columns, whose Arrow types are given, of the rows of files.
DigestsOf = Callable[[Sequence[str], Mapping[str, pa.DataType]], Mapping[str, Digest]]


def check_staged(table: StagedTable, digests_of: DigestsOf) -> None:
    """Hold each chunk's files against what the source says of the chunk.

    Raises DIGESTS_DISAGREE, which names the first column that differs.
    """
    check_told(table)
    for chunk in table.expected:
        columns = {name: table.schema.field(name).type for name in chunk.digests}
        found: Mapping[str, Digest] = dict.fromkeys(columns, NOTHING)
        if chunk.paths and columns:
            found = digests_of(chunk.paths, columns)
        _compare(f"Table {table.source_table}, {chunk.chunk}", "staged", chunk.digests, found)


def check_told(table: StagedTable) -> None:
    """Refuse digests that are not of all the files. Raises DIGESTS_DISAGREE."""
    told = sorted(path for chunk in table.expected for path in chunk.paths)
    if table.expected and told != sorted(file.path for file in table.files):
        raise HeadraceError(
            DIGESTS_DISAGREE,
            f"Table {table.source_table}: the source was not asked for the digests of all rows "
            "that were staged.",
        )


def check_loaded(table: StagedTable, found: Mapping[str, Digest]) -> None:
    """Hold the digests of the rows as loaded, of the verified columns, against the source's.

    Raises DIGESTS_DISAGREE, which names the first column that differs.
    """
    _compare(f"Table {table.source_table}", "loaded", expected_digests(table), found)


def expected_digests(table: StagedTable) -> Mapping[str, Digest]:
    """What the source says of all rows, of the verified columns."""
    return {
        name: reduce(add, (chunk.digests[name] for chunk in table.expected))
        for name in verified_columns(table)
    }


def verified_columns(table: StagedTable) -> Mapping[str, pa.DataType]:
    """The columns of which the source has told the digests of all rows."""
    return {
        field.name: field.type
        for field in table.schema
        if table.expected and all(field.name in chunk.digests for chunk in table.expected)
    }


def _compare(
    what: str, done: str, expected: Mapping[str, Digest], found: Mapping[str, Digest]
) -> None:
    for name, digest in expected.items():
        if found[name] != digest:
            raise HeadraceError(
                DIGESTS_DISAGREE,
                f"{what}, column '{name}': the source has {_shown(digest)}, but {done} were "
                f"{_shown(found[name])}.",
            )


def _shown(digest: Digest) -> str:
    return f"{digest.values} values with the digest {digest.total}"
