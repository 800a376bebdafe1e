"""Ranges of a table's pages.

Within one snapshot each row has one place (ctid): who updates it writes another version, elsewhere,
and what only tidies pages up moves no version that is still seen. In another snapshot a row may
have another place.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from headrace.chunks import MOST_CHUNKS, TOO_LARGE, Chunk
from headrace.sources.postgres.extents import Extent
from headrace.sources.postgres.identifiers import literal, qualified
from headrace.sources.postgres.session import Session
from headrace.tables import TableRef

# Before PostgreSQL 14 each range would read the whole table.
OLDEST_VERSION = 140_000

# A row takes at least a header and a pointer to it ("Database Page Layout").
_SMALLEST_ROW = 28
_PAGES_LOOKED_AT = 16

_SIZE = """
SELECT coalesce(pg_relation_size(c.oid), 0) / current_setting('block_size')::int,
    current_setting('block_size')::int
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname::text = :schema::text AND c.relname::text = :table::text
"""


# All of the pages.
ALL = Chunk(columns=("ctid",), physical=True)


def possible(session: Session, extent: Extent) -> bool:
    """Whether several connections can read ranges of the table's pages in one snapshot."""
    new_enough = session.server_version >= OLDEST_VERSION
    return new_enough and extent.has_places and session.shares_snapshot


def ranges(extent: Extent, rows: int) -> Sequence[Chunk]:
    """Ranges of about so many rows, which are the whole table together; the last has no end."""
    number = min(-(-extent.rows // rows), extent.pages)
    return _equal(ALL, (0, extent.pages), number, extent.rows)


def split(session: Session, table: TableRef, chunk: Chunk, rows: int) -> Sequence[Chunk]:
    """The chunk in smaller ones if it has too many rows, by the number of those on some pages.

    None is looked at if so many rows would not fit on its pages.
    """
    ((pages, page_bytes),) = session.query(
        f"Looking up the size of {table}",
        _SIZE,
        schema=table.schema_name,
        table=table.table_name,
    )
    first = 0 if chunk.after is None else _page(chunk.after)
    end = max(pages, first) if chunk.upto is None else _page(chunk.upto)
    if (end - first) * (page_bytes // _SMALLEST_ROW) <= TOO_LARGE * rows:
        return (chunk,)
    estimate = _estimate(session, table, first, end)
    if estimate <= TOO_LARGE * rows:
        return (chunk,)
    return _equal(chunk, (first, end), min(-(-estimate // rows), end - first), estimate)


def condition(chunk: Chunk) -> str:
    """What a row fulfils that lies in the range."""
    bounds = []
    if chunk.after is not None:
        bounds.append(f"ctid > {_constant(chunk.after[0])}")
    if chunk.upto is not None:
        bounds.append(f"ctid <= {_constant(chunk.upto[0])}")
    return " AND ".join(bounds) or "TRUE"


def _equal(chunk: Chunk, pages: tuple[int, int], number: int, rows: int) -> Sequence[Chunk]:
    """So many ranges of equally many pages, but no more than there may be."""
    first, end = pages
    number = max(1, min(number, MOST_CHUNKS))
    inner = [(_place(first + (end - first) * cut // number),) for cut in range(1, number)]
    return tuple(
        ALL.model_copy(
            update={"after": after, "upto": upto, "estimated_rows": rows // number},
        )
        for after, upto in pairwise([chunk.after, *inner, chunk.upto])
    )


def _estimate(session: Session, table: TableRef, first: int, end: int) -> int:
    """The rows on these pages, as if all of them were as full as those that are looked at."""
    distance = (end - first) / _PAGES_LOOKED_AT
    looked_at = sorted({first + int(distance * (place + 0.5)) for place in range(_PAGES_LOOKED_AT)})
    on_them = " UNION ALL ".join(
        f"SELECT FROM {qualified(table)} "
        f"WHERE ctid > {_constant(_place(page))} AND ctid < {_constant(_place(page + 1))}"
        for page in looked_at
    )
    ((found,),) = session.query(
        f"Looking at pages of {table}",
        f"SELECT count(*) FROM ({on_them}) AS found",  # noqa: S608
    )
    return int(found) * (end - first) // len(looked_at)


def _place(page: int) -> str:
    """Before the page's first row, which has the number 1."""
    return f"({page},0)"


def _page(place: Sequence[str]) -> int:
    return int(place[0].strip("(").partition(",")[0])


def _constant(place: str) -> str:
    return f"{literal(place)}::pg_catalog.tid"
