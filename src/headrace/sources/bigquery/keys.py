"""What tells a table's rows apart, which BigQuery itself sees to for no table."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.errors import KEY_NOT_USABLE, HeadraceError
from headrace.googlesql.identifiers import quoted
from headrace.model import Selection
from headrace.sources.bigquery import filters
from headrace.sources.bigquery.columns import SourceColumn, columns_of
from headrace.sources.bigquery.session import Session, of_a_view
from headrace.sources.chosen import chosen

# Which have no equality, or one by which NaN is none.
_NOT_GROUPED = ("FLOAT64", "GEOGRAPHY", "JSON", "STRUCT", "RANGE", "INTERVAL")


def key(session: Session, selection: Selection) -> tuple[str, ...]:
    """See `headrace.sources.Database.key`.

    Nothing keeps a declared key unique, so the rows that are there are asked, at the moment at
    which they are read; that reads the key's columns.
    """
    what = f"Merging {selection.ref}"
    described = session.described(selection.ref)
    names = selection.key or described.primary_key
    if not names:
        raise HeadraceError(KEY_NOT_USABLE, f"{what}: it has no primary key.")
    columns = _columns(session, selection, names)
    for column in columns:
        if column.type.repeated or column.type.name in _NOT_GROUPED:
            raise HeadraceError(
                KEY_NOT_USABLE,
                f"{what}: column '{column.name}' ({column.source_type}) tells no rows apart.",
            )
    listed = ", ".join(map(quoted, names))
    lacking = " OR ".join(f"{quoted(name)} IS NULL" for name in names)
    filtered = " AND ".join(filters.conditions(session, selection))
    where = f" WHERE {filtered}" if filtered else ""
    sql = (
        f"SELECT COALESCE(LOGICAL_OR(number > 1), FALSE), COALESCE(LOGICAL_OR({lacking}), FALSE) "  # noqa: S608
        f"FROM (SELECT {listed}, COUNT(*) AS number FROM {session.from_(selection.ref)}{where} "
        f"GROUP BY {listed})"
    )
    with of_a_view(described):
        ((twice, null),) = session.query(what, sql)
    if twice or null:
        why = "several rows have the same" if twice else "rows have NULL in"
        raise HeadraceError(KEY_NOT_USABLE, f"{what}: {why} {', '.join(names)}.")
    return names


def order(session: Session, selection: Selection, columns: Sequence[str]) -> str:
    """See `headrace.sources.Database.order`; all but collated text has one order."""
    found = _columns(session, selection, columns)
    return ", ".join(f"{each.type}{' collated' if each.collated else ''}" for each in found)


def _columns(
    session: Session, selection: Selection, names: Sequence[str]
) -> Sequence[SourceColumn]:
    alone = {"columns": tuple(names), "unfit_columns": {}, "decimal_columns": {}}
    fields = session.described(selection.ref).fields
    return chosen(selection.model_copy(update=alone), columns_of(fields))
