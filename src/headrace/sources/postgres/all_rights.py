"""What the user may read of all tables, before any is selected. One query tells it."""

from __future__ import annotations

from collections.abc import Iterator

from headrace.checks import Fact
from headrace.sources import Finding
from headrace.sources.near import listed, shown
from headrace.sources.postgres import account
from headrace.sources.postgres.account import Account
from headrace.sources.postgres.hidden_rows import hidden_rows
from headrace.sources.postgres.identifiers import quoted
from headrace.sources.postgres.session import Session
from headrace.tables import TableRef
from headrace.values import Name, Value

_WHAT = "Looking at the rights to the tables"

# Names are for a person; of many the first are enough.
_SQL = f"""
WITH seen AS MATERIALIZED (
    SELECT n.nspname, c.relname,
        has_schema_privilege(n.oid, 'USAGE') AS usage,
        has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
            AS readable,
        pg_has_role(c.relowner, 'USAGE')
            OR has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
            OR has_any_column_privilege(c.oid, 'INSERT, UPDATE') AS writable,
        row_security_active(c.oid) AS hides_rows
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
        AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
)
SELECT json_build_object(
    'account', {account.SQL},
    'tables', (SELECT count(*) FROM seen),
    'readable', (SELECT count(*) FROM seen WHERE readable),
    'writable', (SELECT count(*) FROM seen WHERE writable),
    'hiding', (SELECT count(*) FROM seen WHERE readable AND hides_rows),
    'schemas', (
        SELECT coalesce(json_agg(json_build_object(
            'name', nspname, 'usage', usage, 'tables', tables, 'readable', readable)), '[]')
        FROM (
            SELECT nspname, usage, count(*) AS tables, count(*) FILTER (WHERE readable) AS readable
            FROM seen GROUP BY nspname, usage ORDER BY nspname LIMIT 20
        ) one
    ),
    'unreadable_names', {{names}} WHERE readable IS NOT TRUE {{first}},
    'writable_names', {{names}} WHERE writable {{first}},
    'hiding_names', {{names}} WHERE readable AND hides_rows {{first}}
)::text
""".format(  # noqa: S608 - constants
    names="""(SELECT coalesce(json_agg(json_build_object(
        'schema_name', nspname, 'table_name', relname)), '[]') FROM (
        SELECT nspname, relname FROM seen""",
    first="ORDER BY nspname, relname LIMIT 20) first)",
)


class _Schema(Value):
    name: Name
    usage: bool
    tables: int
    readable: int


class _Rights(Value):
    account: Account
    tables: int
    readable: int
    writable: int
    hiding: int
    schemas: tuple[_Schema, ...]
    unreadable_names: tuple[TableRef, ...]
    writable_names: tuple[TableRef, ...]
    hiding_names: tuple[TableRef, ...]


def of_all_tables(session: Session) -> Finding:
    """How many tables of each schema may be read, and which may not."""
    rights = session.ask(_WHAT, _SQL, _Rights)
    if not rights.tables:
        return Finding(
            "The database holds no table.",
            "Check that this is the right database; tables live in one of them alone.",
            facts=tuple(account.facts(rights.account, (), 0, 0)),
        )
    facts = tuple(_facts(rights))
    if not rights.readable:
        return Finding(
            f"The user may read none of {rights.tables:,} tables.",
            "Have an administrator run those of these statements that are wanted, or make a user "
            "for chosen tables alone: 'headrace grants' writes the SQL.",
            copy=_grant_all(rights),
            facts=facts,
        )
    unseen = hidden_rows(rights.hiding_names, rights.account.name, rights.hiding)
    return Finding(
        f"The user may read {rights.readable:,} of {rights.tables:,} tables.",
        advice=unseen.advice if unseen else None,
        copy=unseen.copy if unseen else None,
        facts=(*(unseen.facts if unseen else ()), *facts),
    )


def _facts(rights: _Rights) -> Iterator[Fact]:
    for schema in rights.schemas:
        value = f"{schema.readable:,} of {schema.tables:,} tables may be read."
        if not schema.usage:
            value = f"None of {schema.tables:,} tables may be read: the right of USAGE is lacking."
        yield Fact(name=f"schema '{shown(schema.name)}'", value=value)
    if unreadable := rights.tables - rights.readable:
        names = listed([str(table) for table in rights.unreadable_names], unreadable)
        yield Fact(name="may not be read", value=f"{names}.")
    writable = [str(table) for table in rights.writable_names]
    yield from account.facts(rights.account, writable, rights.writable, rights.tables)


def _grant_all(rights: _Rights) -> str:
    user = quoted(rights.account.name)
    statements = []
    for schema in rights.schemas:
        name = quoted(schema.name)
        if not schema.usage:
            statements.append(f"GRANT USAGE ON SCHEMA {name} TO {user};")
        statements.append(f"GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO {user};")
    return "\n".join(statements)
