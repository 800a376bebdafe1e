"""Reading a table: COPY to CSV, blocks of whole rows, Arrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa

from headrace.errors import COLUMN_NOT_FOUND, TABLE_EMPTY_OF_COLUMNS, HeadraceError
from headrace.model import Selection, TableRef, UnfitPolicy
from headrace.sources.postgres.blocks import Blocks
from headrace.sources.postgres.columns import SourceColumn, read_columns
from headrace.sources.postgres.identifiers import qualified, quoted
from headrace.sources.postgres.parse import parse
from headrace.sources.postgres.session import Session


class Reader:
    """The rows of one table on their way (`headrace.sources.TableReader`)."""

    def __init__(self, blocks: Blocks, schema: pa.Schema, what: str) -> None:
        self.schema = schema
        self._blocks = blocks
        self._what = what

    @property
    def rows_sent(self) -> int:
        return self._blocks.rows_sent

    @property
    def bytes_received(self) -> int:
        return self._blocks.bytes_received

    @property
    def unfit_counts(self) -> Mapping[str, int]:
        return {}

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for block in self._blocks:
            yield parse(block, self.schema, self._what)


@contextmanager
def read(session: Session, selection: Selection, unfit: UnfitPolicy) -> Iterator[Reader]:
    """Read the selected columns, all of them if there is no choice, in the order given.

    A partitioned table is read with its partitions, a parent with its children. Raises
    TABLE_NOT_FOUND, COLUMN_NOT_FOUND, PERMISSION_DENIED, VALUE_NOT_CARRIED, CONNECTION_LOST, ….
    """
    table = selection.ref
    chosen = _chosen(table, read_columns(session, table), selection.columns)
    what = f"Reading {table}"
    schema = pa.schema([column.field for column in chosen])
    # Values come through each type's output function, which is the text that psql shows; a cast
    # to text would trim char(n) and add a netmask to inet.
    with Blocks(session, what, _select(table, chosen), len(chosen)) as blocks:
        yield Reader(blocks, schema, what)


def _chosen(
    table: TableRef, existing: Sequence[SourceColumn], names: Sequence[str] | None
) -> Sequence[SourceColumn]:
    if names is None:
        if not existing:
            raise HeadraceError(
                TABLE_EMPTY_OF_COLUMNS, f"Reading {table}: the table has no columns."
            )
        return existing
    by_name = {column.name: column for column in existing}
    if missing := [name for name in names if name not in by_name]:
        listed = ", ".join(f"'{name}'" for name in missing)
        raise HeadraceError(COLUMN_NOT_FOUND, f"Reading {table}: there is no column {listed}.")
    return [by_name[name] for name in names]


def _select(table: TableRef, columns: Sequence[SourceColumn]) -> str:
    listed = ", ".join(quoted(column.name) for column in columns)
    return f"SELECT {listed} FROM {qualified(table)}"  # noqa: S608 - identifiers are quoted
