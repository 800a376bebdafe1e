"""Bringing staged files into the tables of a DuckDB file, inside a transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import duckdb
import pyarrow as pa

from headrace.destinations import DELETED_AT, StagedTable
from headrace.destinations.drift import holds
from headrace.destinations.duckdb_digests import digests
from headrace.destinations.duckdb_sql import count, literal, qualified, quoted
from headrace.destinations.past_range import PastRange, not_possible
from headrace.destinations.verified import check_loaded, verified_columns
from headrace.errors import KEY_NOT_USABLE, ROWS_DISAGREE, SCHEMA_CHANGED, HeadraceError
from headrace.model import DetectDeletes

TypeName = Callable[[pa.DataType], str]

# The names are all quoted, and the files are a parameter.
_FILES = "read_parquet($1)"

_MARKED = f"{quoted(DELETED_AT)} TIMESTAMPTZ"


class Loader:
    """Loads tables over one connection, which is in a transaction."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, type_name: TypeName) -> None:
        self._connection = connection
        self._type_name = type_name

    def replace(self, table: StagedTable, mark: str) -> None:
        """Make the table anew and load it; `mark` is written on it.

        Raises ROWS_DISAGREE, DIGESTS_DISAGREE.
        """
        name = qualified(self._connection, table.target)
        columns = ", ".join(
            [
                *(f"{quoted(field.name)} {self._type_name(field.type)}" for field in table.schema),
                *([_MARKED] if _marks(table) else []),
            ]
        )
        self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name.rpartition('.')[0]}")
        self._connection.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        self._connection.execute(f"COMMENT ON TABLE {name} IS {literal(mark)}")
        self._insert(name, table)
        self._agree(table, 0, table.rows)
        self._verify(table, name)

    def add(self, table: StagedTable, known: dict[str, str]) -> None:
        """Add the rows. `known` are the table's Arrow types by column.

        Raises SCHEMA_CHANGED, ROWS_DISAGREE, DIGESTS_DISAGREE.
        """
        self._evolve(table, known)
        self._append(table)

    def replace_range(self, table: StagedTable, past: PastRange, known: dict[str, str]) -> None:
        """Put the rows in place of all those that lie in the range.

        Raises BACKFILL_NOT_POSSIBLE if rows lie elsewhere here than in the source, and what `add`
        raises.
        """
        self._evolve(table, known)
        name = qualified(self._connection, table.target)
        value = quoted(past.column)
        if past.is_time:
            value = f"epoch_us({value})"
        inside = f"{value} > {_bound(past.after)} AND {value} <= {_bound(past.upto)}"
        if self._number(f"SELECT count(*) FROM {name} WHERE {value} IS NULL"):  # noqa: S608
            raise not_possible(table, f"it has rows without '{past.column}', from before")
        files = [file.path for file in table.files]
        brought = f"SELECT count(*) FROM {_FILES} WHERE {inside}"  # noqa: S608
        if files and self._number(brought, files) != table.rows:
            raise not_possible(table, f"rows lie in another range by '{past.column}' as carried")
        self._connection.execute(f"DELETE FROM {name} WHERE {inside}")  # noqa: S608
        self._append(table)

    def _append(self, table: StagedTable) -> None:
        name = qualified(self._connection, table.target)
        before = count(self._connection, table.target)
        last = self._number(f"SELECT coalesce(max(rowid), -1) FROM {name}")  # noqa: S608
        self._insert(name, table)
        self._agree(table, before, table.rows)
        # What a transaction adds is numbered behind all that was there.
        self._verify(table, f"{name} WHERE rowid > {last}")

    def merge(self, table: StagedTable, key: tuple[str, ...], known: dict[str, str]) -> None:
        """Put the rows in place of those with the same key.

        Raises KEY_NOT_USABLE, SCHEMA_CHANGED, ROWS_DISAGREE, DIGESTS_DISAGREE.
        """
        self._evolve(table, known)
        if not table.files:
            return
        name = qualified(self._connection, table.target)
        files = [file.path for file in table.files]
        keys = ", ".join(map(quoted, key))
        distinct = f"SELECT count(*) FROM (SELECT DISTINCT {keys} FROM {_FILES})"  # noqa: S608
        if (found := self._number(distinct, files)) != table.rows:
            raise HeadraceError(
                KEY_NOT_USABLE,
                f"Table {table.source_table}: {table.rows} rows have {found} different values of "
                f"{', '.join(key)}.",
            )
        same = " AND ".join(f"old.{quoted(k)} IS NOT DISTINCT FROM new.{quoted(k)}" for k in key)
        before = count(self._connection, table.target)
        replaced = self._number(
            f"DELETE FROM {name} AS old USING {_FILES} AS new WHERE {same}",  # noqa: S608
            files,
        )
        self._insert(name, table)
        self._agree(table, before - replaced, table.rows)
        has_key = f"EXISTS (SELECT 1 FROM {_FILES} AS new WHERE {same})"  # noqa: S608
        self._verify(table, f"{name} AS old WHERE {has_key}", files)

    def _evolve(self, table: StagedTable, known: dict[str, str]) -> None:
        """Let the table have the columns that are brought, and that of marks if it needs one.

        Raises SCHEMA_CHANGED.
        """
        name = qualified(self._connection, table.target)
        if _marks(table):
            self._connection.execute(f"ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {_MARKED}")
        for field in table.schema:
            before = known.get(field.name)
            column = f"{quoted(field.name)} {self._type_name(field.type)}"
            if before is None:
                self._connection.execute(f"ALTER TABLE {name} ADD COLUMN {column}")
            elif not holds(before, str(field.type)):
                if not holds(str(field.type), before):
                    raise HeadraceError(
                        SCHEMA_CHANGED,
                        f"Table {table.source_table}, column '{field.name}': {field.type} does not "
                        f"hold all values of {before}.",
                    )
                change = f"ALTER {quoted(field.name)} SET DATA TYPE {self._type_name(field.type)}"
                self._connection.execute(f"ALTER TABLE {name} {change}")

    def _insert(self, name: str, table: StagedTable) -> None:
        if table.files:
            load = f"INSERT INTO {name} BY NAME SELECT * FROM {_FILES}"  # noqa: S608
            self._connection.execute(load, [[file.path for file in table.files]])

    def _agree(self, table: StagedTable, before: int, rows: int) -> None:
        loaded = count(self._connection, table.target) - before
        if loaded != rows:
            raise HeadraceError(
                ROWS_DISAGREE,
                f"Table {table.source_table}: {rows} rows were staged, but {loaded} loaded.",
            )

    def _verify(self, table: StagedTable, rows: str, *files: list[str]) -> None:
        """Hold the rows, which are what follows FROM in SQL, against the source's digests.

        The table's column may have a wider type than is brought. Raises DIGESTS_DISAGREE.
        """
        if not (columns := verified_columns(table)):
            return
        listed = ", ".join(
            f"{quoted(name)}::{self._type_name(arrow)} AS {quoted(name)}"
            for name, arrow in columns.items()
        )
        loaded = f"(SELECT {listed} FROM {rows}) AS loaded"  # noqa: S608
        check_loaded(table, digests(self._connection, loaded, columns, *files))

    def _number(self, sql: str, *files: list[str]) -> int:
        row = self._connection.execute(sql, list(files)).fetchone()
        return int(row[0]) if row else 0


def _bound(value: int | date) -> str:
    return f"DATE {literal(value.isoformat())}" if isinstance(value, date) else str(value)


def _marks(table: StagedTable) -> bool:
    """Whether deleted rows are marked in the table."""
    return table.increment is not None and table.increment.detect_deletes is DetectDeletes.SOFT
