"""A source's database made of Arrow batches, for faults that a real one has no switch for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa

from headrace.chunks import WHOLE, Chunk
from headrace.digests import Digest
from headrace.identity import Identity
from headrace.model import Selection, UnfitPolicy, Window
from headrace.sources import TypeName
from headrace.tables import TableDescription, TableRef, TableSummary
from tests.digesting import digests_of


class MemoryReader:
    """Sends the batches, and claims to have sent so many rows more."""

    def __init__(self, batches: Sequence[pa.RecordBatch], claimed_more: int = 0) -> None:
        self.schema = batches[0].schema
        self.rows_sent = sum(batch.num_rows for batch in batches) + claimed_more
        self.bytes_received = sum(batch.nbytes for batch in batches)
        self.unfit_counts: dict[str, int] = {}
        self._batches = batches

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return iter(self._batches)


class MemoryDatabase:
    """Any table has the rows 0, 1, 2; one whose name says so misbehaves."""

    def list_tables(self, only: Collection[TableRef] | None = None) -> Iterator[TableSummary]:
        return iter(())

    def describe_table(
        self, table: TableRef, *, type_name: TypeName, sample_rows: int = 0
    ) -> TableDescription:
        raise NotImplementedError

    def schema(self, selection: Selection, unfit: UnfitPolicy) -> pa.Schema:
        return _batch(selection).schema

    def window(self, selection: Selection, after: str | None) -> Window:
        raise NotImplementedError

    def past_window(self, selection: Selection, position: str, bounds: tuple[str, str]) -> Window:
        raise NotImplementedError

    def key(self, selection: Selection) -> tuple[str, ...]:
        raise NotImplementedError

    def identity(self) -> Identity:
        return Identity(certain="memory")

    def order(self, selection: Selection, columns: Sequence[str]) -> str:
        raise NotImplementedError

    def snapshot(self) -> str:
        return "the only one"

    def chunks(
        self, selection: Selection, rows: int, window: Window | None = None
    ) -> Sequence[Chunk]:
        return (WHOLE,)

    def split(self, selection: Selection, chunk: Chunk, rows: int) -> Sequence[Chunk]:
        return (chunk,)

    @contextmanager
    def read(
        self,
        selection: Selection,
        unfit: UnfitPolicy,
        window: Window | None = None,
        chunk: Chunk = WHOLE,
    ) -> Iterator[MemoryReader]:
        claimed_more = 2 if selection.table_name == "liar" else 0
        yield MemoryReader([_batch(selection)], claimed_more)

    def digest(
        self,
        selection: Selection,
        unfit: UnfitPolicy,
        window: Window | None = None,
        chunk: Chunk = WHOLE,
    ) -> Mapping[str, Digest]:
        return digests_of(pa.Table.from_batches([_batch(selection)]))

    def abandon(self) -> None:
        pass

    def close(self) -> None:
        pass


def _batch(selection: Selection) -> pa.RecordBatch:
    if selection.table_name == "typeless":
        return pa.record_batch({"id": pa.array([0, 1], pa.duration("s"))})
    return pa.record_batch({"id": pa.array([0, 1, 2])})
