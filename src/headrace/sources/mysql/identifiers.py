"""Names and texts in SQL."""

from __future__ import annotations

import re

from headrace.tables import TableRef


def quoted(name: str) -> str:
    """The name as an identifier that means exactly this name ("Schema Object Names")."""
    return "`" + name.replace("`", "``") + "`"


def account(user: str, host: str = "%") -> str:
    """The account `user@host`, quoted ("Specifying Account Names").

    In backticks, as in them no sql_mode makes a backslash or a quote mean something else.
    """
    return f"{quoted(user)}@{quoted(host)}"


def all_of(database: str) -> str:
    """All tables of the database, and of no other, where a right is granted ("GRANT Statement").

    There `_` and `%` would stand for others too.
    """
    return quoted(re.sub(r"([_%\\])", r"\\\1", database)) + ".*"


def literal(text: str) -> str:
    """The text as a constant, whatever a backslash means ("String Literals")."""
    if "\\" in text:
        return f"CONVERT(0x{text.encode().hex()} USING utf8mb4)"
    return "'" + text.replace("'", "''") + "'"


def qualified(table: TableRef) -> str:
    """The table with its database, quoted."""
    return f"{quoted(table.schema_name)}.{quoted(table.table_name)}"
