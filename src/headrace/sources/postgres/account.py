"""What a user may do beyond reading, which one that reads for an extraction had better not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headrace.checks import Fact
from headrace.sources.near import listed, shown
from headrace.values import Name, Value

# To be put into a query's JSON.
SQL = """(
    SELECT json_build_object(
        'name', rolname, 'superuser', rolsuper, 'bypasses', rolbypassrls,
        'makes_roles', rolcreaterole, 'makes_databases', rolcreatedb, 'replicates', rolreplication,
        'reaches_out', pg_has_role('pg_execute_server_program', 'MEMBER')
            OR pg_has_role('pg_write_server_files', 'MEMBER'))
    FROM pg_roles WHERE rolname = current_user
)"""

_ADVICE = "Use a user that may only read: 'headrace grants' writes the SQL that makes one."
_POWERS = {
    "superuser": "a superuser, who may do anything",
    "bypasses": "exempt from row-level security",
    "makes_roles": "allowed to make and change users",
    "makes_databases": "allowed to make databases",
    "replicates": "allowed to copy the whole server by replication",
    "reaches_out": "allowed to run programs or write files on the server",
}


class Account(Value):
    """As which role the statements run: a pooler or a setting may have made it another one."""

    name: Name
    superuser: bool
    bypasses: bool
    makes_roles: bool
    makes_databases: bool
    replicates: bool
    reaches_out: bool


def facts(
    account: Account, writable: Sequence[str], writable_tables: int, tables: int
) -> Iterator[Fact]:
    """`writable` are the first of so many tables that the user owns or may write to."""
    powers = [words for name, words in _POWERS.items() if getattr(account, name)]
    if account.superuser:
        powers = powers[:1]
        writable_tables = 0  # this goes without saying
    who = f"'{shown(account.name)}'"
    if powers:
        yield Fact(name="account", value=f"{who} is {' and '.join(powers)}.", advice=_ADVICE)
    if writable_tables:
        names = listed(writable, writable_tables)
        value = f"{who} owns, or may write to, {writable_tables:,} of {tables:,} tables: {names}."
        yield Fact(name="account", value=value, advice=_ADVICE)
    if not powers and not writable_tables:
        yield Fact(name="account", value=f"{who} may only read, as it should be.")
