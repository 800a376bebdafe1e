"""BigQuery's SQL for canonical texts (`headrace.digests`).

A cast to text is used only where BigQuery promises its form, and never one to NUMERIC(p, s), which
it does not have.
"""

from __future__ import annotations

import pyarrow as pa

_WHOLE = "CAST({0} AS STRING)"
_BYTES = "TO_HEX({0})"

# BigQuery can't show a number's bits, so they are computed, each step without rounding: an exponent
# `e` that is off by one at most, the number as a whole one `m` of 53 to 55 bits, and from both what
# the bits are as a number. Logarithms of 0 and of what is infinite are never asked for.
_FLOAT = """CASE
WHEN IS_NAN({0}) THEN '7ff8000000000000'
WHEN IS_INF({0}) THEN IF({0} > 0, '7ff0000000000000', 'fff0000000000000')
WHEN {0} = 0 THEN IF(IEEE_DIVIDE(1, {0}) > 0, '0000000000000000', '8000000000000000')
ELSE (
SELECT FORMAT('%03x%013x', (bits >> 52) + IF(f < 0, 2048, 0), bits & 0xfffffffffffff)
FROM (SELECT f, CASE
    WHEN m >= (1 << 54) THEN ((e + 1023) << 52) + (m >> 2)
    WHEN m >= (1 << 53) OR e = -1022 THEN ((e + 1022) << 52) + (m >> 1)
    ELSE ((e + 1021) << 52) + m END AS bits
FROM (SELECT f, e, CAST(
    (ABS(f) * POW(2, FLOOR((53 - e) / 2))) * POW(2, CEIL((53 - e) / 2)) AS INT64) AS m
FROM (SELECT f, GREATEST(CAST(FLOOR(LN(ABS(f)) / LN(2)) AS INT64), -1022) AS e
FROM (SELECT IF(IS_NAN({0}) OR IS_INF({0}) OR {0} = 0, NULL, {0}) AS f))))
) END"""

# A text of a decimal may lack zeros at its end, and then the point.
_UNSCALED = "SPLIT(CAST({0} AS STRING), '.')[OFFSET(0)]"
_DECIMAL = (
    "(SELECT CONCAT(parts[OFFSET(0)], '.', RPAD(parts[OFFSET(1)], {scale}, '0')) "
    "FROM (SELECT SPLIT(CONCAT(CAST({0} AS STRING), '.'), '.') AS parts))"
)

_TEXTS = {
    pa.bool_(): "CAST({0} AS STRING)",
    pa.int8(): _WHOLE,
    pa.int16(): _WHOLE,
    pa.int32(): _WHOLE,
    pa.int64(): _WHOLE,
    pa.uint8(): _WHOLE,
    pa.uint16(): _WHOLE,
    pa.uint32(): _WHOLE,
    pa.uint64(): _UNSCALED,
    pa.float32(): _FLOAT,
    pa.float64(): _FLOAT,
    pa.date32(): "CAST(UNIX_DATE({0}) AS STRING)",
    pa.time64("us"): "CAST(TIME_DIFF({0}, TIME '00:00:00', MICROSECOND) AS STRING)",
    pa.timestamp("us"): "CAST(DATETIME_DIFF({0}, DATETIME '1970-01-01 00:00:00', MICROSECOND) "
    "AS STRING)",
    pa.timestamp("us", "UTC"): "CAST(UNIX_MICROS({0}) AS STRING)",
    pa.string(): "{0}",
    pa.large_string(): "{0}",
    pa.binary(): _BYTES,
    pa.large_binary(): _BYTES,
}
_LIST = (
    "NULLIF(ARRAY_TO_STRING(ARRAY(SELECT CONCAT(CAST(BYTE_LENGTH(text) AS STRING), ':', text) "
    "FROM (SELECT {element} AS text, place FROM UNNEST({0}) AS e WITH OFFSET AS place) "
    "ORDER BY place), ','), '')"
)


def canonical(expression: str, arrow: pa.DataType) -> str:
    """The expression for the canonical text of values of a type that BigQuery carries.

    It is NULL for NULL, and for an empty list, since BigQuery keeps no list as an empty one. Each
    NaN is the one that sources send.
    """
    if pa.types.is_list(arrow):
        return _LIST.format(expression, element=canonical("e", arrow.value_type))
    if pa.types.is_decimal(arrow):
        pattern = _DECIMAL if arrow.scale else _UNSCALED
        return pattern.format(expression, scale=arrow.scale)
    return _TEXTS[arrow].format(expression)


def hashed(text: str) -> str:
    """The expression for a canonical text's hash."""
    return f"CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5({text})), 1, 15)) AS INT64)"
