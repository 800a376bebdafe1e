"""Chunks of a table in PostgreSQL: where they begin and end, and their rows."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.chunks import MOST_CHUNKS, WHOLE, Chunk
from headrace.model import Selection, Window
from headrace.sources.postgres import extents, key_ranges, key_splits, page_ranges, window_ranges
from headrace.sources.postgres.columns import read_columns
from headrace.sources.postgres.extents import Extent
from headrace.sources.postgres.key_order import key_columns, key_of, within
from headrace.sources.postgres.session import Session

# A table of few more rows than a chunk shall have is not worth the ado.
_WORTH_CUTTING = 1.5
# Ranges of pages are better than ranges of a key that are so many times too large.
_COARSE = 4


def chunks(
    session: Session, selection: Selection, rows: int, window: Window | None
) -> Sequence[Chunk]:
    """See `headrace.sources.Database.chunks`.

    By the key if the rows lie in its order, for another run can go on with these chunks; else by
    pages, if others can be given the snapshot in which a row has its place. What seems small is one
    range of all pages, so that it can be split. A view is not cut, nor a table from which others
    inherit, whose keys may be NULL or double there, nor one of which a policy hides rows.
    """
    if window is not None:
        return window_ranges.ranges(session, selection, rows, window)
    columns = {column.name: column for column in read_columns(session, selection.ref)}
    extent = extents.look_up(session, selection.ref)
    if extent.family or extent.filtered:
        return (WHOLE,)
    by_pages = page_ranges.possible(session, extent)
    if extent.rows < _WORTH_CUTTING * rows:
        return (page_ranges.ALL if by_pages else WHOLE,)
    rows = max(rows, -(-extent.rows // MOST_CHUNKS))
    by_key: Sequence[Chunk] = ()
    for index in _preferred(extent, selection):
        if key := key_columns([column.name for column in index.columns], columns):
            found = key_ranges.Key(key, index.columns[0])
            by_key = key_ranges.ranges(session, selection.ref, extent, found, rows)
            break
    coarse = any((chunk.estimated_rows or 0) > _COARSE * rows for chunk in by_key)
    if by_key and not coarse:
        return by_key
    if by_pages:
        return page_ranges.ranges(extent, rows)
    return by_key or (WHOLE,)


def split(session: Session, selection: Selection, chunk: Chunk, rows: int) -> Sequence[Chunk]:
    """See `headrace.sources.Database.split`."""
    if not chunk.columns or chunk.by_cursor:
        return (chunk,)
    if chunk.physical:
        return page_ranges.split(session, selection.ref, chunk, rows)
    return key_splits.split(session, selection, chunk, rows)


def condition(session: Session, selection: Selection, chunk: Chunk) -> str:
    """What a row fulfils that is in the chunk, which is not the whole table."""
    if chunk.physical:
        return page_ranges.condition(chunk)
    if chunk.by_cursor:
        return window_ranges.condition(session, selection, chunk)
    return within(key_of(session, selection, chunk), chunk)


def _preferred(extent: Extent, selection: Selection) -> Sequence[extents.Index]:
    """The primary key, else the key that was chosen, else any other."""

    def order(index: extents.Index) -> tuple[bool, bool]:
        return not index.primary, {column.name for column in index.columns} != set(selection.key)

    return sorted(extent.keys, key=order)
