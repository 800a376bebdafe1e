"""Blocks of CSV, as PostgreSQL writes it, into Arrow."""

from __future__ import annotations

from binascii import unhexlify

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from headrace.errors import VALUE_NOT_CARRIED, HeadraceError


def parse(block: bytearray, schema: pa.Schema, what: str) -> pa.RecordBatch:
    """The rows of a block, whose header line numbers the columns (`Blocks`).

    NULL is an empty field without quotes, '' one with them. Raises VALUE_NOT_CARRIED naming the
    column whose type can't hold a value.
    """
    buffer = pa.py_buffer(block)
    try:
        table = _read(buffer, schema, None)
    except pa.ArrowInvalid as error:
        column = next((i for i in range(len(schema)) if _fails(buffer, schema, i)), None)
        where = "a column" if column is None else _described(schema.field(column))
        raise HeadraceError(
            VALUE_NOT_CARRIED, f"{what}: {where} holds a value that can't be carried."
        ) from error
    arrays = [
        _from_hex(column) if pa.types.is_binary(field.type) else column
        for field, column in zip(schema, (_whole(c) for c in table.columns), strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _read(buffer: pa.Buffer, schema: pa.Schema, column: int | None) -> pa.Table:
    names = [str(i) for i in range(len(schema))]
    return csv.read_csv(
        pa.BufferReader(buffer),
        read_options=csv.ReadOptions(block_size=max(len(buffer), 1)),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=dict(zip(names, schema.types, strict=True)),
            include_columns=names if column is None else [names[column]],
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


def _fails(buffer: pa.Buffer, schema: pa.Schema, column: int) -> bool:
    try:
        _read(buffer, schema, column)
    except pa.ArrowInvalid:
        return True
    return False


def _described(field: pa.Field) -> str:
    source_type = (field.metadata or {}).get(b"headrace.source_type", b"").decode()
    return f"column '{field.name}' ({source_type})" if source_type else f"column '{field.name}'"


def _whole(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    # Arrow gives a chunked array back when there is not exactly one chunk to begin with.
    if isinstance(combined, pa.ChunkedArray):
        return combined.chunk(0) if combined.num_chunks else pa.array([], column.type)
    return combined


def _from_hex(column: pa.Array) -> pa.Array:
    r"""Bytes from PostgreSQL's \x6162, all values at once: each is exactly half its digits."""
    # A new array, so its first value begins at 0.
    digits = pc.replace_substring(column, pattern="\\x", replacement="")
    validity, offsets, data = digits.buffers()
    ends = pa.Array.from_buffers(pa.int32(), len(digits) + 1, [None, offsets])
    halved = pc.divide(ends, pa.scalar(2, pa.int32()))
    # The data may be longer than what the values take.
    content = unhexlify(memoryview(data)[: ends[-1].as_py()]) if data is not None else b""
    return pa.Array.from_buffers(
        column.type,
        len(digits),
        [validity, halved.buffers()[1], pa.py_buffer(content)],
        digits.null_count,
    )
