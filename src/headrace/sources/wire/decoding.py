"""From a decoder's columns to Arrow's record batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import pyarrow as pa

from headrace.errors import PROTOCOL_UNEXPECTED, VALUE_NOT_CARRIED, VALUE_TOO_LARGE, HeadraceError
from headrace.sources.wire.columns import Batch, Kind, Status

if TYPE_CHECKING:
    from headrace.sources.wire.columns import Column, Taken

MAX_ROWS = 32_768
MAX_BYTES = 2 * 1024 * 1024


D = TypeVar("D", bound=Batch)


@dataclass(frozen=True)
class WireColumn:
    """How a column travels, and the field that it becomes.

    `element` is how a list's elements travel. With `nullify` a value that the field's type can't
    hold becomes NULL and is counted.
    """

    field: pa.Field
    kind: Kind
    nullify: bool = False
    element: Kind | None = None

    @property
    def described(self) -> str:
        source_type = (self.field.metadata or {}).get(b"headrace.source_type", b"").decode()
        return f"column '{self.field.name}'" + (f" ({source_type})" if source_type else "")


class Decoding(Generic[D]):
    """A decoder, and the record batches that it fills.

    A batch holds at most MAX_ROWS rows, and ends after MAX_BYTES bytes as they were received.
    """

    def __init__(self, decoder: type[D], columns: Sequence[WireColumn], what: str) -> None:
        """`what` says in errors what is being done, such as "Reading public.flights"."""
        self.schema = pa.schema([column.field for column in columns])
        self.unfit_counts: Counter[str] = Counter()
        self._columns = columns
        self._what = what
        # Rows of many columns fill a batch early: no memory is set aside for more.
        max_rows = max(1, min(MAX_ROWS, MAX_BYTES // (4 * len(columns))))
        self.decoder = decoder([_decoded(column) for column in columns], max_rows, MAX_BYTES)

    def take(self) -> pa.RecordBatch:
        """The rows decoded so far; the decoder begins a new batch."""
        try:
            taken = self.decoder.take()
        except MemoryError as error:
            raise self.too_large(None) from error
        for field, (_, _, replaced, *_rest) in zip(self.schema, taken, strict=True):
            if replaced:
                self.unfit_counts[field.name] += replaced
        arrays = [
            array_of(field.type, column) for field, column in zip(self.schema, taken, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def failure(self, status: Status) -> HeadraceError:
        """The error that a decoder's status stands for."""
        if status == Status.VALUE:
            column = self._columns[self.decoder.failed_column]
            return HeadraceError(
                VALUE_NOT_CARRIED,
                f"{self._what}: {column.described} holds a value that is none of "
                f"{column.field.type}.",
            )
        if status == Status.MEMORY:
            return self.too_large(self.decoder.failed_column)
        return HeadraceError(
            PROTOCOL_UNEXPECTED, f"{self._what}: the server sent a row that contradicts itself."
        )

    def too_large(self, column: int | None) -> HeadraceError:
        """The error for a value, in the column if that is known, for which there is no memory."""
        where = "a row" if column is None else self._columns[column].described
        return HeadraceError(
            VALUE_TOO_LARGE, f"{self._what}: there is no memory for a value of {where}."
        )


def _decoded(column: WireColumn) -> Column:
    arrow = column.field.type
    value = arrow.value_type if column.element is not None else arrow
    digits = (value.precision, value.scale) if pa.types.is_decimal(value) else (0, 0)
    described = (column.kind, *digits, column.nullify)
    return described if column.element is None else (*described, column.element)


def array_of(arrow: pa.DataType, taken: Taken) -> pa.Array:
    """An array over the memory that a decoder has filled (`Batch.take`)."""
    length, nulls, _, buffers, elements = taken
    views = [None if buffer is None else pa.py_buffer(buffer) for buffer in buffers]
    children = None if elements is None else [array_of(arrow.value_type, elements)]
    return pa.Array.from_buffers(arrow, length, views, nulls, children=children)
