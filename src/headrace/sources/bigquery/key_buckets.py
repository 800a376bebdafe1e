"""Keys by the buckets that their hashes are in (`headrace.buckets`), told by BigQuery."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from headrace.buckets import HASH_BITS, LONGEST, MODULUS, NAMES, SPAN_BITS, Buckets
from headrace.googlesql.canonical import hashed
from headrace.model import Selection, UnfitPolicy
from headrace.sources.bigquery.columns import SourceColumn, Taken
from headrace.sources.bigquery.digests import renamed, text_of
from headrace.sources.bigquery.reader import condition, taken_columns
from headrace.sources.bigquery.rows import Rows, Wanted, rows
from headrace.sources.bigquery.session import Session
from headrace.sources.bigquery.types import Carried, ColumnType

_SPANS = (
    Taken(SourceColumn("span", ColumnType("INT64"), True, None), Carried(pa.int64())),
    Taken(SourceColumn("entries", ColumnType("BYTES"), True, None), Carried(pa.binary())),
)
_NAMES = tuple(
    Taken(SourceColumn(field.name, ColumnType("BYTES"), True, None), Carried(field.type))
    for field in NAMES
)

_KEYS = "(SELECT text, {hashed} AS hashed FROM (SELECT {text} AS text FROM {rows})) WHERE {within}"
_TOLD = f"""
SELECT bucket >> {SPAN_BITS} AS span, FROM_HEX(STRING_AGG(
    CONCAT(FORMAT('%02x', bucket & {2**SPAN_BITS - 1}), FORMAT('%016x', total)), ''
)) AS entries
FROM (
    SELECT hashed >> {{shift}} AS bucket,
        CAST(MOD(SUM(CAST(hashed AS BIGNUMERIC)), BIGNUMERIC '{MODULUS}') AS INT64) AS total
    FROM {{keys}} GROUP BY bucket
) GROUP BY span
"""  # noqa: S608 - filled with quoted names
_NAMED = f"""
SELECT IF(BYTE_LENGTH(text) < {LONGEST}, CAST(text AS BYTES), MD5(text)) AS name FROM {{keys}}
"""  # noqa: S608


@contextmanager
def key_digests(
    session: Session, keys: Selection, unfit: UnfitPolicy, within: tuple[Buckets, int]
) -> Iterator[Rows]:
    """See `headrace.sources.Database.key_digests`."""
    buckets, bits = within
    sql = _TOLD.format(shift=HASH_BITS - bits, keys=_keys(session, keys, unfit, buckets))
    what = f"Comparing the keys of {keys.ref}"
    with rows(session, what, Wanted(session.result(what, sql), _SPANS)) as reader:
        yield reader


@contextmanager
def key_names(
    session: Session, keys: Selection, unfit: UnfitPolicy, within: Buckets
) -> Iterator[Rows]:
    """See `headrace.sources.Database.key_names`."""
    what = f"Comparing the keys of {keys.ref}"
    sql = _NAMED.format(keys=_keys(session, keys, unfit, within))
    with rows(session, what, Wanted(session.result(what, sql), _NAMES)) as reader:
        yield reader


def _keys(session: Session, keys: Selection, unfit: UnfitPolicy, within: Buckets) -> str:
    """What follows FROM: the keys' texts and hashes.

    A row that the filter leaves out counts as not there.
    """
    columns = taken_columns(session, keys, unfit)
    texts = [text_of(each, f"column{place}") for place, each in enumerate(columns)]
    listed = ", ',', ".join(map(_element, texts))
    where = condition(session, keys, None)
    return _KEYS.format(
        hashed=hashed("text"),
        text=texts[0] if len(texts) == 1 else f"CONCAT({listed})",
        rows=renamed(columns, session.from_(keys.ref) + (f" WHERE {where}" if where else "")),
        within=_within(within),
    )


def _element(text: str) -> str:
    return f"CAST(BYTE_LENGTH({text}) AS STRING), ':', {text}"


def _within(buckets: Buckets) -> str:
    if buckets.numbers is None:
        return "hashed IS NOT NULL"
    return f"hashed >> {buckets.shift} IN UNNEST([{', '.join(map(str, buckets.numbers))}])"
