"""Digests of the columns as they are read, computed by PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Mapping

from headrace.chunks import Chunk
from headrace.digests import Digest
from headrace.model import Selection, UnfitPolicy, Window
from headrace.sources.postgres.canonical import canonical, hashed, present
from headrace.sources.postgres.reader import form_of, taken_columns, taken_rows
from headrace.sources.postgres.session import Session


def digest(
    session: Session,
    selection: Selection,
    unfit: UnfitPolicy,
    part: tuple[Window | None, Chunk],
) -> Mapping[str, Digest]:
    """See `headrace.sources.Database.digest`."""
    columns = taken_columns(session, selection)
    forms = [(column, form_of(column, selection, unfit)) for column in columns]
    # As one array, since a table may have as many columns as a result can.
    answers = ", ".join(
        f"count({present(*form)}), coalesce(sum({hashed(canonical(*form))}), 0)" for form in forms
    )
    rows = taken_rows(session, selection, part)
    ((given,),) = session.query(
        f"Computing the digests of {selection.ref}",
        f"SELECT array_to_json(ARRAY[{answers}]::numeric[])::text {rows}",
    )
    found = iter(json.loads(given))
    return {
        column.name: Digest(values=values, total=total)
        for column, values, total in zip(columns, found, found, strict=True)
    }
