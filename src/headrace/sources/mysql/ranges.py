"""What the index of a key tells of its ranges, without reading a table's rows."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.chunks import Chunk
from headrace.sources.mysql.keys import Key, within
from headrace.sources.mysql.session import Session

Texts = tuple[str, ...]


class Ranges:
    """Lookups in the key's index."""

    def __init__(self, session: Session, what: str, key: Key) -> None:
        """`what` says in errors what was being done."""
        self.key = key
        self._session = session
        self._what = what

    def keys(self, chunk: Chunk, number: int, place: int = 0) -> Sequence[Texts]:
        """The keys of so many rows of the chunk in order, after those before that place."""
        return self._query(
            f"SELECT {self.key.texts} FROM {self.key.rows} WHERE {self._within(chunk)} "  # noqa: S608
            f"ORDER BY {self.key.ordered()} LIMIT {number} OFFSET {place}"
        )

    def ends(self, chunk: Chunk) -> tuple[Texts, Texts] | None:
        """The first key and the last, of those whose first column can be compared."""
        usable = f"{self._within(chunk)} AND {self.key.columns[0].usable}"
        found = [
            row
            for direction in ("ASC", "DESC")
            for row in self._query(
                f"SELECT {self.key.texts} FROM {self.key.rows} WHERE {usable} "  # noqa: S608
                f"ORDER BY {self.key.ordered(direction)} LIMIT 1"
            )
        ]
        return (found[0], found[1]) if len(found) == 2 else None

    def hold_at_most(self, chunk: Chunk, rows: int) -> bool:
        """Whether there are no more numbers from the first key to the last, each of which is there
        once.
        """
        (column, *others) = self.key.columns
        if others or not column.integer or not self.key.whole:
            return False
        ends = self.ends(chunk)
        return ends is None or int(ends[1][0]) - int(ends[0][0]) < rows

    def below(self, chunk: Chunk, limits: Sequence[str]) -> Sequence[Texts]:
        """The chunk's last key below each of the limits, each key once, in order.

        The server puts them in order, whatever that of the limits is.
        """
        names, within_chunk = self.key.ordered(), self._within(chunk)
        found = " UNION ".join(
            f"SELECT * FROM (SELECT {names} FROM {self.key.rows} "  # noqa: S608
            f"WHERE {within_chunk} AND {limit} ORDER BY {self.key.ordered('DESC')} LIMIT 1"
            f") AS found{place}"
            for place, limit in enumerate(limits)
        )
        return self._query(f"SELECT {self.key.texts} FROM ({found}) AS found ORDER BY {names}")  # noqa: S608

    def estimates(self, chunks: Sequence[Chunk]) -> Sequence[int]:
        """The numbers of rows as the optimizer estimates them, for two chunks or more.

        It looks at a few pages of the index. Of a large range it takes about twice as many as there
        are, but no more than half of what it believes to be in the table.
        """
        counted = " UNION ALL ".join(
            f"(SELECT 1 FROM {self.key.rows} WHERE {self._within(chunk)})"  # noqa: S608
            for chunk in chunks
        )
        plan = self._session.records(self._what, f"EXPLAIN FORMAT=TRADITIONAL {counted}")
        rows = {step["id"]: int(step["rows"] or 0) for step in plan if step["id"] is not None}
        return [rows.get(place, 0) for place in range(1, len(chunks) + 1)]

    def _within(self, chunk: Chunk) -> str:
        return within(self.key.columns, chunk)

    def _query(self, sql: str) -> Sequence[Texts]:
        return [tuple(map(str, row)) for row in self._session.query(self._what, sql)]
