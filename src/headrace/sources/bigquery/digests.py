"""Digests of the columns as they are read, computed by BigQuery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from headrace.digests import Digest
from headrace.googlesql.canonical import canonical, hashed
from headrace.googlesql.identifiers import quoted
from headrace.model import Selection, UnfitPolicy, Window
from headrace.sources.bigquery.columns import Taken
from headrace.sources.bigquery.reader import condition, taken_columns, wanted
from headrace.sources.bigquery.session import Session
from headrace.sources.bigquery.types import Form

# Types whose text BigQuery's SQL and its Storage Read API may write differently.
_WRITTEN_BY_EITHER = ("GEOGRAPHY", "JSON")

_WITHOUT_ZEROS = "IF(STRPOS({0}, '.') > 0, RTRIM(RTRIM({0}, '0'), '.'), {0})"


def digest(
    session: Session, selection: Selection, unfit: UnfitPolicy, window: Window | None
) -> Mapping[str, Digest]:
    """See `headrace.sources.Database.digest`; of a view it is that of the result that was read."""
    columns = [each for each in taken_columns(session, selection, unfit) if _digested(each)]
    if not columns:
        return {}
    texts = [text_of(each, f"column{place}") for place, each in enumerate(columns)]
    asked = ", ".join(
        f"COUNT({text}), COALESCE(SUM(CAST({hashed(text)} AS BIGNUMERIC)), 0)" for text in texts
    )
    rows = renamed(columns, _rows(session, selection, unfit, window))
    given = session.query(
        f"Computing the digests of {selection.ref}",
        f"SELECT {asked} FROM {rows}",  # noqa: S608 - quoted
    )
    found = iter(given[0])
    return {
        each.column.name: Digest(values=int(values), total=int(total))
        for each, values, total in zip(columns, found, found, strict=True)
    }


def renamed(columns: Sequence[Taken], rows: str) -> str:
    """A query of the columns as `column0`, `column1`, …, by names that mean nothing else.

    `rows` is what follows FROM.
    """
    listed = (f"{quoted(each.column.name)} AS column{n}" for n, each in enumerate(columns))
    return f"(SELECT {', '.join(listed)} FROM {rows})"  # noqa: S608 - quoted


def text_of(taken: Taken, name: str) -> str:
    """The expression for the canonical text of a column's values as they are carried."""
    if taken.form.form is Form.DIGITS:
        return _WITHOUT_ZEROS.format(f"CAST({name} AS STRING)")
    text = canonical(name, taken.form.arrow)
    # What arrives of an array that is NULL is an empty one.
    return f"COALESCE({text}, '')" if pa.types.is_list(taken.form.arrow) else text


def _digested(taken: Taken) -> bool:
    """Where a number was replaced by NULL, or others may write the text, there is no digest."""
    if taken.form.unfit or taken.column.type.name in _WRITTEN_BY_EITHER:
        return False
    return taken.form.form in (Form.SENT, Form.DIGITS)


def _rows(session: Session, selection: Selection, unfit: UnfitPolicy, window: Window | None) -> str:
    """What follows FROM."""
    if session.described(selection.ref).stored:
        where = condition(session, selection, window)
        return session.from_(selection.ref) + (f" WHERE {where}" if where else "")
    _, project, _, dataset, _, table = wanted(session, selection, unfit, window).table.path.split(
        "/"
    )
    return ".".join(map(quoted, (project, dataset, table)))
