"""docs/errors.md: the error catalogue as tables."""

from __future__ import annotations

from headrace import errors
from headrace.errors import Kind, catalogue
from headrace.generated.error_codes import TABLES

# Each section of the catalogue goes from its first kind to the next section's.
_SECTIONS = {
    errors.INVALID_INPUT: "Requests",
    errors.SETTINGS_INVALID: "Settings",
    errors.SOURCE_NOT_FOUND: "Sources, drafts and runs",
    errors.DOCUMENT_EXISTS: "Documents and vault",
    errors.ADDRESS_INVALID: "Reaching a database",
    errors.TABLE_NOT_FOUND: "Tables",
    errors.VALUE_NOT_CARRIED: "Extraction",
}

_BY_CODE = (
    "An error of a database, of TLS or of the operating system is told by its code, never by its "
    "words: those are another language elsewhere, and a stranger chose them."
)


def errors_md() -> str:
    """The error catalogue as tables, in its order."""
    lines = [
        "# Errors",
        "",
        "Generated from `src/headrace/errors.py` and the tables of codes that stand beside what "
        "raises them; write it anew with `make docs`.",
        "",
        "Every refusal is an `application/problem+json` (RFC 9457) with these members: `title`, "
        "`status`, `code`, `detail` (what was being done to what, and why it failed), `hint` (the "
        "next step), `retryable`, and `fields` (each wrong field with its path and a message). "
        "4xx is the caller's, 424 is the source's database, 5xx is this service's own.",
    ]
    for kind in catalogue():
        if kind in _SECTIONS:
            lines += [
                "",
                f"## {_SECTIONS[kind]}",
                "",
                "| code | status | title | next step | does retrying help? |",
                "|---|---|---|---|---|",
            ]
        lines.append(_row(kind))
    lines += ["", "## What an error from elsewhere stands for", "", _BY_CODE]
    for table in TABLES:
        lines += table.lines()
    return "\n".join([*lines, ""])


def _row(kind: Kind) -> str:
    hint = kind.hint.replace("|", "\\|")
    retry = "yes" if kind.transient else "no"
    return f"| `{kind.code}` | {kind.status} | {kind.title} | {hint} | {retry} |"
