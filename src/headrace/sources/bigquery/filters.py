"""The rows that a selection's filter lets through, in GoogleSQL."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.errors import FILTER_NOT_USABLE, HeadraceError
from headrace.filters import Comparison, Condition
from headrace.googlesql.identifiers import literal, quoted
from headrace.model import Selection
from headrace.sources.bigquery.columns import SourceColumn, columns_of
from headrace.sources.bigquery.session import Session
from headrace.sources.chosen import chosen

# The types that are compared: a constant of text is cast to the column's, without the length or the
# precision to which it would be cut.
_CAST = (
    *("BOOL", "INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC"),
    *("DATE", "TIME", "DATETIME", "TIMESTAMP", "INTERVAL"),
)
_CONSTANTS = {
    **{name: f"CAST({{}} AS {name})" for name in _CAST},
    "STRING": "{}",
    "BYTES": "FROM_HEX({})",
}
# The same, and NULL for a text that is no value.
_PARSED = {
    **{name: f"SAFE_CAST({{}} AS {name})" for name in _CAST},
    "STRING": "{}",
    "BYTES": "SAFE.FROM_HEX({})",
}
_NULLS = (Comparison.IS_NULL, Comparison.IS_NOT_NULL)


def conditions(session: Session, selection: Selection) -> Sequence[str]:
    """SQL of the filter's conditions. Raises FILTER_NOT_USABLE, COLUMN_NOT_FOUND."""
    if not selection.filter:
        return []
    names = tuple(dict.fromkeys(each.column for each in selection.filter))
    alone = {"columns": names, "unfit_columns": {}, "decimal_columns": {}}
    fields = session.described(selection.ref).fields
    found = chosen(selection.model_copy(update=alone), columns_of(fields))
    columns = {column.name: column for column in found}
    compared = [each for each in selection.filter if each.comparison not in _NULLS]
    _check(session, selection, [(each, columns[each.column]) for each in compared])
    return [_written(each, columns[each.column]) for each in selection.filter]


def _check(
    session: Session, selection: Selection, compared: Sequence[tuple[Condition, SourceColumn]]
) -> None:
    """One statement that reads no table says which of the constants are values."""
    asked = []
    for condition, column in compared:
        if column.type.repeated or column.type.name not in _CONSTANTS:
            raise _refused(selection, condition, "the column can't be compared so")
        parsed = [_PARSED[column.type.name].format(literal(value)) for value in condition.values]
        asked.append(" AND ".join(f"{value} IS NOT NULL" for value in parsed))
    if not asked:
        return
    (given,) = session.query(f"Reading {selection.ref}", f"SELECT {', '.join(asked)}")
    for (condition, _), right in zip(compared, given, strict=True):
        if not right:
            listed = ", ".join(map(repr, condition.values))
            raise _refused(selection, condition, f"{listed} is no value of the column")


def _written(condition: Condition, column: SourceColumn) -> str:
    name = quoted(condition.column)
    if condition.comparison in _NULLS:
        return f"{name} {condition.comparison.upper()}"
    pattern = _CONSTANTS[column.type.name]
    constants = ", ".join(pattern.format(literal(value)) for value in condition.values)
    if condition.comparison is Comparison.ONE_OF:
        return f"{name} IN ({constants})"
    return f"{name} {condition.comparison} {constants}"


def _refused(selection: Selection, condition: Condition, why: str) -> HeadraceError:
    what = f"Reading {selection.ref} where {condition.column} {condition.comparison}"
    return HeadraceError(FILTER_NOT_USABLE, f"{what}: {why}.")
