"""The rows that a selection's filter lets through, in MySQL's SQL.

MySQL takes `'10 apples'` for the number 10 and an impossible date for NULL, so each value is held
to its column's type before it becomes a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from math import isfinite
from uuid import UUID

from headrace.errors import FILTER_NOT_USABLE, HeadraceError
from headrace.filters import Comparison, Condition
from headrace.model import Selection
from headrace.sources.chosen import check_readable, chosen
from headrace.sources.mysql.columns import read_columns
from headrace.sources.mysql.identifiers import literal, quoted
from headrace.sources.mysql.session import Session


def conditions(session: Session, selection: Selection) -> Sequence[str]:
    """SQL of the filter's conditions. Raises FILTER_NOT_USABLE, and what choosing columns does."""
    if not selection.filter:
        return []
    names = tuple(dict.fromkeys(condition.column for condition in selection.filter))
    alone = {"columns": names, "unfit_columns": {}, "decimal_columns": {}}
    wanted = selection.model_copy(update=alone)
    columns = chosen(wanted, read_columns(session, selection.ref))
    check_readable(wanted, columns)
    types = {column.name: column.type.name for column in columns}
    return [_written(selection, condition, types) for condition in selection.filter]


def _written(selection: Selection, condition: Condition, types: dict[str, str]) -> str:
    column = quoted(condition.column)
    if condition.comparison in (Comparison.IS_NULL, Comparison.IS_NOT_NULL):
        return f"{column} {condition.comparison.upper()}"
    what = f"Reading {selection.ref} where {condition.column} {condition.comparison}"
    constant = _CONSTANTS.get(types[condition.column])
    if constant is None:
        raise HeadraceError(FILTER_NOT_USABLE, f"{what}: the column can't be compared so.")
    constants = []
    for value in condition.values:
        try:
            constants.append(constant(value))
        except (ValueError, InvalidOperation) as error:
            raise HeadraceError(
                FILTER_NOT_USABLE, f"{what}: {value!r} is no value of the column."
            ) from error
    if condition.comparison is Comparison.ONE_OF:
        return f"{column} IN ({', '.join(constants)})"
    return f"{column} {condition.comparison} {constants[0]}"


def _integer(text: str) -> str:
    return str(int(text))


def _decimal(text: str) -> str:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError("no number")
    return f"{number:f}"


def _float(text: str) -> str:
    number = float(text)
    if not isfinite(number):
        raise ValueError("no number")
    return f"{number!r}e0" if "e" not in repr(number) else repr(number)


def _date(text: str) -> str:
    return f"CAST('{date.fromisoformat(text).isoformat()}' AS DATE)"


def _wall_time(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError("the column has no time zone")
    return f"CAST('{moment.isoformat(' ')}' AS DATETIME(6))"


def _instant(text: str) -> str:
    """The session's zone is UTC, and so is a time that names none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return f"CAST('{moment.isoformat(' ')}' AS DATETIME(6))"


def _time(text: str) -> str:
    return f"CAST('{time.fromisoformat(text).isoformat()}' AS TIME(6))"


def _bytes(text: str) -> str:
    return f"X'{bytes.fromhex(text).hex()}'"


_INTEGERS = ("tinyint", "tinyint(1)", "smallint", "mediumint", "int", "bigint", "year")
_TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set")
_BYTES = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")
_CONSTANTS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(_INTEGERS, _integer),
    **dict.fromkeys(_TEXTS, literal),
    **dict.fromkeys(_BYTES, _bytes),
    **dict.fromkeys(("float", "double"), _float),
    "decimal": _decimal,
    "date": _date,
    "datetime": _wall_time,
    "timestamp": _instant,
    "time": _time,
    "uuid": lambda text: f"CAST('{UUID(text)}' AS UUID)",
}
