"""A survey of a table: one statement over its first rows.

The servers keep no statistics that show values, but for histograms that somebody has to ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from headrace.errors import PERMISSION_DENIED, HeadraceError
from headrace.model import Selection, UnfitPolicy
from headrace.sources import survey as shared
from headrace.sources.chosen import chosen
from headrace.sources.mysql.catalogue import summarise_one
from headrace.sources.mysql.columns import SourceColumn, read_columns
from headrace.sources.mysql.identifiers import qualified, quoted
from headrace.sources.mysql.session import Session
from headrace.sources.mysql.types import ColumnType, carried
from headrace.sources.mysql.unfit import cases
from headrace.sources.survey import Question, Subject, Survey
from headrace.sources.wire.columns import Kind
from headrace.tables import TableRef

# What bounds a statement, as far as a server knows it: MySQL's counts milliseconds.
_BOUNDS = {
    "max_execution_time": shared.SECONDS * 1000,
    "max_statement_time": shared.SECONDS,
}


def survey(session: Session, selection: Selection, unfit: UnfitPolicy, rows: int) -> Survey:
    """See `headrace.sources.Database.survey`."""
    table = selection.ref
    summary = summarise_one(session, table)
    columns = chosen(selection, read_columns(session, table))
    subjects = [_subject(selection, unfit, column) for column in columns]
    limit = shared.sample_size(rows, summary)
    number, given = _ask(session, table, shared.questions(subjects), limit)
    return Survey(
        rows=number,
        whole=number < limit,
        random=False,
        estimated_rows=summary.estimated_rows,
        statistics="There are no statistics of values: the server keeps none.",
        columns=shared.answers(subjects, given),
        hidden=selection.columns is None and _hides(session, table, columns),
    )


def _subject(selection: Selection, unfit: UnfitPolicy, column: SourceColumn) -> Subject:
    policy = selection.unfit_columns.get(column.name, unfit)
    form = carried(column.type, policy, selection.decimal_columns.get(column.name))
    name = quoted(column.name)
    long = form.kind in (Kind.TEXT, Kind.BYTES) and column.type.name != "decimal"
    found = cases(column.type, form)
    return Subject(
        name=column.name,
        source_type=column.source_type,
        readable=column.readable,
        policy=policy,
        takes_decimal=column.takes_decimal,
        arrow=form.arrow,
        note=form.note,
        unfit=form.unfit or (found[0].label if found else None),
        expression=name,
        cases=found,
        size=f"LENGTH({form.expression.format(name)})" if long else None,
        digits=_digits(column.type, name) if column.takes_decimal else None,
    )


def _digits(column_type: ColumnType, name: str) -> tuple[str, str]:
    before = f"IF(ABS({name}) < 1, 0, CHAR_LENGTH(TRUNCATE(ABS({name}), 0)))"
    if not column_type.scale:
        return before, f"IF({name} IS NULL, NULL, 0)"
    return before, f"LENGTH(TRIM(TRAILING '0' FROM SUBSTRING_INDEX({name}, '.', -1)))"


def _ask(
    session: Session, table: TableRef, asked: Sequence[Question], rows: int
) -> tuple[int, Sequence[int | None]]:
    """The number of the sample's rows, and the answers.

    The expressions are computed inside, so that what the server puts aside are numbers.
    """
    what = f"Surveying {table}"
    inside = ", ".join(f"{each.expression} AS q{place}" for place, each in enumerate(asked))
    answers = (f"{'MAX' if each.largest else 'SUM'}(q{place})" for place, each in enumerate(asked))
    sample = f"SELECT {inside or 1} FROM {qualified(table)} LIMIT {rows}"  # noqa: S608 - quoted
    sql = f"SELECT {', '.join(['COUNT(*)', *answers])} FROM ({sample}) sample_"  # noqa: S608
    with _bounded(session, what), shared.advising_fewer_rows():
        ((number, *given),) = session.query(what, sql)
    return int(number), [None if answer is None else int(answer) for answer in given]


@contextmanager
def _bounded(session: Session, what: str) -> Iterator[None]:
    """Let a statement take no longer than a survey may."""
    names = ", ".join(f"'{name}'" for name in _BOUNDS)
    known = session.query(what, f"SHOW SESSION VARIABLES WHERE Variable_name IN ({names})")
    limits = ", ".join(f"SESSION {name} = {_BOUNDS[name]}" for name, _ in known)
    session.query(what, f"SET {limits}")
    yield
    before = ", ".join(f"SESSION {name} = {value}" for name, value in known)
    session.query(what, f"SET {before}")


def _hides(session: Session, table: TableRef, columns: Sequence[SourceColumn]) -> bool:
    """Whether there are columns beside these, to which the user has no right at all."""
    if not all(column.readable for column in columns):
        return False
    try:
        session.check(f"Surveying {table}", f"SELECT * FROM {qualified(table)}")  # noqa: S608 - quoted
    except HeadraceError as error:
        if error.kind is not PERMISSION_DENIED:
            raise
        return True
    return False
