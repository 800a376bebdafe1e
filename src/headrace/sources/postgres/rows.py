"""The rows of a statement, as record batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa

from headrace.errors import HeadraceError
from headrace.sources.postgres.copy import CopyOut
from headrace.sources.postgres.session import Session
from headrace.sources.wire.ahead import Ahead
from headrace.sources.wire.columns import Status
from headrace.sources.wire.copy_binary import CopyBinary
from headrace.sources.wire.decoding import Decoding, WireColumn


class Rows:
    """The rows on their way (`headrace.sources.TableReader`)."""

    def __init__(self, copy: CopyOut, decoding: Decoding[CopyBinary], batches: Ahead) -> None:
        self.schema = decoding.schema
        self._copy = copy
        self._decoding = decoding
        self._batches = batches

    @property
    def rows_sent(self) -> int:
        return self._copy.rows_sent

    @property
    def bytes_received(self) -> int:
        return self._copy.window.bytes_received

    @property
    def unfit_counts(self) -> Mapping[str, int]:
        return self._decoding.unfit_counts

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return iter(self._batches)


@contextmanager
def rows(session: Session, what: str, sql: str, columns: Sequence[WireColumn]) -> Iterator[Rows]:
    """Run the statement, whose columns have to be those that are named.

    Rows are received and decoded by a thread. Leaving before the end breaks the session.
    """
    copy = session.copy(what)
    decoding = Decoding(CopyBinary, columns, what)
    with Ahead(_batches(copy, sql, decoding), session.abandon, "copy") as batches:
        yield Rows(copy, decoding, batches)


def _batches(copy: CopyOut, sql: str, decoding: Decoding[CopyBinary]) -> Iterator[pa.RecordBatch]:
    window, decoder = copy.window, decoding.decoder
    copy.start(sql)
    while not copy.ended:
        window.start, status = decoder.feed(window.data, window.start, window.end)
        if status == Status.FULL:
            yield decoding.take()
        elif status == Status.MESSAGE:
            copy.pass_message()
        elif status == Status.MORE:
            try:
                copy.receive(decoder.needed)
            except MemoryError as error:
                raise _too_large(copy, decoding) from error
        else:
            raise decoding.failure(status)
    if decoder.rows:
        yield decoding.take()


def _too_large(copy: CopyOut, decoding: Decoding[CopyBinary]) -> HeadraceError:
    window = copy.window
    with memoryview(window.data) as data, data[window.start : window.end] as message:
        return decoding.too_large(_unfinished_column(message, len(decoding.schema)))


def _unfinished_column(message: memoryview, columns: int) -> int | None:
    """The column within which the bytes of a CopyData message end, if they end within one.

    "Binary Format" in the PostgreSQL manual's page on COPY: a number of columns, and for each
    its length and as many bytes; the first row has the file's header before it.
    """
    at = 5 + (19 if bytes(message[5:16]) == b"PGCOPY\n\xff\r\n\0" else 0) + 2
    for column in range(columns):
        if at + 4 > len(message):
            break
        at += 4 + max(int.from_bytes(message[at : at + 4], signed=True), 0)
        if at > len(message):
            return column
    return None
