"""Sources with a past, for the views that show one."""

from __future__ import annotations

from datetime import timedelta

from headrace.connections import PostgresConnection
from headrace.errors import PASSWORD_REJECTED, HeadraceError
from headrace.ids import new_id
from headrace.model import (
    Run,
    RunState,
    Selection,
    Source,
    SourceState,
    TableRun,
    credentials_secret_name,
    now,
)
from headrace.problems import Problem
from headrace.records import Runs, Sources
from headrace.schedules import Cron, Manual
from headrace.services import Services

MODEL = "default"


def a_source(services: Services, name: str, state: SourceState = SourceState.ACTIVE) -> Source:
    """One that takes two tables, every night if it is active."""
    moment = now()
    source = Source(
        model_id=MODEL,
        source_id=new_id(),
        name=name,
        connection=PostgresConnection(host="db.example.com", database="shop", user="reader"),
        credentials_secret_name=credentials_secret_name(MODEL, "unused"),
        dataset="shop",
        selection=tuple(
            Selection(schema_name="public", table_name=table) for table in ("orders", "customers")
        ),
        schedule=Cron(expression="30 2 * * *") if state is SourceState.ACTIVE else Manual(),
        state=state,
        created_at=moment,
        updated_at=moment,
    )
    return Sources(services.documents).create(source.rescheduled(moment))


def its_runs(services: Services, source: Source, count: int) -> list[Run]:
    """One a day up to now; each seventh failed."""
    made = []
    for number in range(count):
        requested = now() - timedelta(days=count - number - 1, minutes=10)
        failed = number % 7 == 6
        error = HeadraceError(PASSWORD_REJECTED, "The server rejected the password.")
        run = Run(
            model_id=source.model_id,
            source_id=source.source_id,
            run_id=f"{number:03}",
            state=RunState.FAILED if failed else RunState.SUCCEEDED,
            requested_at=requested,
            started_at=requested,
            finished_at=requested + timedelta(seconds=40 + 7 * (number % 5)),
            tables=tuple(_brought(each, source, number) for each in source.selection),
            error=Problem.of(error) if failed else None,
        )
        made.append(Runs(services.documents).create(run))
    return made


def _brought(selection: Selection, source: Source, number: int) -> TableRun:
    return TableRun(
        schema_name=selection.schema_name,
        table_name=selection.table_name,
        dataset=source.dataset,
        destination_table=selection.table_name,
        rows=12_345 + 100 * number,
    )
