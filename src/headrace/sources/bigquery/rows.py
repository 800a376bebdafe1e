"""The rows of a table or of a result, as record batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pyarrow as pa
from google.cloud.bigquery_storage_v1.types import ReadSession

from headrace.errors import CONNECTION_LOST, TABLE_CHANGED, VALUE_NOT_CARRIED, HeadraceError
from headrace.sources.bigquery.columns import Taken
from headrace.sources.bigquery.session import Session, Stored
from headrace.sources.bigquery.types import Form
from headrace.sources.bigquery.values import convert, fitting
from headrace.sources.wire.ahead import Ahead

# How often a stream is taken up again where it broke, without a row in between.
_MOST_TRIES = 5


@dataclass(frozen=True)
class Wanted:
    """What is read: of which table, which of its rows."""

    table: Stored
    columns: Sequence[Taken]
    restriction: str = ""


class Rows:
    """The rows on their way (`headrace.sources.TableReader`)."""

    def __init__(self, session: Session, what: str, wanted: Wanted) -> None:
        self.schema = pa.schema([taken.field for taken in wanted.columns])
        self.rows_sent = 0
        self.bytes_received = 0
        self.unfit_counts: Counter[str] = Counter()
        self._session = session
        self._what = what
        self._wanted = wanted
        self._batches: Ahead | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        assert self._batches is not None  # noqa: S101 - `rows` is the only one to make it
        yield from self._batches
        if self._wanted.table.rows is not None:  # what the statement had is known from elsewhere
            self.rows_sent = self._wanted.table.rows

    def ahead(self) -> Ahead:
        self._batches = Ahead(self._received(), self._session.abandon, "bigquery")
        return self._batches

    def first(self, number: int) -> pa.Table:
        """The first rows, without a thread; the session stays of use."""
        batches, received = [], 0
        with closing(self._received()) as incoming:
            for batch in incoming:
                batches.append(batch)
                received += batch.num_rows
                if received >= number:
                    break
        return pa.Table.from_batches(batches, self.schema).slice(0, number)

    def _received(self) -> Generator[pa.RecordBatch]:
        names = [taken.column.name for taken in self._wanted.columns]
        session = self._session.read_session(
            self._what, self._wanted.table, names, self._wanted.restriction
        )
        for stream in session.streams:
            with closing(self._of_stream(session, stream.name)) as batches:
                yield from batches

    def _of_stream(self, session: ReadSession, name: str) -> Generator[pa.RecordBatch]:
        """A stream that breaks is gone on with at the row where it broke."""
        sent = pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))
        offset, tries = 0, 0
        while True:
            try:
                with closing(self._session.messages(self._what, name, offset)) as messages:
                    for message in messages:
                        serialized = message.arrow_record_batch.serialized_record_batch
                        self.bytes_received += len(serialized)
                        batch = pa.ipc.read_record_batch(pa.py_buffer(serialized), sent)
                        self.rows_sent += message.row_count
                        offset, tries = offset + message.row_count, 0
                        yield self._carried(batch)
            except HeadraceError as error:
                tries += 1
                if error.kind is not CONNECTION_LOST or tries > _MOST_TRIES:
                    raise
                self._session.check(self._what)
            else:
                return

    def _carried(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = [self._column(batch, taken) for taken in self._wanted.columns]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _column(self, batch: pa.RecordBatch, taken: Taken) -> pa.Array:
        column = taken.column
        place = batch.schema.get_field_index(column.name)
        if place < 0:
            raise HeadraceError(TABLE_CHANGED, f"{self._what}: its columns changed meanwhile.")
        try:
            if taken.nullify and taken.form.unfit and taken.form.form is Form.SENT:
                array, replaced = fitting(batch.column(place), taken.form.arrow)
                if replaced:
                    self.unfit_counts[column.name] += replaced
                return array
            return convert(batch.column(place), column.type, taken.form)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise HeadraceError(
                VALUE_NOT_CARRIED,
                f"{self._what}: column '{column.name}' ({column.source_type}) holds a value that "
                f"is none of {taken.form.arrow}.",
            ) from error


@contextmanager
def rows(session: Session, what: str, wanted: Wanted) -> Iterator[Rows]:
    """Read in a thread. Leaving before the end breaks the session."""
    reader = Rows(session, what, wanted)
    with reader.ahead():
        yield reader
