"""Names in SQL."""

from __future__ import annotations

from headrace.model import TableRef


def quoted(name: str) -> str:
    """The name as an identifier that means exactly this name ("Schema Object Names")."""
    return "`" + name.replace("`", "``") + "`"


def qualified(table: TableRef) -> str:
    """The table with its database, quoted."""
    return f"{quoted(table.schema_name)}.{quoted(table.table_name)}"
