"""An open BigQuery project (`headrace.sources.Database`)."""

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
from headrace.sources.bigquery import (
    catalogue,
    describe,
    digests,
    key_buckets,
    keys,
    reader,
    survey,
    windows,
)
from headrace.sources.bigquery.rows import Rows
from headrace.sources.bigquery.session import Session
from headrace.sources.survey import Survey
from headrace.tables import TableDescription, TableRef, TableSummary


class BigqueryDatabase:
    """All reads of tables see one moment; a view is seen as of when its statement runs.

    A table is one chunk: its rows come as one stream.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def list_tables(self, only: Collection[TableRef] | None = None) -> Iterator[TableSummary]:
        if only is None:
            return catalogue.list_tables(self._session)
        return catalogue.summarise(self._session, only)

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
        return keys.key(self._session, selection)

    def identity(self) -> Identity:
        return Identity(certain=f"bigquery/{self._session.connection.project}")

    def order(self, selection: Selection, columns: Sequence[str]) -> str:
        return keys.order(self._session, selection, columns)

    def snapshot(self) -> str:
        return self._session.snapshot()

    def chunks(
        self,
        selection: Selection,  # noqa: ARG002 - one stream holds all rows
        rows: int,  # noqa: ARG002
        window: Window | None = None,  # noqa: ARG002
    ) -> Sequence[Chunk]:
        return (WHOLE,)

    def split(self, selection: Selection, chunk: Chunk, rows: int) -> Sequence[Chunk]:  # noqa: ARG002
        return (chunk,)

    def read(
        self,
        selection: Selection,
        unfit: UnfitPolicy,
        window: Window | None = None,
        chunk: Chunk = WHOLE,  # noqa: ARG002 - there is no other
    ) -> AbstractContextManager[Rows]:
        return reader.read(self._session, selection, unfit, window)

    def digest(
        self,
        selection: Selection,
        unfit: UnfitPolicy,
        window: Window | None = None,
        chunk: Chunk = WHOLE,  # noqa: ARG002 - there is no other
    ) -> Mapping[str, Digest]:
        return digests.digest(self._session, selection, unfit, window)

    def key_digests(
        self, keys: Selection, unfit: UnfitPolicy, within: Buckets, bits: int
    ) -> AbstractContextManager[Rows]:
        return key_buckets.key_digests(self._session, keys, unfit, (within, bits))

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
