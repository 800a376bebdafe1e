"""Keys by the buckets that their hashes are in (`headrace.buckets`), told by PostgreSQL."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pyarrow as pa

from headrace.buckets import HASH_BITS, LONGEST, MODULUS, NAMES, SPAN_BITS, Buckets
from headrace.model import Selection, UnfitPolicy
from headrace.sources.postgres import filters
from headrace.sources.postgres.canonical import canonical, hashed
from headrace.sources.postgres.identifiers import qualified
from headrace.sources.postgres.reader import form_of, taken_columns
from headrace.sources.postgres.rows import Rows, rows
from headrace.sources.postgres.session import Session
from headrace.sources.wire.columns import Kind
from headrace.sources.wire.decoding import WireColumn

_SPANS = [
    WireColumn(pa.field("span", pa.int64()), Kind.BITS64),
    WireColumn(pa.field("entries", pa.binary()), Kind.BYTES),
]
_NAMES = [WireColumn(field, Kind.BYTES) for field in NAMES]

# OFFSET 0 keeps each hash from being computed again wherever it is spoken of.
_KEYS = """(
    SELECT text, {hashed} AS hash
    FROM (SELECT {text} AS text FROM {table} OFFSET 0) AS texts OFFSET 0
) AS keys WHERE hash IS NOT NULL{within}"""
_TOLD = f"""
SELECT bucket >> {SPAN_BITS}, decode(string_agg(
    lpad(to_hex(bucket & {2**SPAN_BITS - 1}), 2, '0') || lpad(to_hex(total), 16, '0'), ''
), 'hex')
FROM (
    SELECT hash >> {{shift}} AS bucket, (sum(hash) % {MODULUS})::int8 AS total
    FROM {{keys}} GROUP BY 1
) AS buckets GROUP BY 1
"""  # noqa: S608 - filled with quoted names
_NAMED = f"""
SELECT CASE WHEN octet_length(convert_to(text, 'UTF8')) < {LONGEST} THEN convert_to(text, 'UTF8')
    ELSE decode(md5(convert_to(text, 'UTF8')), 'hex') END
FROM {{keys}}
"""  # noqa: S608


def key_digests(
    session: Session, keys: Selection, unfit: UnfitPolicy, within: Buckets, bits: int
) -> AbstractContextManager[Rows]:
    """See `headrace.sources.Database.key_digests`."""
    sql = _TOLD.format(shift=HASH_BITS - bits, keys=_keys(session, keys, unfit, within))
    return rows(session, f"Comparing the keys of {keys.ref}", sql, _SPANS)


def key_names(
    session: Session, keys: Selection, unfit: UnfitPolicy, within: Buckets
) -> AbstractContextManager[Rows]:
    """See `headrace.sources.Database.key_names`."""
    sql = _NAMED.format(keys=_keys(session, keys, unfit, within))
    return rows(session, f"Comparing the keys of {keys.ref}", sql, _NAMES)


def _keys(session: Session, keys: Selection, unfit: UnfitPolicy, within: Buckets) -> str:
    """What follows FROM: the keys' texts and hashes.

    The table is locked, and looked at: it would seem to be empty if it had been truncated.
    """
    columns = taken_columns(session, keys)
    texts = [canonical(column, form_of(column, keys, unfit)) for column in columns]
    return _KEYS.format(
        hashed=hashed("text"),
        text=texts[0] if len(texts) == 1 else " || ',' || ".join(map(_element, texts)),
        table=_filtered(session, keys),
        within=_within(within),
    )


def _filtered(session: Session, keys: Selection) -> str:
    """The table, and WHERE with the filter: a row that it leaves out counts as not there."""
    where = " AND ".join(filters.conditions(session, keys))
    return qualified(keys.ref) + (f" WHERE {where}" if where else "")


def _element(text: str) -> str:
    return f"octet_length(convert_to({text}, 'UTF8')) || ':' || {text}"


def _within(buckets: Buckets) -> str:
    """Looked up in a table of hashes, in every version of PostgreSQL."""
    if buckets.numbers is None:
        return ""
    numbers = ",".join(map(str, buckets.numbers))
    return f" AND hash >> {buckets.shift} IN (SELECT unnest('{{{numbers}}}'::int8[]))"
