"""Ranges of a key, by what ANALYZE has left in pg_stats, or by the ends of an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from headrace.chunks import Chunk
from headrace.sources.postgres.extents import Extent, IndexColumn
from headrace.sources.postgres.identifiers import qualified, quoted
from headrace.sources.postgres.key_order import KeyColumn
from headrace.sources.postgres.session import Session
from headrace.tables import TableRef
from headrace.values import Value

# The order of the key that is the order of the rows in the file, or its reverse, has a correlation
# of 1 or -1. With one row in forty elsewhere it is 0.95; each range reads these pages as well.
_IN_ORDER = 0.95

# Without statistics: how many rows, found by the index, have to lie in order.
_LOOKED_AT = 16

# The common values, and the bounds of the histogram, between which equally many of the other rows
# lie: each with the rows up to it. Of those within one step the first is taken. A partitioned
# table's are those of its partitions, or its own where these may not be seen.
_FIGURES = """
WITH RECURSIVE part AS (
    SELECT c.oid, c.relkind, c.relname, c.reltuples, n.nspname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname::text = :schema::text AND c.relname::text = :table::text
    UNION ALL
    SELECT c.oid, c.relkind, c.relname, c.reltuples, n.nspname
    FROM part JOIN pg_inherits i ON i.inhparent = part.oid
    JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE part.relkind = 'p'
), known AS (
    SELECT s.inherited, s.correlation, s.null_frac, s.most_common_freqs AS shares,
        s.most_common_vals::text::text[] AS common, s.histogram_bounds::text::text[] AS bounds,
        CASE WHEN s.inherited
            THEN (SELECT sum(greatest(reltuples, 0)) FROM part WHERE relkind <> 'p')
            ELSE greatest(part.reltuples, 0) END AS rows
    FROM part JOIN pg_stats s ON s.schemaname = part.nspname AND s.tablename = part.relname
        AND s.attname::text = :column::text
), figure AS (
    SELECT *, 1 - null_frac - coalesce((SELECT sum(share) FROM unnest(shares) share), 0) AS others
    FROM known WHERE rows > 0 AND inherited = (SELECT bool_and(inherited) FROM known)
), mark AS (
    SELECT value::{type}{collated} AS value, share * rows AS rows
    FROM figure, unnest(common, shares) AS each(value, share)
    UNION ALL
    SELECT value::{type}{collated},
        CASE WHEN place = 1 THEN 0 ELSE greatest(others, 0) * rows
            / greatest(cardinality(bounds) - 1, 1) END
    FROM figure, unnest(bounds) WITH ORDINALITY AS each(value, place)
), summed AS (
    SELECT value, sum(sum(rows)) OVER (ORDER BY value) AS total FROM mark GROUP BY value
)
SELECT json_build_object(
    'correlation', (SELECT sum(abs(correlation) * rows) / sum(rows) FROM figure),
    'marks', coalesce((SELECT json_agg(json_build_array(value::text, total) ORDER BY value) FROM (
        SELECT DISTINCT ON (floor(total / {rows})) value, total FROM summed
        ORDER BY floor(total / {rows}), value
    ) first), '[]')
)::text
"""


class _Figures(Value):
    correlation: float | None
    marks: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Key:
    """The columns of a key that are compared, and the first as the index has it."""

    columns: tuple[KeyColumn, ...]
    first: IndexColumn


def ranges(
    session: Session, table: TableRef, extent: Extent, key: Key, rows: int
) -> Sequence[Chunk]:
    """Ranges of about so many rows, which are the whole table together.

    None if they would lie scattered over the table, so that each read all of its pages.
    """
    figures = _figures(session, table, key, rows)
    marks: Sequence[tuple[str, float]] = figures.marks
    if marks:
        in_order = (figures.correlation or 0) >= _IN_ORDER
    else:
        ends = _ends(session, table, key) if key.columns[0].integer and extent.has_places else None
        in_order = ends is not None and _lie_in_order(session, table, key, ends)
        marks = [(str(end), place * extent.rows) for place, end in enumerate(ends or ())]
    if not in_order:
        return ()
    bounds = [
        (value, total)
        for value, total in _refined(marks, rows, integer=key.columns[0].integer)
        if rows <= total <= extent.rows - rows / 2
    ]
    names = tuple(column.name for column in key.columns)
    cuts = [(None, 0.0), *(((value,), total) for value, total in bounds), (None, extent.rows)]
    return tuple(
        Chunk(columns=names, after=after, upto=upto, estimated_rows=round(total - before))
        for (after, before), (upto, total) in pairwise(cuts)
    )


def _figures(session: Session, table: TableRef, key: Key, rows: int) -> _Figures:
    sql = _FIGURES.format(
        type=f"pg_catalog.{key.columns[0].type}", collated=key.first.collated, rows=rows
    )
    return session.ask(
        f"Looking up the statistics of {table}",
        sql,
        _Figures,
        schema=table.schema_name,
        table=table.table_name,
        column=key.first.name,
    )


def _refined(
    marks: Sequence[tuple[str, float]], rows: int, *, integer: bool
) -> Iterator[tuple[str, float]]:
    """The marks, and between those of whole numbers that are far apart as many as it takes."""
    yield from marks[:1]
    for (low, before), (high, total) in pairwise(marks):
        pieces = int((total - before) / rows) if integer else 1
        last = low
        for piece in range(1, pieces):
            value = str(int(low) + (int(high) - int(low)) * piece // pieces)
            if value not in (last, high):
                yield value, before + (total - before) * piece / pieces
                last = value
        yield high, total


def _ends(session: Session, table: TableRef, key: Key) -> tuple[int, int] | None:
    """The lowest and the highest value, by the index; None if there is no row."""
    name = quoted(key.first.name)
    ((low, high),) = session.query(
        f"Looking up the ends of {table}",
        f"SELECT min({name})::int8, max({name})::int8 FROM {qualified(table)}",  # noqa: S608
    )
    return None if low is None else (low, high)


def _lie_in_order(session: Session, table: TableRef, key: Key, ends: tuple[int, int]) -> bool:
    """Whether the rows found at even distances are different ones, and lie in order."""
    low, high = ends
    # With the table's name, for a name alone could be that of what stands beside it.
    name = f"{qualified(table)}.{quoted(key.first.name)}"
    points = ", ".join(
        f"({place}, {low + (high - low) * place // _LOOKED_AT}::int8)"
        for place in range(_LOOKED_AT)
    )
    sql = f"""
        SELECT found.page, found.key
        FROM (VALUES {points}) AS point(place, value), LATERAL (
            SELECT (ctid::text::point)[0]::int8 AS page, {name}::int8 AS key
            FROM {qualified(table)} WHERE {name} >= point.value ORDER BY {name} LIMIT 1
        ) AS found
        ORDER BY point.place
    """  # noqa: S608 - all quoted, or numbers
    found = session.query(f"Looking at places in {table}", sql)
    pages = [page for page, _ in found]
    distinct = len({value for _, value in found})
    return distinct > _LOOKED_AT // 2 and (pages == sorted(pages) or pages[::-1] == sorted(pages))
