"""Chunks of a table in MySQL: where they begin and end, and their rows.

A chunk is a range of the primary key, by which InnoDB keeps the rows. It ends at the key of a row,
chosen by the server's estimates; wherever that is, the next one begins there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

from headrace.chunks import MOST_CHUNKS, TOO_LARGE, WHOLE, Chunk
from headrace.model import Selection
from headrace.sources.mysql.catalogue import summarise_one
from headrace.sources.mysql.keys import condition, key_of
from headrace.sources.mysql.ranges import Ranges, Texts
from headrace.sources.mysql.session import Session, has_snapshots

__all__ = ["chunks", "condition", "split"]

# What is larger than wanted by no more than this is not worth a cut.
_UNEVEN = 1.5
# So often half of a 64-bit number's range is left, and no text is worth more.
_DEEPEST = 64
# The lookups in one statement, each of which opens the table.
_AT_ONCE = 128


def chunks(session: Session, selection: Selection, rows: int) -> Sequence[Chunk]:
    """See `headrace.sources.Database.chunks`."""
    table = summarise_one(session, selection.ref)
    estimate = table.estimated_rows or 0
    # Without snapshots two statements would see different rows.
    key = key_of(session, selection) if has_snapshots(table.engine) else None
    if key is None:
        return (WHOLE,)
    whole = Chunk(columns=key.names, estimated_rows=estimate)
    if estimate < _UNEVEN * rows:
        return (whole,)
    ranges = Ranges(session, f"Planning {selection.ref}", key)
    size = max(rows, estimate * 2 // MOST_CHUNKS)
    return _together(_Cutting(ranges, size).cut(whole), size)


def split(session: Session, selection: Selection, chunk: Chunk, rows: int) -> Sequence[Chunk]:
    """See `headrace.sources.Database.split`."""
    key = key_of(session, selection) if chunk.columns else None
    if key is None or key.names != chunk.columns:
        return (chunk,)
    ranges = Ranges(session, f"Looking at the size of {selection.ref}", key)
    if _surely_small(ranges, chunk, rows) or not ranges.keys(chunk, 1, TOO_LARGE * rows):
        return (chunk,)
    bounds = islice(_walk(ranges, chunk, rows), MOST_CHUNKS - 1)
    return [piece.model_copy(update={"estimated_rows": rows}) for piece in _cut(chunk, bounds)]


def _surely_small(ranges: Ranges, chunk: Chunk, rows: int) -> bool:
    """Whether there is no need to walk, which takes a tenth of the time of reading.

    What is estimated at less than half of what is too large surely is not too large.
    """
    if chunk.whole:
        return ranges.hold_at_most(chunk, TOO_LARGE * rows)
    estimate, table = ranges.estimates([chunk, Chunk(columns=chunk.columns)])
    # Half of the table is what is said of everything larger, however wrong the table's number is.
    return estimate < TOO_LARGE // 2 * rows and estimate < table // 2


def _walk(ranges: Ranges, chunk: Chunk, rows: int) -> Iterator[Texts]:
    """Every so many rows a key, as long as rows follow."""
    place = rows - 1
    while len(found := ranges.keys(chunk, 2, place)) == 2:
        if ranges.key.takes(found[0]):
            yield found[0]
            chunk = chunk.model_copy(update={"after": found[0]})
            place = rows - 1
        else:
            place += rows


def _cut(chunk: Chunk, bounds: Iterator[Texts]) -> Sequence[Chunk]:
    return [
        chunk.model_copy(update={"after": after, "upto": upto})
        for after, upto in pairwise([chunk.after, *bounds, chunk.upto])
    ]


def _together(chunks: Sequence[Chunk], rows: int) -> Sequence[Chunk]:
    """Neighbours as one that have no more than so many rows together."""
    joined = [chunks[0]]
    for chunk in chunks[1:]:
        number = (joined[-1].estimated_rows or 0) + (chunk.estimated_rows or 0)
        if number <= rows:
            joined[-1] = joined[-1].model_copy(
                update={"upto": chunk.upto, "estimated_rows": number}
            )
        else:
            joined.append(chunk)
    return joined


class _Cutting:
    """Cuts into chunks of about so many rows."""

    def __init__(self, ranges: Ranges, rows: int) -> None:
        self._ranges = ranges
        self._rows = rows
        self._left = MOST_CHUNKS - 1

    def cut(self, chunk: Chunk, times: int = _DEEPEST) -> Sequence[Chunk]:
        """The chunk in smaller ones, which are cut again while their estimates are too large."""
        pieces = min(self._pieces(chunk.estimated_rows or 0), self._left + 1)
        bounds = self._bounds(chunk, pieces) if pieces > 1 and times else ()
        if not bounds:
            return [chunk]
        self._left -= len(bounds)
        smaller = self._estimated(chunk, _cut(chunk, iter(bounds)))
        return [piece for each in smaller for piece in self.cut(each, times - 1)]

    def _pieces(self, estimate: int) -> int:
        """Into how many to cut now: few enough for a statement, to be cut evenly thereafter."""
        if estimate <= _UNEVEN * self._rows:
            return 1
        wanted = round(estimate / self._rows)
        return -(-wanted // -(-wanted // _AT_ONCE))

    def _bounds(self, chunk: Chunk, pieces: int) -> Sequence[Texts]:
        """Keys of rows between the chunk's first and last, evenly spaced as far as can be told.

        The first column is interpolated in which those two differ. Before each place comes the row
        whose key is taken, so that no range between two of them is empty.
        """
        key = self._ranges.key
        ends = self._ranges.ends(chunk)
        if ends is None or not key.takes(ends[1]):
            return ()
        first, last = ends
        differing = (place for place in range(len(first)) if first[place] != last[place])
        place = next(differing, None)
        if place is None:
            return ()
        column = key.columns[place]
        same = [each.compared("=", text) for each, text in zip(key.columns, last, strict=True)]
        inside = [*same[:place], column.compared("<", last[place])]
        limits = []
        for text in column.spaced(first[place], last[place], pieces):
            if column.takes(text):
                limits.append(" AND ".join([*inside, column.compared("<", text)]))
        found = self._ranges.below(chunk, limits) if limits else ()
        return [bound for bound in found if key.takes(bound)]

    def _estimated(self, whole: Chunk, pieces: Sequence[Chunk]) -> Sequence[Chunk]:
        """With estimates that add up to the whole's."""
        found = self._ranges.estimates(pieces)
        share = (whole.estimated_rows or 0) / (sum(found) or 1)
        return [
            piece.model_copy(update={"estimated_rows": round(rows * share)})
            for piece, rows in zip(pieces, found, strict=True)
        ]
