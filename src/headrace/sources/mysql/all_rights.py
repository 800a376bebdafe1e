"""What the user may read of all tables of its database, before any is selected."""

from __future__ import annotations

from collections.abc import Iterator

from headrace.checks import Fact
from headrace.sources import Finding
from headrace.sources.mysql import catalogue, privileges
from headrace.sources.mysql.identifiers import all_of
from headrace.sources.mysql.session import Session
from headrace.sources.near import listed
from headrace.values import Value

_HIDDEN = "The server hides the tables to which a user has no right at all"

# Names are for a person; of many the first are enough.
_UNREADABLE = """
SELECT CONVERT(CAST(TABLE_NAME AS BINARY) USING utf8mb4) AS name
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s
GROUP BY CAST(TABLE_NAME AS BINARY)
HAVING MAX(FIND_IN_SET('select', PRIVILEGES) > 0) = 0
ORDER BY 1 LIMIT 20
"""


class _Table(Value):
    name: str


def of_all_tables(session: Session, database: str) -> Finding:
    """How many of the tables that the user sees may be read, and which may not."""
    tables, readable = catalogue.count_tables(session, database)
    account = privileges.current_account(session)
    facts = (*_facts(session, database, tables - readable), *privileges.facts(session, account))
    if not readable:
        found = (
            f"The user may read none of {tables:,} tables that it sees."
            if tables
            else f"The user sees no table in database '{database}'."
        )
        return Finding(
            found,
            f"Check that this is the right database. {_HIDDEN}: have an administrator run this, or "
            "make a user for chosen tables alone ('headrace grants' writes the SQL).",
            copy=f"GRANT SELECT ON {all_of(database)} TO {account.quoted};",
            facts=facts,
        )
    return Finding(
        f"The user may read {readable:,} of {tables:,} tables that it sees.", facts=facts
    )


def _facts(session: Session, database: str, unreadable: int) -> Iterator[Fact]:
    if unreadable:
        what = "Looking at the rights to the tables"
        names = [each.name for each in session.answers(what, _UNREADABLE, _Table, database)]
        yield Fact(name="may not be read", value=f"{listed(names, unreadable)}.")
    yield Fact(name="not shown", value=f"{_HIDDEN}.")
