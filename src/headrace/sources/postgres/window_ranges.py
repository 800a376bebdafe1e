"""A window of cursor values in smaller ones, by walking along the cursor's index."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from headrace.chunks import MOST_CHUNKS, WHOLE, Chunk
from headrace.model import Selection, Window
from headrace.sources.cursors import CursorKind
from headrace.sources.postgres import extents, windows
from headrace.sources.postgres.identifiers import qualified, quoted
from headrace.sources.postgres.session import Session
from headrace.sources.postgres.walking import along_an_index

# A window of few more rows than a chunk shall have is not worth the ado.
_WORTH_CUTTING = 1.5

# Whether an index of all rows begins with the column, in the order in which it is compared.
_INDEXED = """
SELECT count(*) > 0
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_am m ON m.oid = x.relam AND m.amname = 'btree'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
JOIN pg_opclass p ON p.oid = i.indclass[0] AND p.opcdefault
WHERE n.nspname::text = :schema::text AND c.relname::text = :table::text
    AND a.attname::text = :column::text
"""


def ranges(session: Session, selection: Selection, rows: int, window: Window) -> Sequence[Chunk]:
    """Ranges of about so many rows, which are the window together.

    One if there are few, if no index finds them in order, or if others can't be given the snapshot
    in which a row has its value. Rows of the same value are in one range, however many.
    """
    walk = _Walk(session, selection, window)
    if not session.shares_snapshot or not walk.possible():
        return (WHOLE,)
    with along_an_index(session, walk.what):
        if not walk.values(window.read_after, int(_WORTH_CUTTING * rows), 1):
            return (WHOLE,)
        cuts = walk.cuts(rows)
    return tuple(
        Chunk(columns=selection.cursor, after=after, upto=upto, by_cursor=True, estimated_rows=rows)
        for after, upto in pairwise([None, *((cut,) for cut in cuts), None])
    )


def condition(session: Session, selection: Selection, chunk: Chunk) -> str:
    """What a row of the window fulfils that is in the chunk."""
    cursor = windows.cursor_of(session, selection)
    bounds = []
    if chunk.after is not None:
        bounds.append(cursor.beyond(chunk.after[0]))
    if chunk.upto is not None:
        bounds.append(cursor.up_to(chunk.upto[0]))
    return " AND ".join(bounds) or "TRUE"


class _Walk:
    def __init__(self, session: Session, selection: Selection, window: Window) -> None:
        self.what = f"Cutting what is new in {selection.ref} into chunks"
        self._session = session
        self._selection = selection
        self._window = window
        self._cursor = windows.cursor_of(session, selection)

    def possible(self) -> bool:
        """A text is compared otherwise than its index does."""
        if len(self._selection.cursor) > 1 or self._cursor.kind is CursorKind.TEXT:
            return False
        table = self._selection.ref
        extent = extents.look_up(self._session, table)
        if extent.family or extent.filtered:
            return False
        ((indexed,),) = self._session.query(
            self.what,
            _INDEXED,
            schema=table.schema_name,
            table=table.table_name,
            column=self._selection.cursor[0],
        )
        return bool(indexed)

    def values(self, after: str | None, offset: int, number: int) -> Sequence[str]:
        """The values of so many rows of the window beyond that, in their order, after the first."""
        table = qualified(self._selection.ref)
        # With the table's name, for a name alone would be that of the text beside it.
        name = f"{table}.{quoted(self._selection.cursor[0])}"
        beyond = self._window.model_copy(update={"read_after": after})
        found = self._session.query(
            self.what,
            f"SELECT {name}::text FROM {table} WHERE {self._cursor.within(beyond)} "  # noqa: S608
            f"ORDER BY {name} OFFSET {offset} LIMIT {number}",
        )
        return [value for (value,) in found]

    def cuts(self, rows: int) -> Sequence[str]:
        """The value of each row that is so many after the one before, unless it is the last."""
        cuts: list[str] = []
        while len(cuts) < MOST_CHUNKS - 1:
            found = self.values(cuts[-1] if cuts else self._window.read_after, rows - 1, 2)
            if len(found) < 2 or found[0] == self._window.upto:
                break
            cuts.append(found[0])
        return cuts
