"""A survey of a table: its first rows, read as a run reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from headrace.model import DecimalType, Selection, UnfitPolicy
from headrace.sources.bigquery.catalogue import summarised
from headrace.sources.bigquery.columns import SourceColumn, Taken
from headrace.sources.bigquery.reader import chosen_columns, condition, statement
from headrace.sources.bigquery.rows import Rows, Wanted
from headrace.sources.bigquery.session import Session, of_a_view
from headrace.sources.bigquery.types import carried
from headrace.sources.bigquery.values import digits
from headrace.sources.survey import Found, Subject, Survey, UnfitCase, sample_size, too_many_digits

_STATISTICS = "BigQuery keeps no statistics of values."


def survey(session: Session, selection: Selection, unfit: UnfitPolicy, rows: int) -> Survey:
    """See `headrace.sources.Database.survey`."""
    described = session.described(selection.ref)
    summary = summarised(described)
    limit = sample_size(rows, summary)
    columns = chosen_columns(session, selection)
    sample = first_rows(session, selection, columns, limit)
    subjects = [_subject(selection, unfit, column) for column in columns]
    return Survey(
        rows=len(sample),
        whole=len(sample) < limit,
        random=False,
        estimated_rows=summary.estimated_rows,
        statistics=_STATISTICS,
        columns=[
            (subject, _found(subject, column, values))
            for subject, column, values in zip(subjects, columns, sample.columns, strict=True)
        ],
    )


def first_rows(
    session: Session, selection: Selection, columns: Sequence[SourceColumn], number: int
) -> pa.Table:
    """At most so many rows of the selection, with the columns as they are carried by themselves.

    A table's are read where it is stored, which takes no statement; a view's by a statement with a
    limit, which may yet compute all of the view.
    """
    what = f"Reading a sample of {selection.ref}"
    taken = [Taken(column, carried(column.type)) for column in columns]
    where = condition(session, selection, None)
    described = session.described(selection.ref)
    if described.stored:
        wanted = Wanted(session.stored(selection.ref), taken, where)
    else:
        sql = statement(session, selection, taken, where, f" LIMIT {max(number, 1)}")
        with of_a_view(described):
            wanted = Wanted(session.result(what, sql), taken)
    return Rows(session, what, wanted).first(number)


def _subject(selection: Selection, unfit: UnfitPolicy, column: SourceColumn) -> Subject:
    policy = selection.unfit_columns.get(column.name, unfit)
    decimal = selection.decimal_columns.get(column.name)
    form = carried(column.type, policy, decimal)
    return Subject(
        name=column.name,
        source_type=column.source_type,
        readable=column.readable,
        policy=policy,
        takes_decimal=column.takes_decimal,
        arrow=form.arrow,
        note=form.note,
        unfit=form.unfit,
        expression=column.name,
        cases=_cases(decimal) if decimal and form.unfit else (),
    )


def _cases(decimal: DecimalType) -> tuple[UnfitCase, ...]:
    """They are looked for here, and not by SQL."""
    return tuple(
        UnfitCase(too_many_digits(allowed, where), "", UnfitPolicy.TEXT)
        for allowed, where in (
            (decimal.precision - decimal.scale, "before"),
            (decimal.scale, "after"),
        )
    )


def _found(subject: Subject, column: SourceColumn, values: pa.ChunkedArray) -> Found:
    found = Found(size=_size(values))
    if not column.takes_decimal:
        return found
    numbers = [digits(Decimal(text)) for text in values.to_pylist() if text is not None]
    if not numbers:
        return replace(found, digits=(0, 0))
    before, after = zip(*numbers, strict=True)
    found = replace(found, digits=(max(before), max(after)), size=None)
    if not pa.types.is_decimal(subject.arrow):
        return found
    allowed = (subject.arrow.precision - subject.arrow.scale, subject.arrow.scale)
    wrong = [tuple(n > most for n, most in zip(each, allowed, strict=True)) for each in numbers]
    counts = [sum(each) for each in zip(*wrong, strict=True)]
    labelled = zip(subject.cases, counts, strict=True)
    return replace(
        found,
        unfit_rows=sum(any(each) for each in wrong),
        by_label={case.label: count for case, count in labelled if count},
    )


def _size(values: pa.ChunkedArray) -> int | None:
    """How many bytes the longest value has, of those that may be long."""
    if not (pa.types.is_string(values.type) or pa.types.is_binary(values.type)):
        return None
    largest: int | None = pc.max(pc.binary_length(values)).as_py()
    return largest
