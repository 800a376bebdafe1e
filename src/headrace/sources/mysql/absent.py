"""A database that is not there, or may not be entered: what was probably meant."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.connections import MysqlConnection
from headrace.errors import DATABASE_NOT_FOUND, DATABASE_NOT_PERMITTED, Field, HeadraceError
from headrace.model import Selection
from headrace.sources.mysql import roles
from headrace.sources.mysql.grants import reading
from headrace.sources.mysql.identifiers import all_of
from headrace.sources.mysql.privileges import current_account
from headrace.sources.mysql.session import Session
from headrace.sources.near import listed, near, shown
from headrace.values import Value

KINDS = frozenset({DATABASE_NOT_FOUND, DATABASE_NOT_PERMITTED})

_NAMED_AT_MOST = 5
# Unlike SHOW DATABASES, nobody is refused this.
_VISIBLE = """
SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA
WHERE SCHEMA_NAME NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')
ORDER BY SCHEMA_NAME LIMIT 1000
"""


class _Database(Value):
    name: str


def advised(
    error: HeadraceError,
    connection: MysqlConnection,
    session: Session,
    selection: Sequence[Selection],
) -> HeadraceError:
    """The same error with its next step; nothing but a login is asked of the session."""
    what = "Looking for other databases"
    names = [each.name for each in session.answers(what, _VISIBLE, _Database)]
    meant = near(connection.database, names)
    if error.kind is DATABASE_NOT_FOUND:
        return _absent(error, names, meant)
    return _closed(error, connection, session, _grants(connection, session, selection), meant)


def called_otherwise(database: str, name: str) -> str | None:
    """What to do if the server, which minds no letters' case, calls the entered database `name`."""
    if name == database or name.lower() != database.lower():
        return None
    return f"Enter the database as '{shown(name)}': names of tables are compared letter by letter."


def _absent(error: HeadraceError, names: Sequence[str], meant: str | None) -> HeadraceError:
    hint = error.hint
    if meant:
        hint = f"Enter '{meant}', if that is what is meant; upper and lower case matter."
    elif names and len(names) <= _NAMED_AT_MOST:
        hint = f"Enter one of those that this user sees: {listed(names)}."
    return HeadraceError(
        error.kind,
        f"{error.detail}{_asked(meant)}",
        hint=hint,
        copy=meant,
        fields=[Field("connection.database", "there is no database of that name", meant)],
    )


def _closed(
    error: HeadraceError,
    connection: MysqlConnection,
    session: Session,
    grants: str,
    meant: str | None,
) -> HeadraceError:
    def enters() -> bool:
        try:
            session.enter(connection.database)
        except HeadraceError as again:
            if again.kind not in KINDS:
                raise
            return False
        return True

    message = "is not there, or may not be entered by this user"
    field = Field("connection.database", message, meant)
    if role := roles.that_would_do(session, current_account(session), enters):
        name, statement = role
        return HeadraceError(
            error.kind,
            f"{error.detail} The right comes by the role {name}, which is not active after the "
            "login.",
            hint="Have an administrator run this statement, so that it is.",
            copy=statement,
            fields=[Field("connection.database", "may be entered by a role that is not active")],
        )
    hint = "Have an administrator run this, if the name of the database is right."
    if meant:
        hint = f"Enter '{meant}', if that is what is meant; if not, have an administrator run this."
    return HeadraceError(
        error.kind, f"{error.detail}{_asked(meant)}", hint=hint, copy=grants, fields=[field]
    )


def _grants(connection: MysqlConnection, session: Session, selection: Sequence[Selection]) -> str:
    """What lets the user in, and read what is selected, or everything."""
    who = current_account(session).quoted
    inside = [one for one in selection if one.schema_name == connection.database]
    if not inside:
        return f"GRANT SELECT ON {all_of(connection.database)} TO {who};"
    return "\n".join(reading(one, who, one.columns) for one in inside)


def _asked(meant: str | None) -> str:
    return f" Did you mean '{meant}'?" if meant else ""
