"""Names and texts in GoogleSQL ("Lexical structure and syntax")."""

from __future__ import annotations


def quoted(name: str) -> str:
    """The name as an identifier that means exactly this name."""
    return f"`{_escaped(name, '`')}`"


def qualified(*names: str) -> str:
    """A table with its project and dataset, quoted."""
    return ".".join(map(quoted, names))


def literal(text: str) -> str:
    """The text as a constant, where no parameter can stand."""
    return f"'{_escaped(text, chr(39))}'"


def _escaped(text: str, quote: str) -> str:
    """Identifiers have the escapes of texts."""
    escapes = {"\\": "\\\\", quote: f"\\{quote}", "\n": "\\n", "\r": "\\r"}
    return "".join(escapes.get(each, each) for each in text)
