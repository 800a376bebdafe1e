"""An open PostgreSQL database (`headrace.sources.Database`)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

import pyarrow as pa

from headrace.buckets import Buckets
from headrace.chunks import WHOLE, Chunk
from headrace.digests import Digest
from headrace.identity import Identity
from headrace.model import Selection, UnfitPolicy, Window
from headrace.sources import TypeName
from headrace.sources.cursors import key_of
from headrace.sources.postgres import (
    catalogue,
    chunks,
    describe,
    digests,
    identity,
    key_buckets,
    key_order,
    reader,
    survey,
    windows,
)
from headrace.sources.postgres.rows import Rows
from headrace.sources.postgres.session import Session
from headrace.sources.survey import Survey
from headrace.tables import TableDescription, TableRef, TableSummary


class PostgresDatabase:
    """All reads see one snapshot. After an error the connection is of no further use."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._identity: Identity | None = None  # asked once, for as many tables as there are

    def list_tables(self, only: Collection[TableRef] | None = None) -> Iterator[TableSummary]:
        if only is None:
            return catalogue.list_tables(self._session)
        return iter(catalogue.summarise(self._session, only))

    def describe_table(
        self, table: TableRef, *, type_name: TypeName, sample_rows: int = 0
    ) -> TableDescription:
        return describe.describe_table(self._session, table, type_name, sample_rows)

    def schema(self, selection: Selection, unfit: UnfitPolicy) -> pa.Schema:
        return reader.schema(self._session, selection, unfit)

    def window(self, selection: Selection, after: str | None) -> Window:
        return windows.window(self._session, selection, after)

    def past_window(self, selection: Selection, position: str, bounds: tuple[str, str]) -> Window:
        return windows.past_window(self._session, selection, position, bounds)

    def key(self, selection: Selection) -> tuple[str, ...]:
        table = selection.ref
        primary_key = catalogue.summarise_one(self._session, table).primary_key
        return key_of(selection, primary_key, describe.keys(self._session, table, primary_key))

    def identity(self) -> Identity:
        self._identity = self._identity or identity.identity(self._session)
        return self._identity

    def order(self, selection: Selection, columns: Sequence[str]) -> str:
        return key_order.order(self._session, selection, columns)

    def snapshot(self) -> str:
        return self._session.snapshot()

    def chunks(
        self, selection: Selection, rows: int, window: Window | None = None
    ) -> Sequence[Chunk]:
        return chunks.chunks(self._session, selection, rows, window)

    def split(self, selection: Selection, chunk: Chunk, rows: int) -> Sequence[Chunk]:
        return chunks.split(self._session, selection, chunk, rows)

    def read(
        self,
        selection: Selection,
        unfit: UnfitPolicy,
        window: Window | None = None,
        chunk: Chunk = WHOLE,
    ) -> AbstractContextManager[Rows]:
        return reader.read(self._session, selection, unfit, (window, chunk))

    def digest(
        self,
        selection: Selection,
        unfit: UnfitPolicy,
        window: Window | None = None,
        chunk: Chunk = WHOLE,
    ) -> Mapping[str, Digest]:
        return digests.digest(self._session, selection, unfit, (window, chunk))

    def key_digests(
        self, keys: Selection, unfit: UnfitPolicy, within: Buckets, bits: int
    ) -> AbstractContextManager[Rows]:
        return key_buckets.key_digests(self._session, keys, unfit, within, bits)

    def key_names(
        self, keys: Selection, unfit: UnfitPolicy, within: Buckets
    ) -> AbstractContextManager[Rows]:
        return key_buckets.key_names(self._session, keys, unfit, within)

    def survey(self, selection: Selection, unfit: UnfitPolicy, rows: int) -> Survey:
        return survey.survey(self._session, selection, unfit, rows)

    def abandon(self) -> None:
        self._session.abandon()

    def close(self) -> None:
        """Closing twice is no error."""
        self._session.close()
