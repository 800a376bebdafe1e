"""A survey of a table: one statement over a sample, and what ANALYZE has left in pg_stats."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from headrace.model import Selection, UnfitPolicy
from headrace.sources import survey as shared
from headrace.sources.chosen import chosen
from headrace.sources.postgres.catalogue import summarise_one
from headrace.sources.postgres.columns import SourceColumn, read_columns
from headrace.sources.postgres.identifiers import qualified, quoted
from headrace.sources.postgres.session import Session
from headrace.sources.postgres.types import Carried, carried
from headrace.sources.postgres.unchanged import check_unchanged
from headrace.sources.postgres.unfit import FINITE, cases
from headrace.sources.survey import Found, Question, Subject, Survey
from headrace.sources.wire.columns import Kind
from headrace.tables import TableKind, TableRef, TableSummary

# Whose pages can be chosen at random ("SELECT", TABLESAMPLE).
_SAMPLED = (TableKind.TABLE, TableKind.PARTITIONED, TableKind.MATERIALIZED_VIEW)
# Fewer rows may lie on so few pages that chance takes none of them.
_FEWEST_AT_RANDOM = 10_000

# Of the common values and the bounds of the histogram those that may not fit. A parent's figures
# with its children come last.
_STATISTICS = """
SELECT attname::text, null_frac, array_to_json(ARRAY(
    SELECT DISTINCT value
    FROM unnest(most_common_vals::text::text[] || histogram_bounds::text::text[]) value
    WHERE value IN ('infinity', '-infinity', 'Infinity', '-Infinity', 'NaN', '24:00:00')
))::text
FROM pg_stats
WHERE schemaname::text = :schema::text AND tablename::text = :table::text
ORDER BY inherited
"""


_ANALYSED = "The statistics in pg_stats were looked at too."
_NOT_ANALYSED = "There are no statistics: the table was never analysed, or is a view."

# By column the fraction of NULLs, and values that are listed.
_Statistics = Mapping[str, tuple[float, Collection[str]]]


def survey(session: Session, selection: Selection, unfit: UnfitPolicy, rows: int) -> Survey:
    """See `headrace.sources.Database.survey`."""
    table = selection.ref
    summary = summarise_one(session, table)
    columns = chosen(selection, read_columns(session, table))
    readable = [column for column in columns if column.readable]
    check_unchanged(session, table, readable)
    subjects = [_subject(selection, unfit, column) for column in columns]
    limit = shared.sample_size(rows, summary)
    random = _at_random(summary, limit)
    asked = shared.questions(subjects)
    number, given = _ask(session, table, asked, _sample(summary, readable, limit, random=random))
    if random and not number:  # the estimate was of a table that is much smaller now
        random = False
        number, given = _ask(session, table, asked, _sample(summary, readable, limit, random=False))
    statistics = _statistics(session, table)
    return Survey(
        rows=number,
        whole=not random and number < limit,
        random=random,
        estimated_rows=summary.estimated_rows,
        statistics=_ANALYSED if statistics else _NOT_ANALYSED,
        columns=[
            (subject, _completed(subject, found, statistics))
            for subject, found in shared.answers(subjects, given)
        ],
    )


def _subject(selection: Selection, unfit: UnfitPolicy, column: SourceColumn) -> Subject:
    policy = selection.unfit_columns.get(column.name, unfit)
    form = carried(column.type, policy, selection.decimal_columns.get(column.name))
    name = quoted(column.name)
    return Subject(
        name=column.name,
        source_type=column.source_type,
        readable=column.readable,
        policy=policy,
        takes_decimal=column.takes_decimal,
        arrow=form.arrow,
        note=form.note,
        unfit=form.unfit,
        expression=name,
        cases=cases(column.type, form),
        size=_size(column, form, name),
        digits=_digits(name) if column.takes_decimal else None,
    )


def _size(column: SourceColumn, form: Carried, name: str) -> str | None:
    """How long a value is that may be long; no more of it is read than that takes."""
    if form.kind == Kind.BYTES:
        return f"octet_length({name}::bytea)"
    if column.type.name in ("text", "varchar", "bpchar"):
        return f"octet_length({name})"
    if column.type.name == "numeric" or form.kind not in (Kind.TEXT, Kind.JSONB, Kind.LIST):
        return None
    return f"octet_length({column.written})"


def _digits(name: str) -> tuple[str, str]:
    before = f"CASE WHEN abs({name}) < 1 THEN 0 ELSE length(trunc(abs({name}))::text) END"
    return f"CASE WHEN {FINITE.format(name)} THEN {before} END", f"min_scale({name})"


def _at_random(table: TableSummary, rows: int) -> bool:
    return (
        table.kind in _SAMPLED
        and rows >= _FEWEST_AT_RANDOM
        and table.estimated_rows is not None
        and table.estimated_rows > rows
    )


def _sample(
    table: TableSummary, columns: Sequence[SourceColumn], rows: int, *, random: bool
) -> str:
    """A query of the sample. Whatever the estimate is worth, it gives no more rows than that."""
    listed = ", ".join(quoted(column.name) for column in columns)
    percent = 100 * rows / (table.estimated_rows or rows or 1)
    method = f"TABLESAMPLE SYSTEM ({percent:.6f})" if random else ""
    return f"SELECT {listed} FROM {qualified(table)} {method} LIMIT {rows}"  # noqa: S608 - quoted


def _ask(
    session: Session, table: TableRef, asked: Sequence[Question], sample: str
) -> tuple[int, Sequence[int | None]]:
    """The number of the sample's rows, and the answers.

    They come as one array, since a table may have as many columns as a result can.
    """
    what = f"Surveying {table}"
    answers = ", ".join(["count(*)", *map(_aggregate, asked)])
    sql = f"SELECT array_to_json(ARRAY[{answers}]::bigint[])::text FROM ({sample}) sample"  # noqa: S608
    with _bounded(session, what), shared.advising_fewer_rows():
        ((given,),) = session.query(what, sql)
    number, *found = json.loads(given)
    return number, found


def _aggregate(question: Question) -> str:
    if question.largest:
        return f"max({question.expression})"
    return f"count(*) FILTER (WHERE {question.expression})"


@contextmanager
def _bounded(session: Session, what: str) -> Iterator[None]:
    """Let a statement take no longer than a survey may; a stricter limit of the user's holds."""
    ((before,),) = session.query(
        what, "SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'"
    )
    limit = shared.SECONDS * 1000
    session.query(what, f"SET LOCAL statement_timeout TO {min(before or limit, limit)}")
    yield
    session.query(what, f"SET LOCAL statement_timeout TO {before}")


def _statistics(session: Session, table: TableRef) -> _Statistics:
    what = f"Looking up the statistics of {table}"
    lines = session.query(what, _STATISTICS, schema=table.schema_name, table=table.table_name)
    return {name: (nulls, json.loads(literals)) for name, nulls, literals in lines}


def _completed(subject: Subject, found: Found, statistics: _Statistics) -> Found:
    nulls, literals = statistics.get(subject.name, (None, ()))
    listed = tuple(case.label for case in subject.cases if case.literal in literals)
    return replace(found, null_fraction=nulls, listed=listed)
