"""Row-level security: tables of which a user sees some rows only, and is not told so."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.checks import Fact
from headrace.sources import Finding
from headrace.sources.near import listed
from headrace.sources.postgres.identifiers import qualified, quoted
from headrace.tables import TableRef

_ADVICE = (
    "Rows may be missing without any error. If all of them shall be read, have the owner of the "
    "tables run these statements; a restrictive policy hides rows nevertheless."
)


def hidden_rows(tables: Sequence[TableRef], user: str, total: int | None = None) -> Finding | None:
    """A warning about these tables, the first of so many; None if there are none."""
    if not tables:
        return None
    names = listed([str(table) for table in tables], total)
    value = f"Row-level security decides which rows this user sees of {names}."
    statements = "\n".join(
        f"CREATE POLICY {quoted(f'{user} reads all')} ON {qualified(table)} "
        f"FOR SELECT TO {quoted(user)} USING (true);"
        for table in tables
    )
    fact = Fact(name="row-level security", value=value, advice=_ADVICE)
    return Finding(value, advice=_ADVICE, copy=statements, facts=(fact,))
