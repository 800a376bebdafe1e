"""Finds the rows that are deleted in the source, without reading all keys from it.

Source and destination are asked for digests of their keys in buckets (`headrace.buckets`), then,
within the buckets that differ, for those of smaller ones, and at last for the keys themselves. How
finely is decided by `bucket_sizes`.

A key is deleted if the source has it no more: rows beyond the window, and those without a cursor's
value, are still there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from headrace.buckets import ALL, Buckets, Spans, differing
from headrace.destinations import Destination, StagedFile, StagedTable, Staging
from headrace.errors import ROWS_DISAGREE, HeadraceError
from headrace.extraction.bucket_sizes import MOST_NUMBERS, Compared, first_bits, further_bits
from headrace.extraction.increments import PlannedRead, source_names
from headrace.extraction.parquet import FilesWriter
from headrace.ids import new_id
from headrace.model import DetectDeletes, Selection, UnfitPolicy
from headrace.sources import Database, TableReader

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where a run keeps its files, and the destination whose they are."""

    destination: Destination
    staging: Staging
    run_id: str


@dataclass(frozen=True)
class Swept:
    """The table with the names of the keys that are gone, and the bytes received to find them."""

    table: StagedTable
    bytes: int

    @property
    def deleted(self) -> int:
        return sum(file.rows for file in self.table.deleted)


@dataclass(frozen=True)
class Sweep:
    """The search for one table's deleted rows. All that the run reads of the table is staged."""

    read: PlannedRead
    unfit: UnfitPolicy
    table: StagedTable
    place: Place

    @property
    def wanted(self) -> bool:
        """Whether deleted rows are looked for; a table brought from the start has none."""
        increment = self.table.increment
        if increment is None or increment.begins:
            return False
        return increment.detect_deletes is not DetectDeletes.OFF

    def over(self, database: Database) -> Swept:
        """Search over that connection to the source.

        Raises the errors of reading and of the destination, and ROWS_DISAGREE if the source sent
        other rows than were received.
        """
        source = _Source(database, self._keys, self.unfit)
        within = self._differing(source)
        deleted = self._gone(source, within) if within else ()
        log.info("%d rows are deleted in the source", sum(file.rows for file in deleted))
        return Swept(replace(self.table, deleted=deleted), source.bytes)

    @property
    def _keys(self) -> Selection:
        """The columns of the key alone, as the source calls them."""
        named = source_names(self.read.planned.schema)
        key = self.table.increment.key if self.table.increment else ()
        columns = tuple(named[name] for name in key)
        return self.read.selection.model_copy(update={"columns": columns})

    def _differing(self, source: _Source) -> Buckets | None:
        """The buckets in which the keys of both sides have to be compared, if any."""
        destination, table = self.place.destination, self.table
        keys = (destination.count(table.target) or 0) + table.rows
        within, bits = ALL, first_bits(keys)
        while True:
            told = destination.key_digests(self.place.run_id, table, within, bits)
            found = differing(told, source.digests(within, bits))
            asked = 2**bits if within.numbers is None else len(within.numbers) << bits - within.bits
            log.info("in %d of %d buckets of keys something differs", len(found), asked)
            if not found:
                return None
            within = Buckets(bits, found) if len(found) <= MOST_NUMBERS else ALL
            if not (more := further_bits(keys, Compared(bits, asked, len(found)))):
                return within
            bits += more

    def _gone(self, source: _Source, within: Buckets) -> tuple[StagedFile, ...]:
        # Whoever was taken for dead may still be writing: its files keep another name.
        name = f"{self.table.target}-present-{new_id()[-8:]}"
        present = source.names(within, lambda schema: FilesWriter(self.place.staging, name, schema))
        place = self.place
        deleted = place.destination.stage_deleted(place.run_id, self.table, within, present)
        for file in present:
            place.staging.filesystem.delete_file(file.path)
        return deleted


class _Source:
    """What a source tells of its keys; `bytes` were received so far."""

    def __init__(self, database: Database, keys: Selection, unfit: UnfitPolicy) -> None:
        self.bytes = 0
        self._database = database
        self._keys = keys
        self._unfit = unfit

    def digests(self, within: Buckets, bits: int) -> Spans:
        with self._database.key_digests(self._keys, self._unfit, within, bits) as reader:
            rows = (batch.to_pydict() for batch in self._batches(reader))
            return {
                span: entries
                for row in rows
                for span, entries in zip(row["span"], row["entries"], strict=True)
            }

    def names(
        self, within: Buckets, writer_of: Callable[[pa.Schema], FilesWriter]
    ) -> tuple[StagedFile, ...]:
        with (
            self._database.key_names(self._keys, self._unfit, within) as reader,
            writer_of(reader.schema) as writer,
        ):
            for batch in self._batches(reader):
                writer.add(batch)
            return writer.finish()

    def _batches(self, reader: TableReader) -> Iterator[pa.RecordBatch]:
        """All of them: a key that got lost on the way would be taken for a deleted one."""
        received = 0
        for batch in reader:
            received += batch.num_rows
            yield batch
        if received != reader.rows_sent:
            raise HeadraceError(
                ROWS_DISAGREE,
                f"Comparing the keys of {self._keys.ref}: {received} rows were received, but the "
                f"server says that it sent {reader.rows_sent}.",
            )
        self.bytes += reader.bytes_received
