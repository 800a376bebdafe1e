"""The keys of a BigQuery table, and which of them the source has no more (`headrace.buckets`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from headrace.buckets import HASH_BITS, LONGEST, MODULUS, SPAN_BITS, Buckets, Spans
from headrace.destinations import DELETED_AT, StagedTable, Target
from headrace.destinations.bigquery_sql import Jobs, Parameter, Query, parameter
from headrace.destinations.bigquery_types import type_name
from headrace.googlesql.canonical import canonical, hashed
from headrace.googlesql.identifiers import quoted

_TOLD = """
SELECT bucket >> {span_bits},
    FROM_HEX(STRING_AGG(FORMAT('%02x%016x', bucket & {rest}, total), ''))
FROM (
    SELECT key_hash >> {shift} AS bucket,
        CAST(MOD(SUM(CAST(key_hash AS NUMERIC)), NUMERIC '{modulus}') AS INT64) AS total
    FROM (SELECT {hashed} AS key_hash FROM ({kept} UNION ALL {staged}))
    WHERE key_hash IS NOT NULL{within} GROUP BY bucket
) GROUP BY 1
"""
_GONE = """
SELECT gone.name FROM (SELECT {name} AS name, {hashed} AS key_hash FROM ({kept})) AS gone
{present}WHERE gone.key_hash IS NOT NULL{within}
"""
_PRESENT = "LEFT JOIN {present} AS present ON present.name = gone.name "
# The texts of the keys of the live rows that none of the staged ones replaces.
_KEPT = """
SELECT held.text FROM (SELECT {text} AS text FROM {table} WHERE {live}) AS held
LEFT JOIN ({staged}) AS brought ON brought.text = held.text WHERE brought.text IS NULL
"""
_COMMA = ", ',', "


@dataclass(frozen=True)
class Keys:
    """The keys of a table, told apart by the columns of its increment's key.

    `columns` are the table's types by name, as they were found; `staged` holds its staged rows.
    """

    jobs: Jobs
    table: StagedTable
    columns: Mapping[str, str]
    staged: Target

    def digests(self, within: Buckets, bits: int) -> Spans:
        """Of the keys that the table will have once its staged rows are merged."""
        sql = _TOLD.format(
            span_bits=SPAN_BITS,
            rest=2**SPAN_BITS - 1,
            shift=HASH_BITS - bits,
            modulus=MODULUS,
            hashed=hashed("text"),
            kept=self._kept,
            staged=self._staged,
            within=_within("key_hash", within),
        )
        doing = f"compare the keys of {self.table.target}"
        return dict(self.jobs.rows(doing, Query(sql, _asked(within))))

    def gone(self, within: Buckets, present: Target | None) -> Query:
        """Selects the names of the keys that are not among the present ones, if there are any.

        Those of staged rows are not among them.
        """
        named = _PRESENT.format(present=self.jobs.name(present)) if present else ""
        sql = _GONE.format(
            name=_name("text"),
            hashed=hashed("text"),
            kept=self._kept,
            present=named,
            within=_within("gone.key_hash", within),
        )
        missing = " AND present.name IS NULL" if present else ""
        return Query(f"{sql}{missing}", _asked(within))

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
        return DELETED_AT in self.columns

    @property
    def _kept(self) -> str:
        return _KEPT.format(
            text=self._text,
            table=self.jobs.name(self.table.target),
            live=self.live,
            staged=self._staged,
        )

    @property
    def _staged(self) -> str:
        texts = [canonical(quoted(field.name), field.type) for field in self.table.key_fields]
        return f"SELECT {_joined(texts)} AS text FROM {self.jobs.name(self.staged)}"  # noqa: S608

    @property
    def _text(self) -> str:
        return _joined([self._as_brought(field) for field in self.table.key_fields])

    def _as_brought(self, field: pa.Field) -> str:
        """The canonical text of a table's column as one of the type that is brought now.

        The table's type may be a wider one. What the type that is brought can't hold is not in the
        source, and gets a text that no value has there. Where there is no such column yet, rows
        have no key.
        """
        column, type_ = quoted(field.name), type_name(field.type)
        present = {name.lower(): kind for name, kind in self.columns.items()}
        there = present.get(field.name.lower())
        if there is None:
            return "CAST(NULL AS STRING)"
        if there == type_:
            return canonical(column, field.type)
        narrowed = f"SAFE_CAST({column} AS {type_.partition('(')[0]})"
        if pa.types.is_decimal(field.type):
            narrowed = f"ROUND({narrowed}, {field.type.scale})"
        return (
            f"CASE WHEN {narrowed} = {column} THEN {canonical(narrowed, field.type)} "
            f"ELSE CONCAT('!', CAST({column} AS STRING)) END"
        )


def _joined(texts: Sequence[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    parts = (f"CAST(BYTE_LENGTH({text}) AS STRING), ':', {text}" for text in texts)
    return f"CONCAT({_COMMA.join(parts)})"


def _name(text: str) -> str:
    short = f"BYTE_LENGTH({text}) < {LONGEST}"
    return f"CASE WHEN {short} THEN CAST({text} AS BYTES) ELSE MD5({text}) END"


def _within(hash_: str, buckets: Buckets) -> str:
    if buckets.numbers is None:
        return ""
    return f" AND {hash_} >> {buckets.shift} IN UNNEST(@buckets)"


def _asked(buckets: Buckets) -> tuple[Parameter, ...]:
    if buckets.numbers is None:
        return ()
    return (parameter("buckets", buckets.numbers, "INT64"),)
