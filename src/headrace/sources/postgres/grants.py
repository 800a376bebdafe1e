"""The SQL of a user who may read the selected tables and columns, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.checks import Grants
from headrace.connections import PostgresConnection
from headrace.errors import INVALID_INPUT, Field, HeadraceError
from headrace.model import Selection
from headrace.sources.postgres.identifiers import literal, qualified, quoted

# No password: as it stands the statement is refused.
PLACEHOLDER = "<a new password in single quotes>"
# The job takes one connection, the connection test up to two, a list of tables one.
_CONNECTIONS = 5
_LONGEST_NAME = 63

_CREATE = """\
-- Run this in the database {database} as its owner and the tables' owner, or as a superuser,
-- with a new password in the place that waits for one. Who reads a partitioned table needs no
-- right to its partitions, and who reads a view none to what it reads from (unless the view has
-- security_invoker). If a table has row-level security, a policy has to let the user see the rows.
BEGIN;
CREATE ROLE {user} LOGIN PASSWORD {placeholder}
    NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT {connections};
ALTER ROLE {user} SET default_transaction_read_only = on;
GRANT CONNECT ON DATABASE {database} TO {user};
{grants}
COMMIT;

-- PostgreSQL lets every user (PUBLIC) connect to a database and make temporary tables there, and
-- before version 15 also tables in the schema public. These take that from all users who have no
-- right of their own, so look first who needs it:
-- REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC;
-- REVOKE CREATE ON SCHEMA public FROM PUBLIC;
"""

# Rights as they are kept: to the user's own name, and to everybody's. Rights that are kept
# nowhere are the defaults (acldefault), such as those of PUBLIC to a database.
_VERIFY = """\
-- Run this in the database {database}. It lists all that the user may do there: what is granted to
-- it, what is granted to everybody (PUBLIC), and what it has by being more than a plain user.
WITH reader AS (
    SELECT * FROM pg_catalog.pg_roles WHERE rolname = {name}
), given AS (
    SELECT 'database' AS kind, datname::text AS name, NULL::text AS part, acl.*
    FROM pg_catalog.pg_database,
        pg_catalog.aclexplode(coalesce(datacl, pg_catalog.acldefault('d', datdba))) AS acl
    WHERE datname = pg_catalog.current_database()
    UNION ALL
    SELECT 'schema', nspname, NULL, acl.*
    FROM pg_catalog.pg_namespace,
        pg_catalog.aclexplode(coalesce(nspacl, pg_catalog.acldefault('n', nspowner))) AS acl
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    UNION ALL
    SELECT 'table', nspname || '.' || relname, NULL, acl.*
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
        pg_catalog.aclexplode(relacl) AS acl
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    UNION ALL
    SELECT 'column', nspname || '.' || relname, attname, acl.*
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
        pg_catalog.aclexplode(attacl) AS acl
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
)
SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE rolname END AS granted_to, kind, name, part AS column,
    privilege_type || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS may
FROM given JOIN reader ON grantee IN (0, reader.oid)
UNION ALL
SELECT rolname, 'role', rolname, NULL, may
FROM reader, LATERAL (VALUES ('SUPERUSER', rolsuper), ('CREATEDB', rolcreatedb),
    ('CREATEROLE', rolcreaterole), ('REPLICATION', rolreplication), ('BYPASSRLS', rolbypassrls)
) AS power(may, does) WHERE does
UNION ALL
SELECT rolname, 'role', pg_catalog.pg_get_userbyid(m.roleid), NULL, 'MEMBER'
FROM reader JOIN pg_catalog.pg_auth_members m ON m.member = reader.oid
UNION ALL
SELECT rolname, 'table', nspname || '.' || relname, NULL, 'OWNER'
FROM reader JOIN pg_catalog.pg_class c ON c.relowner = reader.oid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY 1, 2, 3, 4, 5;
"""

_REVOKE = """\
-- Run this in the database {database} as who made the user. Sessions that the user still has end
-- when they end themselves. If the user was given more rights since, PostgreSQL says which and
-- changes nothing.
BEGIN;
{revokes}
REVOKE CONNECT ON DATABASE {database} FROM {user};
DROP ROLE {user};
COMMIT;
"""


def grants(connection: PostgresConnection, selection: Sequence[Selection], user: str) -> Grants:
    """See `headrace.sources.grants`. Raises INVALID_INPUT if the user's name is too long."""
    if len(user.encode()) > _LONGEST_NAME:
        message = f"is longer than {_LONGEST_NAME} bytes, to which PostgreSQL would cut it"
        wrong = [Field("user", message)]
        raise HeadraceError(INVALID_INPUT, "The user can't be made.", fields=wrong)
    given, taken = [], []
    for schema in dict.fromkeys(one.schema_name for one in selection):
        given.append(f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {quoted(user)};")
        taken.append(f"REVOKE USAGE ON SCHEMA {quoted(schema)} FROM {quoted(user)};")
    for one in selection:
        right = f"{select_right(one.columns)} ON {qualified(one)}"
        given.append(f"GRANT {right} TO {quoted(user)};")
        taken.insert(0, f"REVOKE {right} FROM {quoted(user)};")
    names = {"user": quoted(user), "database": quoted(connection.database)}
    return Grants(
        create=_CREATE.format(
            **names,
            placeholder=PLACEHOLDER,
            connections=_CONNECTIONS,
            grants="\n".join(given),
        ),
        verify=_VERIFY.format(**names, name=literal(user)),
        revoke=_REVOKE.format(**names, revokes="\n".join(taken)),
    )


def select_right(columns: Sequence[str] | None) -> str:
    """`SELECT`, or `SELECT ("a", "b")` for columns alone."""
    return f"SELECT ({', '.join(map(quoted, columns))})" if columns else "SELECT"
