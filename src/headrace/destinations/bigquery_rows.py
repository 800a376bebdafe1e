"""How staged rows come into a table that is there: the statements of the transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from headrace.destinations import StagedTable, Target
from headrace.destinations.bigquery_sql import Jobs, Query, Step
from headrace.destinations.bigquery_tables import Found
from headrace.destinations.bigquery_types import type_name
from headrace.destinations.past_range import PastRange, not_possible
from headrace.errors import KEY_NOT_USABLE, HeadraceError
from headrace.googlesql.identifiers import literal, quoted

# A value of each type, which stands for what `=` does not compare.
_STANDS = {
    "BOOL": "FALSE",
    "INT64": "0",
    "FLOAT64": "0",
    "NUMERIC": "0",
    "BIGNUMERIC": "0",
    "DATE": "DATE '1970-01-01'",
    "TIME": "TIME '00:00:00'",
    "DATETIME": "DATETIME '1970-01-01 00:00:00'",
    "TIMESTAMP": "TIMESTAMP '1970-01-01 00:00:00+00'",
    "STRING": "''",
    "BYTES": "b''",
}


@dataclass(frozen=True)
class Loaded:
    """A table whose rows are staged, and where; and what they go to, as it was found.

    `gone` holds the names of the keys that the source has no more, if there are any.
    """

    table: StagedTable
    staged: Target
    gone: Target | None = None
    found: Found | None = None


class Rows:
    """The statements, in which the names are all quoted."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def replacing(self, loaded: Loaded) -> Sequence[Step]:
        """Put the rows in place of all that there are."""
        table = self._jobs.name(loaded.table.target)
        return [Step(f"TRUNCATE TABLE {table}"), *self.adding(loaded)]

    def adding(self, loaded: Loaded) -> Sequence[Step]:
        if not loaded.table.files:
            return []
        into = self._jobs.name(loaded.table.target)
        columns = ", ".join(map(quoted, loaded.table.schema.names))
        select = f"SELECT {columns} FROM {self._jobs.name(loaded.staged)}"  # noqa: S608
        return [Step(f"INSERT INTO {into} ({columns}) {select}", loaded.table.rows)]

    def in_range(self, loaded: Loaded, past: PastRange) -> Sequence[Step]:
        """Put the rows in place of all those that lie in the range.

        Raises BACKFILL_NOT_POSSIBLE if rows lie elsewhere here than in the source.
        """
        table, name = loaded.table, self._jobs.name(loaded.table.target)
        kind = table.schema.field(past.column).type
        value = quoted(past.column)
        inside = f"{value} > {_bound(past.after, kind)} AND {value} <= {_bound(past.upto, kind)}"
        if self._number(f"SELECT COUNTIF({value} IS NULL) FROM {name}"):  # noqa: S608
            raise not_possible(table, f"it has rows without '{past.column}', from before")
        brought = f"SELECT COUNTIF({inside}) FROM {self._jobs.name(loaded.staged)}"  # noqa: S608
        if table.files and self._number(brought) != table.rows:
            raise not_possible(table, f"rows lie in another range by '{past.column}' as carried")
        return [Step(f"DELETE FROM {name} WHERE {inside}"), *self.adding(loaded)]  # noqa: S608

    def merging(self, loaded: Loaded, key: Sequence[str]) -> Sequence[Step]:
        """Put the rows in place of those with the same key. Raises KEY_NOT_USABLE.

        They are removed and added, not changed by a MERGE: of a row that is replaced nothing may
        stay in columns that are not brought any more, nor the mark of one that was deleted.
        """
        if not loaded.table.files:
            return []
        same = self._same(loaded, key)
        brought = f"SELECT 1 FROM {self._jobs.name(loaded.staged)} AS brought WHERE {same}"  # noqa: S608
        name = self._jobs.name(loaded.table.target)
        return [
            Step(f"DELETE FROM {name} AS held WHERE EXISTS ({brought})"),  # noqa: S608
            *self.adding(loaded),
        ]

    def _same(self, loaded: Loaded, key: Sequence[str]) -> str:
        """The condition of having the same key.

        BigQuery joins without comparing each row with each other one by equalities alone, each of
        an expression of one side with one of the other. So what `=` does not compare is taken into
        account as equalities too, and only in columns where there is any.
        """
        table = loaded.table
        keys = ", ".join(map(quoted, key))
        missing = ", ".join(
            f"COUNTIF({_unlike(table.schema.field(name), quoted(name))})" for name in key
        )
        (found,) = self._jobs.rows(
            f"look at the keys of {table.target}",
            Query(
                f"SELECT COUNT(*), {missing} "  # noqa: S608
                f"FROM (SELECT DISTINCT {keys} FROM {self._jobs.name(loaded.staged)})"
            ),
        )
        if found[0] != table.rows:
            raise HeadraceError(
                KEY_NOT_USABLE,
                f"Table {table.source_table}: {table.rows} rows have {found[0]} different values "
                f"of {', '.join(key)}.",
            )
        return " AND ".join(
            _equal(table.schema.field(name), bool(number))
            for name, number in zip(key, found[1:], strict=True)
        )

    def _number(self, sql: str) -> int:
        ((number,),) = self._jobs.rows("look at the rows of a past range", Query(sql))
        return int(number)


def _unlike(field: pa.Field, value: str) -> str:
    """Whether a value of a key is not equal to itself: NULL, or NaN."""
    nan = f" OR IS_NAN({value})" if pa.types.is_floating(field.type) else ""
    return f"({value} IS NULL{nan})"


def _equal(field: pa.Field, has_unlike: bool) -> str:
    held, brought = (f"{side}.{quoted(field.name)}" for side in ("held", "brought"))
    if not has_unlike:
        return f"{held} = {brought}"
    stands = _STANDS[type_name(field.type).partition("(")[0]]
    pairs = [(f"IF({_unlike(field, each)}, {stands}, {each})" for each in (held, brought))]
    pairs.append(f"{_unlike(field, each)}" for each in (held, brought))
    pairs.append(f"({each} IS NULL)" for each in (held, brought))
    return " AND ".join(" = ".join(pair) for pair in pairs)


def _bound(value: int | date, kind: pa.DataType) -> str:
    if isinstance(value, date):
        return f"DATE {literal(value.isoformat())}"
    if pa.types.is_timestamp(kind):
        moment = f"TIMESTAMP_MICROS({value})"
        return moment if kind.tz else f"DATETIME({moment})"
    return str(value)
