"""Whether the selected tables can be read: each is asked for, and none of its rows."""

from __future__ import annotations

from collections.abc import Sequence

from google.cloud.bigquery import QueryJobConfig

from headrace.model import Selection
from headrace.sources import Finding
from headrace.sources.bigquery.columns import Taken
from headrace.sources.bigquery.errors import translated
from headrace.sources.bigquery.reader import chosen_columns, statement
from headrace.sources.bigquery.session import Session, of_a_view
from headrace.sources.bigquery.types import carried

# The rest is left to the run when the time of a test is nearly over.
_LEAST_SECONDS = 5.0


def of_selection(session: Session, selection: Sequence[Selection]) -> Finding:
    """Raises TABLE_NOT_FOUND, COLUMN_NOT_FOUND, PERMISSION_DENIED, VIEW_INVALID, …."""
    looked_at = 0
    for one in selection:
        left = session.patience.statement
        if left is not None and left < _LEAST_SECONDS:
            break
        _check(session, one)
        looked_at += 1
    if looked_at < len(selection):
        return Finding(f"The account may read {looked_at} tables; no time was left for the rest.")
    tables = "the selected table" if looked_at == 1 else f"all {looked_at} selected tables"
    return Finding(f"The account may run statements and read {tables}.")


def _check(session: Session, selection: Selection) -> None:
    """A read that is begun tells of rights, as does a statement that is looked at and not run."""
    what = f"Looking at the rights to {selection.ref}"
    columns = [Taken(each, carried(each.type)) for each in chosen_columns(session, selection)]
    described = session.described(selection.ref)
    if described.stored:
        names = [each.column.name for each in columns]
        session.read_session(what, session.stored(selection.ref), names)
        return
    with of_a_view(described), translated(what):
        session.clients.rest.query(
            statement(session, selection, columns, ""),
            job_config=QueryJobConfig(dry_run=True, use_query_cache=False),
            retry=session.patience.retry,
            job_retry=None,
            timeout=session.patience.attempt,
        )
