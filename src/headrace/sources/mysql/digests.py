"""Digests of the columns as they are read, computed by MySQL or MariaDB."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.chunks import Chunk
from headrace.digests import Digest
from headrace.model import Selection, UnfitPolicy, Window
from headrace.sources.mysql.canonical import canonical, hashed, present
from headrace.sources.mysql.reader import form_of, taken_columns, taken_rows
from headrace.sources.mysql.session import Session

# Of a result's 4096 columns each takes two.
_AT_ONCE = 2000


def digest(
    session: Session,
    selection: Selection,
    unfit: UnfitPolicy,
    part: tuple[Window | None, Chunk],
) -> Mapping[str, Digest]:
    """See `headrace.sources.Database.digest`."""
    columns = taken_columns(session, selection)
    rows = taken_rows(session, selection, part)
    digests = {}
    for first in range(0, len(columns), _AT_ONCE):
        asked = columns[first : first + _AT_ONCE]
        forms = [(column, form_of(column, selection, unfit)) for column in asked]
        answers = ", ".join(
            f"COUNT({present(*form)}), COALESCE(SUM({hashed(canonical(*form))}), 0)"
            for form in forms
        )
        what = f"Computing the digests of {selection.ref}"
        (found,) = session.query(what, f"SELECT {answers} {rows}")
        for column, values, total in zip(asked, found[::2], found[1::2], strict=True):
            digests[column.name] = Digest(values=int(values), total=int(total))
    return digests
