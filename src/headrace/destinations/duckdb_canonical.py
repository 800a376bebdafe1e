"""DuckDB's SQL for canonical texts (`headrace.digests`)."""

from __future__ import annotations

import pyarrow as pa

_NUMBER = "{0}::VARCHAR"
_FLOAT = "lower(hex({0}::DOUBLE::BIT::BLOB))"
_BYTES = "lower(hex({0}))"

_TEXTS = {
    pa.bool_(): "{0}::VARCHAR",
    pa.int8(): _NUMBER,
    pa.int16(): _NUMBER,
    pa.int32(): _NUMBER,
    pa.int64(): _NUMBER,
    pa.uint8(): _NUMBER,
    pa.uint16(): _NUMBER,
    pa.uint32(): _NUMBER,
    pa.uint64(): _NUMBER,
    pa.float32(): _FLOAT,
    pa.float64(): _FLOAT,
    pa.date32(): "({0} - DATE '1970-01-01')::VARCHAR",
    pa.time64("us"): "epoch_us({0})::VARCHAR",
    pa.timestamp("us"): "epoch_us({0})::VARCHAR",
    pa.timestamp("us", "UTC"): "epoch_us({0})::VARCHAR",
    pa.string(): "{0}",
    pa.large_string(): "{0}",
    pa.binary(): _BYTES,
    pa.large_binary(): _BYTES,
}
_LIST = (
    "array_to_string(list_transform({0}, lambda e: "
    "coalesce(strlen({element}) || ':' || {element}, 'N')), ',')"
)


def canonical(expression: str, arrow: pa.DataType) -> str:
    """The expression for the canonical text of values of a type that DuckDB carries.

    It is NULL for NULL.
    """
    if pa.types.is_list(arrow):
        return _LIST.format(expression, element=canonical("e", arrow.value_type))
    if pa.types.is_decimal(arrow):
        text = f"{expression}::VARCHAR"
        # Of a number that has no digit before the point DuckDB writes none.
        return f"replace({text}, '.', '0.')" if arrow.precision == arrow.scale else text
    return _TEXTS[arrow].format(expression)


def hashed(text: str) -> str:
    """The expression for a canonical text's hash."""
    return f"('0x' || substr(md5({text}), 1, 15))::BIGINT"
