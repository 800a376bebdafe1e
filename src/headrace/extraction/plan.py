"""What a run will take, before it takes it; and how a later attempt at it keeps to that."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import pyarrow as pa

from headrace import naming
from headrace.chunks import Chunk
from headrace.connections import identity
from headrace.destinations import Checkpoint, Target
from headrace.documents import Documents
from headrace.errors import DOCUMENTS_UNREADABLE, RUN_NOT_RESUMABLE, HeadraceError
from headrace.extraction.chunk_runs import ChunkRun, ChunkState
from headrace.extraction.increments import PlannedRead
from headrace.identity import Identity
from headrace.model import Plan, Run, Source, TableRun, Window
from headrace.records import Runs
from headrace.sources import Database
from headrace.tables import Mode, TableRef, TableSummary


def tables_of(
    source: Source,
    summaries: Iterable[TableSummary] = (),
    windows: Mapping[TableRef, Window] = MappingProxyType({}),
) -> tuple[TableRun, ...]:
    """The tables of a run, in the order of the selection.

    The summaries give the estimates of their rows. A table that they lack is planned all the
    same: reading it says whether it is gone or forbidden.
    """
    chosen = {selection.ref for selection in source.selection}
    estimates = {
        ref: summary.estimated_rows for summary in summaries if (ref := _ref(summary)) in chosen
    }
    tables = []
    for selection in source.selection:
        target = naming.target(source, selection)
        full = selection.mode is Mode.FULL
        tables.append(
            TableRun(
                schema_name=selection.schema_name,
                table_name=selection.table_name,
                dataset=target.dataset,
                destination_table=target.table,
                estimated_rows=estimates.get(selection.ref) if full else None,
                mode=selection.mode,
                window=windows.get(selection.ref),
            )
        )
    return tuple(tables)


def chunks_of(
    database: Database, source: Source, reads: Iterable[PlannedRead]
) -> Sequence[tuple[TableRef, Chunk]]:
    """The chunks of all tables, one table after the other; none for an empty window."""
    found: list[tuple[TableRef, Chunk]] = []
    for read in reads:
        if read.window is not None and read.window.empty:
            continue
        window = None if read.cut else read.window
        chunks = database.chunks(read.selection, source.chunk_rows, window)
        found += ((read.selection.ref, chunk) for chunk in chunks)
    return found


def _orders_of(
    database: Database,
    reads: Iterable[PlannedRead],
    chunks: Sequence[tuple[TableRef, Chunk]],
) -> dict[str, str]:
    """By target, a digest of what orders the rows by the columns by which chunks are told apart.

    If these come to be ordered otherwise, rows would be in two chunks, or in none.
    """
    found = {}
    for read in reads:
        mine = (chunk for table, chunk in chunks if table == read.selection.ref)
        columns = {chunk.columns for chunk in mine if chunk.columns and not chunk.physical}
        if columns:
            names = tuple(dict.fromkeys(name for key in sorted(columns) for name in key))
            found[str(read.planned.target)] = _hash(database.order(read.selection, names))
    return found


def planned(
    database: Database,
    source: Source,
    reads: Sequence[PlannedRead],
    known: Mapping[Target, Checkpoint],
    chunks: Sequence[tuple[TableRef, Chunk]],
) -> Plan:
    return Plan(
        wish=_wish(source),
        orders=_orders_of(database, reads, chunks),
        schemas={str(read.planned.target): _digest(read.planned.schema) for read in reads},
        follows={str(target): checkpoint.run_id for target, checkpoint in known.items()},
        snapshot=database.snapshot(),
        database=database.identity(),
    )


def check_kept(run: Run, now: Plan) -> None:
    """Refuse to go on with a run if what it was planned for is another now.

    Raises RUN_NOT_RESUMABLE.
    """
    assert run.plan is not None  # noqa: S101 - the caller's
    for changed, before, after in (
        ("the connection or the selection was changed", run.plan.wish, now.wish),
        ("the database is another", True, _same(run.plan.database, now.database)),
        ("the columns of a table were changed", run.plan.schemas, now.schemas),
        ("the key of a table was changed", run.plan.orders, now.orders),
        ("the destination holds other rows", run.plan.follows, now.follows),
    ):
        if before != after:
            raise HeadraceError(
                RUN_NOT_RESUMABLE,
                f"Run '{run.run_id}' can't go on: {changed} since it began.",
            )


def check_whole(reads: Iterable[PlannedRead], records: Sequence[ChunkRun]) -> None:
    """Refuse chunks, in the order of the plan, that are done but not all of their tables.

    A document that has vanished would otherwise be rows that are missing. Raises
    DOCUMENTS_UNREADABLE.
    """
    for read in reads:
        table = read.selection.ref
        mine = [record for record in records if record.ref == table]
        chunks = [record.chunk for record in mine if record.state is ChunkState.DONE]
        if not mine and read.window is not None and read.window.empty:
            continue
        bounds = [None, *(bound for c in chunks for bound in (c.after, c.upto)), None]
        if not chunks or bounds[::2] != bounds[1::2]:
            raise HeadraceError(
                DOCUMENTS_UNREADABLE, f"Table {table}: not all of its chunks are recorded as done."
            )


def tell_snapshot(documents: Documents, run: Run, snapshot: str) -> None:
    """Have the run's other processes see what this one sees."""
    runs = Runs(documents)
    plan = runs.get(run.model_id, run.source_id, run.run_id).plan
    if plan is not None and plan.snapshot != snapshot:
        told = {"plan": plan.model_copy(update={"snapshot": snapshot})}
        runs.update(run, lambda stored: stored.model_copy(update=told))


def windows_of(run: Run) -> Mapping[TableRef, Window]:
    """The windows that the run's plan has fixed."""
    return {table.ref: table.window for table in run.tables if table.window is not None}


def _wish(source: Source) -> str:
    wish = source.model_dump_json(include={"selection", "dataset", "unfit", "drift", "verify"})
    return _hash(f"{identity(source.connection)} {wish}")


def _same(before: Identity | None, now: Identity | None) -> bool:
    """An older run's plan does not say which database it is for."""
    return before is None or now is None or before.same(now)


def _digest(schema: pa.Schema) -> str:
    return hashlib.sha256(schema.serialize()).hexdigest()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _ref(table: TableRef) -> TableRef:
    return TableRef(schema_name=table.schema_name, table_name=table.table_name)
