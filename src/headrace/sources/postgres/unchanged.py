"""Whether a table is still what the snapshot says that it is.

A snapshot keeps the rows as they were, but not from everything: to a snapshot taken before it, a
table that was truncated, or rewritten by ALTER TABLE, is empty ("Caveats" of the PostgreSQL
manual's chapter on concurrency control), and a column's type is always the latest.
"""

from __future__ import annotations

from collections.abc import Sequence

from headrace.errors import TABLE_CHANGED, HeadraceError
from headrace.sources.postgres.columns import SourceColumn
from headrace.sources.postgres.identifiers import qualified, quoted
from headrace.sources.postgres.session import Session
from headrace.tables import TableRef

# pg_class is read as of the snapshot, pg_relation_filenode says what is now. Partitions, children
# and what a view reads from are looked at too. Files of VACUUM FULL and CLUSTER are new as well,
# though nothing is lost with them: they can't be told apart.
_REWRITTEN = """
WITH RECURSIVE part AS (
    SELECT c.oid, c.relkind, c.relfilenode
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname::text = :schema::text AND c.relname::text = :table::text
    UNION
    SELECT c.oid, c.relkind, c.relfilenode
    FROM part, LATERAL (
        SELECT i.inhrelid AS oid FROM pg_inherits i WHERE i.inhparent = part.oid
        UNION ALL
        SELECT d.refobjid
        FROM pg_rewrite r JOIN pg_depend d
            ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
            AND d.refclassid = 'pg_class'::regclass
        WHERE r.ev_class = part.oid AND part.relkind = 'v'
    ) below JOIN pg_class c ON c.oid = below.oid
)
SELECT EXISTS (
    SELECT FROM part
    WHERE relfilenode <> 0 AND relkind IN ('r', 'm')
        AND pg_relation_filenode(oid) IS DISTINCT FROM relfilenode
)
"""


def check_unchanged(session: Session, table: TableRef, columns: Sequence[SourceColumn]) -> None:
    """Lock the table against ALTER and TRUNCATE until the session ends, and check that none came.

    Raises TABLE_CHANGED, TABLE_LOCKED, and what reading the table raises.
    """
    what = f"Reading {table}"
    listed = ", ".join(quoted(column.name) for column in columns)
    types = session.result_types(what, f"SELECT {listed} FROM {qualified(table)} LIMIT 0")  # noqa: S608
    for column, type_oid in zip(columns, types, strict=True):
        if type_oid != column.type_oid:
            raise HeadraceError(
                TABLE_CHANGED, f"{what}: column '{column.name}' has got another type meanwhile."
            )
    ((rewritten,),) = session.query(
        what, _REWRITTEN, schema=table.schema_name, table=table.table_name
    )
    if rewritten:
        raise HeadraceError(
            TABLE_CHANGED, f"{what}: it has been truncated or rewritten since the run began."
        )
