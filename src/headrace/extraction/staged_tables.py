"""The tables as they are staged: of the chunks that were read, with what is to be said of them."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.destinations import ExpectedDigests, StagedTable
from headrace.extraction.board import Board
from headrace.extraction.chunk_runs import ChunkRun
from headrace.extraction.increments import PlannedRead, source_names
from headrace.model import Source, Verification


def staged(read: PlannedRead, records: Sequence[ChunkRun]) -> StagedTable:
    mine = [record for record in records if record.ref == read.selection.ref]
    files = tuple(file for record in mine for file in record.files)
    expected = tuple(_expected(read, record) for record in mine if record.digests)
    return StagedTable(**vars(read.planned), files=files, expected=expected)


def _expected(read: PlannedRead, record: ChunkRun) -> ExpectedDigests:
    digests = {
        name: record.digests[source_name]
        for name, source_name in source_names(read.planned.schema).items()
        if source_name in record.digests
    }
    return ExpectedDigests(record.described, tuple(f.path for f in record.files), digests)


def warn_of_snapshots(board: Board, records: Sequence[ChunkRun]) -> None:
    for table in dict.fromkeys(record.ref for record in records):
        seen = {record.snapshot for record in records if record.ref == table}
        if len(seen) > 1:
            board.warn(
                f"Table {table} was read from {len(seen)} snapshots, which the database began one "
                "after another: rows that were changed in between may be of either."
            )


def warn_of_digests(board: Board, source: Source, table: StagedTable) -> None:
    if source.verify is not Verification.DIGEST or not table.expected:
        return
    lacking = set(table.schema.names) - set(table.expected[0].digests)
    if lacking:
        board.warn(
            f"Table {table.source_table}: the values of {', '.join(sorted(lacking))} were not "
            "held against the source's, which has no digest of them."
        )
