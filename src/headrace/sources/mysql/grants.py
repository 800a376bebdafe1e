"""The SQL of a user who may read the selected tables and columns, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from headrace.checks import Grants
from headrace.connections import MysqlConnection, TlsMode
from headrace.model import Selection
from headrace.sources.mysql.identifiers import account, all_of, qualified, quoted
from headrace.tables import TableRef

# No password: as it stands the statement is refused.
PLACEHOLDER = "<a new password in single quotes>"
# The job takes one connection, the connection test one, a list of tables one.
_CONNECTIONS = 5

_CREATE = """\
-- Run this as a user who may make users and grant rights, with a new password in the place that
-- waits for one. In the place of % may stand the address from which the user connects. Who reads a
-- view needs no right to what it reads from (unless it was made with SQL SECURITY INVOKER).
CREATE USER {user} IDENTIFIED BY {placeholder}{encrypted}
    WITH MAX_USER_CONNECTIONS {connections};
{grants}
"""
_ENTERING = """\
-- None of the tables lies in the database that is connected to, and only who has a right there may
-- enter it. This one does nothing by itself.
GRANT LOCK TABLES ON {database} TO {user};
"""
_VERIFY = """\
-- This lists all that the user may do. USAGE means nothing but that it may log in. MariaDB adds a
-- hash of the password: leave it out of what you pass on.
SHOW GRANTS FOR {user};
"""
_REVOKE = """\
-- Sessions that the user still has end when they end themselves.
DROP USER {user};
"""


def grants(connection: MysqlConnection, selection: Sequence[Selection], user: str) -> Grants:
    """See `headrace.sources.grants`. The statements mean the same in every sql_mode."""
    who = account(user)
    given = "\n".join(reading(one, who, one.columns) for one in selection)
    if all(one.schema_name != connection.database for one in selection):
        given += "\n" + _ENTERING.format(user=who, database=all_of(connection.database)).rstrip()
    create = _CREATE.format(
        user=who,
        placeholder=PLACEHOLDER,
        encrypted="" if connection.tls is TlsMode.DISABLE else " REQUIRE SSL",
        connections=_CONNECTIONS,
        grants=given,
    )
    return Grants(create=create, verify=_VERIFY.format(user=who), revoke=_REVOKE.format(user=who))


def reading(table: TableRef, who: str, columns: Iterable[str] | None) -> str:
    """The statement that lets the account read these columns of the table, or all."""
    listed = f" ({', '.join(map(quoted, columns))})" if columns else ""
    return f"GRANT SELECT{listed} ON {qualified(table)} TO {who};"
