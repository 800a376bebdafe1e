"""Keys by the buckets that their hashes are in (`headrace.buckets`), told by MySQL or MariaDB."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pyarrow as pa

from headrace.buckets import HASH_BITS, LONGEST, MODULUS, NAMES, SPAN_BITS, Buckets
from headrace.model import Selection, UnfitPolicy
from headrace.sources.mysql import filters
from headrace.sources.mysql.canonical import canonical, hashed
from headrace.sources.mysql.identifiers import qualified
from headrace.sources.mysql.reader import form_of, taken_columns
from headrace.sources.mysql.rows import Rows, Taken, rows
from headrace.sources.mysql.session import Session
from headrace.sources.mysql.types import BYTES, ColumnType, carried

_SPANS = [
    Taken(pa.field("span", pa.uint64()), carried(ColumnType("bigint", unsigned=True))),
    Taken(pa.field("entries", pa.binary()), BYTES),
]
_NAMES = [Taken(field, BYTES) for field in NAMES]

# The servers compute a hash wherever it is spoken of; to have them keep it they would have to write
# a table of all of them.
_KEYS = "(SELECT {text} AS text, {hashed} AS hash FROM {table}) AS keyed WHERE {within}"
_TOLD = f"""
SELECT bucket >> {SPAN_BITS}, UNHEX(GROUP_CONCAT(
    LPAD(HEX(bucket & {2**SPAN_BITS - 1}), 2, '0'), LPAD(HEX(total), 16, '0') SEPARATOR ''
))
FROM (
    SELECT hash >> {{shift}} AS bucket, CAST(MOD(SUM(hash), {MODULUS}) AS UNSIGNED) AS total
    FROM {{keys}} GROUP BY 1
) AS buckets GROUP BY 1
"""  # noqa: S608 - filled with quoted names
_NAMED = f"""
SELECT CASE WHEN LENGTH(text) < {LONGEST} THEN CAST(text AS BINARY) ELSE UNHEX(MD5(text)) END
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
    """What follows FROM: the keys' texts and hashes."""
    columns = taken_columns(session, keys)
    texts = [canonical(column, form_of(column, keys, unfit)) for column in columns]
    listed = ", ',', ".join(map(_element, texts))
    text = texts[0] if len(texts) == 1 else f"CONCAT({listed})"
    return _KEYS.format(
        text=text, hashed=hashed(text), table=_filtered(session, keys), within=_within(within)
    )


def _filtered(session: Session, keys: Selection) -> str:
    """The table, and WHERE with the filter: a row that it leaves out counts as not there."""
    where = " AND ".join(filters.conditions(session, keys))
    return qualified(keys.ref) + (f" WHERE {where}" if where else "")


def _element(text: str) -> str:
    return f"LENGTH({text}), ':', {text}"


def _within(buckets: Buckets) -> str:
    """Looked up in a sorted list; a hash that is NULL is not in it."""
    if buckets.numbers is None:
        return "text IS NOT NULL"
    return f"hash >> {buckets.shift} IN ({', '.join(map(str, buckets.numbers))})"
