"""The list of tables, from the catalogues alone: nothing is counted, no table is read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa

from headrace.errors import TABLE_NOT_FOUND, HeadraceError
from headrace.sources.postgres.rows import rows
from headrace.sources.postgres.session import Session
from headrace.sources.wire.columns import Kind
from headrace.sources.wire.decoding import WireColumn
from headrace.tables import TableRef, TableSummary

# Estimates (pg_class.reltuples): -1 means never analysed; before PostgreSQL 14 that was 0 with
# no pages. A partitioned table is the sum of its leaves, and unknown if one of them is.
# The has_…_privilege functions and pg_total_relation_size give NULL, not an error, for a table
# that is dropped meanwhile.
_SUMMARIES = """
WITH RECURSIVE tree AS (
    SELECT c.oid AS root, c.oid AS part
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'p' AND {chosen}
    UNION ALL
    SELECT tree.root, i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = tree.part
), sized AS (
    SELECT c.*,
        CASE WHEN relkind IN ('r', 'm', 'f') AND reltuples >= 0 AND NOT (
            reltuples = 0 AND relpages = 0
            AND current_setting('server_version_num')::int < 140000
        ) THEN reltuples::bigint END AS estimate
    FROM pg_class c
), folded AS (
    SELECT tree.root, count(*) AS leaves, sum(pg_total_relation_size(leaf.oid)) AS bytes,
        CASE WHEN count(leaf.estimate) = count(*) THEN sum(leaf.estimate) END AS estimate
    FROM tree JOIN sized leaf ON leaf.oid = tree.part AND leaf.relkind <> 'p'
    GROUP BY tree.root
)
SELECT json_build_object(
    'schema_name', n.nspname,
    'table_name', c.relname,
    'kind', CASE c.relkind
        WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned' WHEN 'v' THEN 'view'
        WHEN 'm' THEN 'materialized_view' ELSE 'foreign' END,
    'estimated_rows', CASE WHEN c.relkind <> 'p' THEN c.estimate
        WHEN f.root IS NULL THEN 0 ELSE f.estimate END,
    'bytes', CASE WHEN c.relkind = 'p' THEN coalesce(f.bytes, 0)
        WHEN c.relkind IN ('r', 'm') THEN pg_total_relation_size(c.oid) END,
    'comment', obj_description(c.oid, 'pg_class'),
    'primary_key', coalesce((
        SELECT json_agg(a.attname ORDER BY k.place)
        FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k(attnum, place), pg_attribute a
        WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts
            AND a.attrelid = c.oid AND a.attnum = k.attnum
    ), '[]'),
    'column_count', (
        SELECT count(*) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ),
    'partition_count', coalesce(f.leaves, 0),
    'readable', coalesce(
        has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT'), false
    )
)::text
FROM sized c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN folded f ON f.root = c.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {chosen}
ORDER BY n.nspname, c.relname
"""

_ALL = "NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
# The size of any other table is not asked for: that would wait for whoever has locked it.
_ONLY = """(n.nspname::text, c.relname::text) IN (
    SELECT t ->> 0, t ->> 1 FROM json_array_elements(:tables::json) t
)"""

_LINE = WireColumn(pa.field("summary", pa.string()), Kind.TEXT)


def list_tables(session: Session) -> Iterator[TableSummary]:
    """All tables but PostgreSQL's own, by schema and name, partitions folded into their parent."""
    with rows(session, "Listing the tables", _SUMMARIES.format(chosen=_ALL), [_LINE]) as batches:
        for batch in batches:
            for line in batch.column(0).to_pylist():
                yield TableSummary.model_validate_json(line)


def summarise(session: Session, tables: Collection[TableRef]) -> Sequence[TableSummary]:
    """The lines of those tables that exist; a partition has one too."""
    names = json.dumps([(table.schema_name, table.table_name) for table in tables])
    sql = _SUMMARIES.format(chosen=_ONLY)
    found = session.query("Looking up tables", sql, tables=names)
    return [TableSummary.model_validate_json(line) for (line,) in found]


def summarise_one(session: Session, table: TableRef) -> TableSummary:
    """Raises TABLE_NOT_FOUND."""
    found = summarise(session, [table])
    if not found:
        raise HeadraceError(TABLE_NOT_FOUND, f"Looking up {table}: there is no such table.")
    return found[0]
