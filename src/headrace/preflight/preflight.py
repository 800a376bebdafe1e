"""Says what would become of each column of a table, and what to choose for it."""

from __future__ import annotations

import pyarrow as pa

from headrace import naming
from headrace.checks import CheckStatus
from headrace.destinations import Destination
from headrace.destinations.types import name_or_none
from headrace.extraction.column_names import told_apart
from headrace.model import Selection, Source
from headrace.preflight.advice import followed
from headrace.preflight.outlook import WORST_FIRST, Around, outlook
from headrace.preflight.report import ColumnPreflight, Preflight, Sample
from headrace.sources import Database
from headrace.sources.survey import Survey


def preflight(
    database: Database,
    source: Source,
    selection: Selection,
    destination: Destination | None,
    rows: int,
) -> Preflight:
    """What a run would do with the table as it is selected, from a sample of at most `rows` rows.

    Without a destination its types, and what it refuses, are left out. Raises what
    `Database.survey` raises.
    """
    survey = database.survey(selection, source.unfit, rows)
    columns = _columns(survey, destination)
    target = naming.target(source, selection)
    obstacles = tuple(_obstacles(survey))
    statuses = {column.status for column in columns}
    if obstacles:
        statuses.add(CheckStatus.FAILED)
    return Preflight(
        schema_name=selection.schema_name,
        table_name=selection.table_name,
        dataset=target.dataset,
        destination_table=target.table,
        estimated_rows=survey.estimated_rows,
        sample=_sample(survey),
        statistics=survey.statistics,
        status=next(status for status in WORST_FIRST if status in statuses),
        obstacles=obstacles,
        columns=columns,
        suggested=followed(selection, columns, hidden=survey.hidden),
    )


def _columns(survey: Survey, destination: Destination | None) -> tuple[ColumnPreflight, ...]:
    schema = pa.schema([(subject.name, subject.arrow) for subject, _ in survey.columns])
    return tuple(
        outlook(subject, found, _around(survey, field, destination))
        for field, (subject, found) in zip(told_apart(schema), survey.columns, strict=True)
    )


def _around(survey: Survey, field: pa.Field, destination: Destination | None) -> Around:
    if destination is None:
        return Around(survey.rows, survey.whole, field.name)
    name = name_or_none(destination, field.type)
    return Around(survey.rows, survey.whole, field.name, name, refused=name is None)


def _obstacles(survey: Survey) -> list[str]:
    if not survey.hidden:
        return []
    return [
        "The run fails: the table has columns to which the user has no right at all, and which "
        "the server does not even name. Choose columns, or have SELECT granted."
    ]


def _sample(survey: Survey) -> Sample:
    return Sample(
        rows=survey.rows, whole=survey.whole, random=survey.random, found=_described(survey)
    )


def _described(survey: Survey) -> str:
    rows = "1 row" if survey.rows == 1 else f"{survey.rows:,} rows"
    if survey.whole:
        return f"All {rows} of the table were looked at." if survey.rows else "The table is empty."
    if not survey.rows:
        return "No row was looked at."
    estimate = survey.estimated_rows
    of = f" of about {estimate:,}" if estimate and estimate > survey.rows else ""
    if survey.random:
        return f"{rows}{of} were looked at, on pages chosen at random."
    return f"The first {rows}{of} were looked at."
