"""What the user may read: of all tables, or of those that are selected. One query tells it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headrace.connections import PostgresConnection
from headrace.errors import (
    COLUMN_NOT_FOUND,
    PERMISSION_DENIED,
    PROTOCOL_UNEXPECTED,
    TABLE_NOT_FOUND,
    Field,
    HeadraceError,
    Kind,
)
from headrace.model import Selection
from headrace.sources import READER, Finding
from headrace.sources.near import listed, near, shown
from headrace.sources.postgres import account
from headrace.sources.postgres.account import Account
from headrace.sources.postgres.grants import grants, select_right
from headrace.sources.postgres.hidden_rows import hidden_rows
from headrace.sources.postgres.identifiers import qualified, quoted
from headrace.sources.postgres.session import Session
from headrace.values import Value

_WHAT = "Looking at the rights to the selected tables"
# Of many wrong tables the first are named in the sentence; the fields name all.
_SAID = 20

# What is asked is asked for the selected columns alone, so that the answer stays short. Names are
# compared as texts, so that one too long is not cut to one that exists.
_SQL = f"""
WITH wanted AS (
    SELECT place, value ->> 'schema' AS schema, value ->> 'table' AS name,
        CASE WHEN json_typeof(value -> 'columns') = 'array' THEN value -> 'columns' END AS columns
    FROM json_array_elements(:tables::json) WITH ORDINALITY AS w(value, place)
), looked AS (
    SELECT wanted.*, n.oid AS namespace, c.oid, c.relowner
    FROM wanted
    LEFT JOIN pg_namespace n ON n.nspname::text = wanted.schema
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname::text = wanted.name
        AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
), judged AS (
    SELECT looked.*,
        ARRAY(
            SELECT x.name FROM json_array_elements_text(columns) WITH ORDINALITY AS x(name, place)
            WHERE oid IS NOT NULL AND NOT EXISTS (
                SELECT FROM pg_attribute a WHERE a.attrelid = oid AND a.attname::text = x.name
                    AND a.attnum > 0 AND NOT a.attisdropped)
            ORDER BY x.place
        ) AS absent,
        ARRAY(
            SELECT a.attname::text FROM pg_attribute a
            WHERE a.attrelid = oid AND a.attnum > 0 AND NOT a.attisdropped
                AND NOT has_column_privilege(oid, a.attnum, 'SELECT')
                AND (columns IS NULL OR a.attname::text IN (
                    SELECT json_array_elements_text(columns)))
            ORDER BY a.attnum
        ) AS unreadable
    FROM looked
)
SELECT json_build_object(
    'account', {account.SQL},
    'tables', (SELECT json_agg(json_build_object(
        'has_schema', namespace IS NOT NULL,
        'exists', oid IS NOT NULL,
        'usage', coalesce(has_schema_privilege(namespace, 'USAGE'), false),
        'some_readable', coalesce(has_any_column_privilege(oid, 'SELECT'), false),
        'writable', coalesce(pg_has_role(relowner, 'USAGE')
            OR has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
            OR has_any_column_privilege(oid, 'INSERT, UPDATE'), false),
        'hides_rows', coalesce(row_security_active(oid), false),
        'absent', to_json(absent),
        'unreadable', to_json(unreadable),
        'neighbours', CASE
            WHEN namespace IS NULL THEN (
                SELECT json_agg(nspname) FROM (
                    SELECT nspname FROM pg_namespace ORDER BY nspname LIMIT 1000) n)
            WHEN oid IS NULL THEN (
                SELECT json_agg(relname) FROM (
                    SELECT relname FROM pg_class WHERE relnamespace = namespace
                        AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY relname LIMIT 1000) c)
            WHEN absent <> '{{}}' THEN (
                SELECT json_agg(attname) FROM pg_attribute
                WHERE attrelid = oid AND attnum > 0 AND NOT attisdropped)
        END
    ) ORDER BY place) FROM judged)
)::text
"""  # noqa: S608 - constants


class _Table(Value):
    """A selected table; `neighbours` are the names of which one may have been meant."""

    has_schema: bool
    exists: bool
    usage: bool
    some_readable: bool
    writable: bool
    hides_rows: bool
    absent: tuple[str, ...]
    unreadable: tuple[str, ...]
    neighbours: tuple[str, ...] | None


class _Rights(Value):
    account: Account
    tables: tuple[_Table, ...]


@dataclass(frozen=True)
class _Wrong:
    """What stands in the way of reading a table, in words and in SQL."""

    kind: Kind
    words: str
    field: Field
    mended_by: str | None = None


def of_selection(
    session: Session, connection: PostgresConnection, selection: Sequence[Selection]
) -> Finding:
    """Whether each selected table and column is there and may be read.

    With an error in it (`Finding.error`) if one is not: TABLE_NOT_FOUND, COLUMN_NOT_FOUND or
    PERMISSION_DENIED, in this order, since nobody can grant rights to what is not there.
    """
    asked = [
        {"schema": one.schema_name, "table": one.table_name, "columns": one.columns}
        for one in selection
    ]
    rights = session.ask(_WHAT, _SQL, _Rights, tables=json.dumps(asked))
    if len(rights.tables) != len(selection):
        raise HeadraceError(PROTOCOL_UNEXPECTED, f"{_WHAT}: not all of them were answered for.")
    pairs = list(zip(selection, rights.tables, strict=True))
    writable = [str(one) for one, table in pairs if table.writable]
    unseen = hidden_rows([one.ref for one, table in pairs if table.hides_rows], rights.account.name)
    facts = list(account.facts(rights.account, writable, len(writable), len(selection)))
    wrong = [
        found
        for place, (one, table) in enumerate(pairs)
        for found in _wrong(f"selection.{place}", one, table, rights.account.name)
    ]
    number = len(selection)
    tables = "the selected table" if number == 1 else f"all {number:,} selected tables"
    return Finding(
        f"The user may read {tables}.",
        advice=unseen.advice if unseen else None,
        copy=unseen.copy if unseen else None,
        facts=(*(unseen.facts if unseen else ()), *facts),
        grants=grants(connection, selection, READER),
        error=_error(wrong) if wrong else None,
    )


def _wrong(path: str, one: Selection, table: _Table, user: str) -> Iterator[_Wrong]:
    known = table.neighbours or ()
    schema, name = one.schema_name, one.table_name
    if not table.has_schema:
        yield _absent(f"{path}.schema_name", "schema", schema, near(schema, known))
    elif not table.exists:
        meant = near(name, known)
        yield _absent(f"{path}.table_name", "table", name, meant, f" in {shown(schema)}")
    else:
        for column in table.absent:
            yield _absent(
                f"{path}.columns", "column", column, near(column, known), f" in {shown(str(one))}"
            )
        if not table.usage:
            yield _Wrong(
                PERMISSION_DENIED,
                f"the right of USAGE to schema '{shown(one.schema_name)}' is lacking",
                Field(f"{path}.schema_name", "may not be used by this user"),
                f"GRANT USAGE ON SCHEMA {quoted(one.schema_name)} TO {quoted(user)};",
            )
        if table.unreadable:
            yield _unreadable(path, one, table, user)


def _absent(path: str, what: str, name: str, meant: str | None, where: str = "") -> _Wrong:
    kind = COLUMN_NOT_FOUND if what == "column" else TABLE_NOT_FOUND
    asked = f" (did you mean '{meant}'?)" if meant else ""
    return _Wrong(
        kind,
        f"there is no {what} '{shown(name)}'{where}{asked}",
        Field(path, f"there is no {what} '{shown(name)}'", meant),
    )


def _unreadable(path: str, one: Selection, table: _Table, user: str) -> _Wrong:
    columns = table.unreadable if one.columns else None
    right = f"GRANT {select_right(columns)} ON {qualified(one)} TO {quoted(user)};"
    if not table.some_readable and not one.columns:
        return _Wrong(
            PERMISSION_DENIED,
            f"{shown(str(one))} may not be read",
            Field(f"{path}.table_name", "may not be read by this user"),
            right,
        )
    names = listed(table.unreadable)
    return _Wrong(
        PERMISSION_DENIED,
        f"of {shown(str(one))} may not be read: {names}",
        Field(f"{path}.columns", f"may not be read by this user: {names}"),
        right,
    )


def _error(wrong: Sequence[_Wrong]) -> HeadraceError:
    kinds = {one.kind for one in wrong}
    kind = next(k for k in (TABLE_NOT_FOUND, COLUMN_NOT_FOUND, PERMISSION_DENIED) if k in kinds)
    statements = list(dict.fromkeys(one.mended_by for one in wrong if one.mended_by))
    words = list(dict.fromkeys(one.words for one in wrong))
    more = f"; and {len(words) - _SAID} more" if len(words) > _SAID else ""
    hint = kind.hint if kind is not PERMISSION_DENIED else None
    if statements:
        run = "Have the owner of the tables, or an administrator, run these statements."
        hint = f"{hint} {run}" if hint else run
    return HeadraceError(
        kind,
        f"{_WHAT}: {'; '.join(words[:_SAID])}{more}.",
        hint=hint,
        copy="\n".join(statements) or None,
        fields=[one.field for one in wrong],
    )
