"""Names and texts in SQL."""

from __future__ import annotations

from headrace.tables import TableRef


def quoted(name: str) -> str:
    """The name as an identifier that means exactly this name ("Lexical Structure", 4.1.1)."""
    return '"' + name.replace('"', '""') + '"'


def qualified(table: TableRef) -> str:
    """The table with its schema, quoted."""
    return f"{quoted(table.schema_name)}.{quoted(table.table_name)}"


def literal(text: str) -> str:
    """The text as a constant, whatever standard_conforming_strings is ("String Constants")."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'" if "\\" not in text else " E'" + doubled.replace("\\", "\\\\") + "'"
