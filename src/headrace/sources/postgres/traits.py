"""What PostgreSQL's catalogues and statistics tell of columns that may be cursors."""

from __future__ import annotations

import re
from collections.abc import Sequence

from headrace.sources.candidates import Traits
from headrace.sources.modes import Activity
from headrace.sources.postgres.columns import SourceColumn
from headrace.sources.postgres.session import Session
from headrace.sources.postgres.windows import KINDS
from headrace.tables import TableRef
from headrace.values import Value

# Of the triggers those whose function, in whatever language, is seen to set the column. An index
# of texts serves if it is ordered byte by byte, as windows are. What ANALYZE found in a table with
# its children comes first, but how its rows lie is known of the table alone.
_TRAITS = """
SELECT json_build_object(
    'name', a.attname,
    'fills', CASE WHEN a.attgenerated::text = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
    'identity', a.attidentity::text <> '',
    'trigger', (
        SELECT t.tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
            AND t.tgtype & 19 = 19 -- before each row's update
            AND cardinality(t.tgattr::int2[]) = 0
            AND (p.proname = 'moddatetime'
                AND t.tgargs = convert_to(a.attname, 'UTF8') || decode('00', 'hex')
                OR a.attname ~ '^[[:alnum:]_]+$' AND p.prosrc ~* (
                    'new[[:space:]]*[.][[:space:]]*"?' || a.attname || '"?[[:space:]]*:?='))
        ORDER BY t.tgname LIMIT 1
    ),
    'index', (
        SELECT json_build_object('name', i.relname, 'partial', x.indpred IS NOT NULL)
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am m ON m.oid = i.relam
        LEFT JOIN pg_collation l ON l.oid = x.indcollation[0]
        WHERE x.indrelid = c.oid AND x.indkey[0] = a.attnum AND x.indisvalid
            AND m.amname IN ('btree', 'brin') AND coalesce(l.collname, 'C') = 'C'
        ORDER BY x.indpred IS NOT NULL, i.relname LIMIT 1
    ),
    'null_fraction', s.null_fraction,
    'correlation', s.correlation
)::text
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN (
    SELECT attname, (array_agg(null_frac ORDER BY inherited DESC))[1] AS null_fraction,
        max(correlation) FILTER (WHERE NOT inherited) AS correlation
    FROM pg_stats
    WHERE schemaname::text = :schema::text AND tablename::text = :table::text
    GROUP BY attname
) s ON s.attname = a.attname
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE n.nspname::text = :schema::text AND c.relname::text = :table::text
    AND a.attnum > 0 AND NOT a.attisdropped
"""

_ACTIVITY = """
SELECT sum(pg_stat_get_tuples_inserted(part))::bigint,
    sum(pg_stat_get_tuples_updated(part))::bigint, sum(pg_stat_get_tuples_deleted(part))::bigint
FROM (
    SELECT coalesce(p.relid, c.oid) AS part
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_partition_tree(c.oid) p ON true
    WHERE n.nspname::text = :schema::text AND c.relname::text = :table::text
        AND c.relkind IN ('r', 'p')
) parts
"""

_NOW = re.compile(
    r"(?i)\b(now|clock_timestamp|statement_timestamp|transaction_timestamp)\(\)"
    r"|\b(CURRENT_TIMESTAMP|LOCALTIMESTAMP|CURRENT_DATE)\b"
)
# From here on rows are said to lie in the order of a column.
_IN_ORDER = 0.99


class _Index(Value):
    name: str
    partial: bool


class _Found(Value):
    name: str
    fills: str | None
    identity: bool
    trigger: str | None
    index: _Index | None
    null_fraction: float | None
    correlation: float | None


def traits(session: Session, table: TableRef, columns: Sequence[SourceColumn]) -> Sequence[Traits]:
    """Of the columns whose type a cursor may have, in their order."""
    lines = session.query(
        f"Describing {table}", _TRAITS, schema=table.schema_name, table=table.table_name
    )
    found = {each.name: each for each in (_Found.model_validate_json(text) for (text,) in lines)}
    return [
        _traits(column, found[column.name])
        for column in columns
        if KINDS.get(column.type.name or "") and column.name in found
    ]


def activity(session: Session, table: TableRef) -> Activity | None:
    """None for what is no table of this server's."""
    ((added, updated, deleted),) = session.query(
        f"Describing {table}", _ACTIVITY, schema=table.schema_name, table=table.table_name
    )
    return None if added is None else Activity(added, updated, deleted)


def _traits(column: SourceColumn, found: _Found) -> Traits:
    whole = found.index is not None and not found.index.partial
    fills = found.fills or ""
    counted = found.identity or fills.startswith("nextval(")
    return Traits(
        name=column.name,
        kind=KINDS[column.type.name or ""],
        source_type=column.source_type,
        nullable=column.nullable,
        index=found.index.name if found.index and whole else None,
        null_fraction=found.null_fraction,
        set_on_insert=f"Its default is {fills}." if _NOW.search(fills) else None,
        set_on_update=f"Trigger {found.trigger} sets it at each update." if found.trigger else None,
        counted="A sequence fills it." if counted else None,
        remarks=tuple(_remarks(column, found)),
    )


def _remarks(column: SourceColumn, found: _Found) -> list[str]:
    said = []
    if column.generated:
        said.append("The database computes it from other columns.")
    if found.index and found.index.partial:
        said.append(f"Index {found.index.name} begins with it, but covers only some of the rows.")
    if found.correlation is not None and found.correlation >= _IN_ORDER:
        said.append(f"Rows lie in its order (correlation {found.correlation:.2f}).")
    return said
