"""Slices of a table: what one worker reads, and can repeat."""

from __future__ import annotations

from pydantic import Field

from headrace.values import Value

# A table's chunks, at most: each is a document.
MOST_CHUNKS = 4096
# A chunk of more than so many times the rows that were wished for is too large, and is split.
TOO_LARGE = 10


class Chunk(Value):
    """The rows whose `columns`, compared together, lie in `(after, upto]`.

    A bound that lacks is open; without bounds it is the whole table, and without columns one that
    can't be split. The bounds are texts as the source writes them, and the source alone compares
    them.
    """

    columns: tuple[str, ...] = ()
    after: tuple[str, ...] | None = None
    upto: tuple[str, ...] | None = None
    physical: bool = Field(
        default=False,
        description="Whether it is a range of places in the table's file. A row may be at another "
        "place in another snapshot, so all chunks of the table have to be read from one.",
    )
    by_cursor: bool = Field(
        default=False,
        description="Whether it is a range of the cursor's values, within the window that is read. "
        "A row may have another in another snapshot, so the same holds.",
    )
    estimated_rows: int | None = Field(default=None, ge=0)

    @property
    def of_one_snapshot(self) -> bool:
        """Whether all chunks of the table have to be read from one snapshot."""
        return self.physical or self.by_cursor

    @property
    def whole(self) -> bool:
        return self.after is None and self.upto is None


WHOLE = Chunk()
