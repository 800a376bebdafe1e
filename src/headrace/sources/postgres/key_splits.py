"""A range of a key in smaller ones, by walking along the index."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from headrace.chunks import MOST_CHUNKS, TOO_LARGE, Chunk
from headrace.model import Selection
from headrace.sources.postgres.extents import look_up
from headrace.sources.postgres.identifiers import qualified, quoted
from headrace.sources.postgres.key_order import KeyColumn, compared, key_of
from headrace.sources.postgres.session import Session
from headrace.sources.postgres.walking import along_an_index
from headrace.tables import TableRef


def split(session: Session, selection: Selection, chunk: Chunk, rows: int) -> Sequence[Chunk]:
    """The chunk in ranges of so many rows if it has too many, else itself."""
    key = key_of(session, selection, chunk)
    if _holds_at_most(session, selection.ref, key, chunk, TOO_LARGE * rows):
        return (chunk,)
    walk = _Walk(session, selection.ref, key)
    with along_an_index(session, walk.what):
        if not walk.keys(chunk, TOO_LARGE * rows, 1):
            return (chunk,)
        cuts = walk.cuts(chunk, rows)
    return tuple(
        chunk.model_copy(update={"after": after, "upto": upto, "estimated_rows": rows})
        for after, upto in pairwise([chunk.after, *cuts, chunk.upto])
    )


def _holds_at_most(
    session: Session, table: TableRef, key: Sequence[KeyColumn], chunk: Chunk, rows: int
) -> bool:
    """Whether there are no more numbers between the bounds than that, and each is there once."""
    if len(key) > 1 or not key[0].integer or chunk.after is None or chunk.upto is None:
        return False
    if int(chunk.upto[0]) - int(chunk.after[0]) > rows:
        return False
    unique = [[column.name for column in index.columns] for index in look_up(session, table).keys]
    return [key[0].name] in unique


class _Walk:
    def __init__(self, session: Session, table: TableRef, key: Sequence[KeyColumn]) -> None:
        self._session = session
        self._table = table
        self._key = key
        self.what = f"Cutting {table} into chunks"

    def keys(self, chunk: Chunk, offset: int, number: int) -> Sequence[tuple[str, ...]]:
        """The keys of so many rows of the chunk, in their order, after the first ones."""
        table = qualified(self._table)
        # With the table's name, for a name alone would be that of the text beside it.
        names = ", ".join(f"{table}.{quoted(column.name)}" for column in self._key)
        written = ", ".join(column.written for column in self._key)
        found = self._session.query(
            self.what,
            f"SELECT {written} FROM {table} WHERE {compared(self._key, chunk)} "  # noqa: S608 - quoted
            f"ORDER BY {names} OFFSET {offset} LIMIT {number}",
        )
        return [tuple(row) for row in found]

    def cuts(self, chunk: Chunk, rows: int) -> Sequence[tuple[str, ...]]:
        """The key of each row that is so many after the one before, unless it is the last."""
        cuts: list[tuple[str, ...]] = []
        while len(cuts) < MOST_CHUNKS - 1:
            after = cuts[-1] if cuts else chunk.after
            found = self.keys(chunk.model_copy(update={"after": after}), rows - 1, 2)
            if len(found) < 2:
                break
            cuts.append(found[0])
        return cuts
