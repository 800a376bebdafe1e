"""The keys of a DuckDB table, and which of them the source has no more (`headrace.buckets`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb
import pyarrow as pa

from headrace.buckets import HASH_BITS, LONGEST, MODULUS, SPAN_BITS, Buckets, Spans
from headrace.destinations import DELETED_AT, StagedTable, Target
from headrace.destinations.duckdb_canonical import canonical, hashed
from headrace.destinations.duckdb_sql import literal, qualified, quoted

TypeName = Callable[[pa.DataType], str]

# What DuckDB calls a type that is otherwise written as we write it.
_LONG_NAME = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")

# The names are all quoted, and the files and the numbers are parameters.
_FILES = "read_parquet(${})"
_TOLD = """
SELECT bucket >> {span_bits} AS span,
    unhex(string_agg(printf('%02x%016x', bucket & {rest}, total), ''))
FROM (
    SELECT hash >> {shift} AS bucket, (sum(hash) % {modulus})::BIGINT AS total
    FROM (SELECT {hashed} AS hash FROM ({keys}))
    WHERE hash IS NOT NULL{within} GROUP BY bucket
) GROUP BY span
"""
_GONE = """
SELECT name FROM (SELECT {name} AS name, {hashed} AS hash FROM ({kept})){present}
WHERE hash IS NOT NULL{within}
"""


@dataclass(frozen=True)
class Keys:
    """The keys of a table, told apart by the columns of its increment's key."""

    connection: duckdb.DuckDBPyConnection
    type_name: TypeName
    table: StagedTable

    def digests(self, within: Buckets, bits: int) -> Spans:
        """Of the keys that the table will have once its staged rows are merged."""
        asked, numbers = _asked(within, len(self._files) + 1)
        staged = f" UNION ALL {self._staged}" if self.table.files else ""
        sql = _TOLD.format(
            span_bits=SPAN_BITS,
            rest=2**SPAN_BITS - 1,
            shift=HASH_BITS - bits,
            modulus=MODULUS,
            hashed=hashed("text"),
            keys=f"{self._kept}{staged}",
            within=asked,
        )
        return dict(self.connection.execute(sql, [*self._files, *numbers]).fetchall())

    def stage_gone(self, within: Buckets, present: Sequence[str], path: str) -> int:
        """Write the names of the keys that are in none of the present files; how many they are.

        Those of staged rows are not among them.
        """
        parameters = [*self._files, *([list(present)] if present else [])]
        anti = f" ANTI JOIN {_FILES.format(len(parameters))} USING (name)" if present else ""
        asked, numbers = _asked(within, len(parameters) + 1)
        sql = _GONE.format(
            name=_name("text"), hashed=hashed("text"), kept=self._kept, present=anti, within=asked
        )
        copy = f"COPY ({sql}) TO {literal(path)} (FORMAT parquet)"
        row = self.connection.execute(copy, [*parameters, *numbers]).fetchone()
        return int(row[0]) if row else 0

    @property
    def name(self) -> str:
        """The expression for the name of a row's key; NULL if it has none."""
        return _name(self._text)

    @property
    def live(self) -> str:
        """What a row fulfils that is not marked as deleted."""
        return f"{quoted(DELETED_AT)} IS NULL" if self.marks else "TRUE"

    @property
    def marks(self) -> bool:
        """Whether the table has the column by which rows are marked as deleted."""
        return DELETED_AT in self._types

    @cached_property
    def _types(self) -> Mapping[str, str]:
        return column_types(self.connection, self.table.target)

    @property
    def _files(self) -> list[object]:
        return [[file.path for file in self.table.files]] if self.table.files else []

    @property
    def _kept(self) -> str:
        """The texts of the keys of the live rows that none of the staged ones replaces."""
        table = qualified(self.connection, self.table.target)
        kept = f"SELECT {self._text} AS text FROM {table} WHERE {self.live}"  # noqa: S608
        if not self.table.files:
            return kept
        return f"SELECT text FROM ({kept}) ANTI JOIN ({self._staged}) USING (text)"  # noqa: S608

    @property
    def _staged(self) -> str:
        texts = [canonical(quoted(field.name), field.type) for field in self.table.key_fields]
        return f"SELECT {_joined(texts)} AS text FROM {_FILES.format(1)}"  # noqa: S608

    @property
    def _text(self) -> str:
        types = self._types
        return _joined([self._as_brought(field, types) for field in self.table.key_fields])

    def _as_brought(self, field: pa.Field, types: Mapping[str, str]) -> str:
        """The canonical text of a table's column as one of the type that is brought now.

        The table's type may be a wider one. What the type that is brought can't hold is not in the
        source, and gets a text that no value has there. Where there is no such column yet, rows
        have no key.
        """
        column, type_ = quoted(field.name), self.type_name(field.type)
        present = types.get(field.name.lower())
        if present is None:
            return "NULL::VARCHAR"
        if present == type_:
            return canonical(column, field.type)
        narrowed = f"TRY_CAST({column} AS {type_})"
        return (
            f"CASE WHEN TRY_CAST({narrowed} AS {present}) = {column} "
            f"THEN {canonical(narrowed, field.type)} ELSE '!' || {column}::VARCHAR END"
        )


def column_types(connection: duckdb.DuckDBPyConnection, target: Target) -> Mapping[str, str]:
    """By the columns' names in lower case their types, as the destination writes them."""
    rows = connection.execute(
        "SELECT lower(column_name), data_type FROM duckdb_columns() "
        "WHERE database_name = current_database() AND lower(schema_name) = lower($1) "
        "AND lower(table_name) = lower($2)",
        [target.dataset, target.table],
    ).fetchall()
    return {name: type_.replace(*_LONG_NAME) for name, type_ in rows}


def _joined(texts: Sequence[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    return " || ',' || ".join(f"strlen({text}) || ':' || {text}" for text in texts)


def _name(text: str) -> str:
    return f"CASE WHEN strlen({text}) < {LONGEST} THEN encode({text}) ELSE unhex(md5({text})) END"


def _asked(buckets: Buckets, number: int) -> tuple[str, list[object]]:
    """The condition of being in the buckets, and its parameter, which has that number."""
    if buckets.numbers is None:
        return "", []
    asked = f" AND hash >> {buckets.shift} IN (SELECT unnest(${number}::BIGINT[]))"
    return asked, [list(buckets.numbers)]
