"""How large a table is now, and what it could be cut by, from the catalogues alone."""

from __future__ import annotations

from headrace.sources.postgres.identifiers import quoted
from headrace.sources.postgres.session import Session
from headrace.tables import TableRef
from headrace.values import Value

# Rows: as the planner does it, as many as there were on a page when they were counted, on as many
# pages as there are now; before they were ever counted, as many as fit, a text taking 32 bytes.
# A policy that hides rows keeps the planner from using conditions to find others.
# Keys: what the operators and collations of a condition find by the index, and has no NULL; a
# constraint against them may be one that is not yet valid (PostgreSQL 18).
_EXTENT = """
WITH RECURSIVE part AS (
    SELECT c.oid, c.relkind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname::text = :schema::text AND c.relname::text = :table::text
    UNION ALL
    SELECT c.oid, c.relkind
    FROM part JOIN pg_inherits i ON i.inhparent = part.oid JOIN pg_class c ON c.oid = i.inhrelid
    WHERE part.relkind = 'p'
), leaf AS (
    SELECT file.pages, file.pages * CASE
        WHEN c.reltuples > 0 AND c.relpages > 0 THEN c.reltuples / c.relpages
        ELSE (current_setting('block_size')::int - 24) / (28 + coalesce((
            SELECT sum(CASE WHEN a.attlen > 0 THEN a.attlen ELSE 32 END) FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        ), 0)) END AS rows
    FROM part JOIN pg_class c ON c.oid = part.oid AND c.relkind IN ('r', 'm'), LATERAL (
        SELECT coalesce(pg_relation_size(c.oid), 0) / current_setting('block_size')::int AS pages
    ) file
), key AS (
    SELECT i.indexrelid, i.indisprimary, json_agg(json_build_object(
        'name', a.attname,
        'collation', CASE WHEN o.oid IS NOT NULL THEN json_build_array(
            (SELECT nspname FROM pg_namespace WHERE oid = o.collnamespace), o.collname
        ) END
    ) ORDER BY k.place) AS columns
    FROM (SELECT oid FROM part LIMIT 1) AS root
    JOIN pg_index i ON i.indrelid = root.oid AND i.indisunique AND i.indisvalid
        AND i.indpred IS NULL AND i.indexprs IS NULL
    JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_am m ON m.oid = x.relam AND m.amname = 'btree'
    CROSS JOIN unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[])
        WITH ORDINALITY k(attnum, operators, collated, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    LEFT JOIN pg_opclass p ON p.oid = k.operators
    LEFT JOIN pg_collation o ON o.oid = k.collated
    WHERE k.place <= i.indnkeyatts
    GROUP BY i.indexrelid, i.indisprimary
    HAVING bool_and(
        a.attnotnull AND p.opcdefault AND k.collated = a.attcollation AND NOT EXISTS (
            SELECT FROM pg_constraint n WHERE n.conrelid = a.attrelid AND n.contype = 'n'
                AND n.conkey = ARRAY[a.attnum] AND NOT n.convalidated
        )
    )
)
SELECT json_build_object(
    'rows', (SELECT coalesce(sum(rows), 0)::bigint FROM leaf),
    'pages', (SELECT coalesce(sum(pages), 0)::bigint FROM leaf),
    'family', c.relkind <> 'p' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid),
    'filtered', CASE WHEN c.relrowsecurity THEN row_security_active(c.oid) ELSE false END,
    'one_file', c.relkind IN ('r', 'm') AND coalesce((
        SELECT amname = 'heap' FROM pg_am WHERE oid = c.relam
    ), false),
    'readable', has_table_privilege(c.oid, 'SELECT'),
    'keys', coalesce((
        SELECT json_agg(
            json_build_object('primary', indisprimary, 'columns', columns) ORDER BY indexrelid
        ) FROM key
    ), '[]')
)::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname::text = :schema::text AND c.relname::text = :table::text
"""


class IndexColumn(Value):
    name: str
    collation: tuple[str, str] | None

    @property
    def collated(self) -> str:
        """What makes an expression be compared as the column is."""
        if self.collation is None:
            return ""
        schema, name = self.collation
        return f" COLLATE {quoted(schema)}.{quoted(name)}"


class Index(Value):
    """A unique index without NULLs."""

    primary: bool
    columns: tuple[IndexColumn, ...]


class Extent(Value):
    """A table's extent; a view has no rows here.

    `family` says that other tables inherit from it, `filtered` that a policy hides rows of it,
    `one_file` that its rows lie in pages of one file, and `readable` that the user may read all of
    it, the places of its rows too.
    """

    rows: int
    pages: int
    family: bool
    filtered: bool
    one_file: bool
    readable: bool
    keys: tuple[Index, ...]

    @property
    def has_places(self) -> bool:
        """Whether its rows' places (ctid) tell them apart, and may be looked at."""
        return self.one_file and self.readable and not self.family


def look_up(session: Session, table: TableRef) -> Extent:
    """The extent of a table that is there."""
    what = f"Looking up the size of {table}"
    return session.ask(what, _EXTENT, Extent, schema=table.schema_name, table=table.table_name)
