"""Names and texts in GoogleSQL ("Lexical structure and syntax")."""

from __future__ import annotations

from headrace.tables import TableRef

# A quoted name has the escapes of a string.
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "`": "\\`", "\n": "\\n", "\r": "\\r"})


def quoted(name: str) -> str:
    """The name as an identifier that means exactly this name."""
    return f"`{name.translate(_ESCAPES)}`"


def qualified(project: str, table: TableRef) -> str:
    """The table with its project and dataset, quoted."""
    return ".".join(map(quoted, (project, table.schema_name, table.table_name)))


def literal(text: str) -> str:
    """The text as a constant."""
    return f"'{text.translate(_ESCAPES)}'"
