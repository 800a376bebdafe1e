"""Sources with schedules, and a launcher that starts nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from headrace.connections import PostgresConnection
from headrace.errors import LAUNCH_FAILED, HeadraceError
from headrace.model import Run, Selection, Source, SourceState, credentials_secret_name
from headrace.records import Sources
from headrace.run_log import LogPage, LogQuery
from headrace.schedules import Cron, Schedule
from headrace.services import Services

HOURLY = Cron(expression="0 * * * *")


def at(text: str) -> datetime:
    """A moment of May 5, 2026, in UTC."""
    return datetime.fromisoformat(f"2026-05-05T{text}").replace(tzinfo=UTC)


MORNING = at("08:30")


def create(services: Services, source_id: str = "s1", schedule: Schedule = HOURLY) -> Source:
    """An active source, activated at 08:30."""
    source = Source(
        model_id="m1",
        source_id=source_id,
        name="Shop",
        connection=PostgresConnection(host="db.example.com", database="shop", user="reader"),
        credentials_secret_name=credentials_secret_name("m1", source_id),
        dataset="shop",
        selection=(Selection(schema_name="public", table_name="orders"),),
        schedule=schedule,
        state=SourceState.ACTIVE,
        created_at=MORNING,
        updated_at=MORNING,
    )
    return Sources(services.documents).create(source.rescheduled(MORNING))


@dataclass
class Recorder:
    """The launches that were asked for. What was launched is alive, until all is dead."""

    launched: list[Run] = field(default_factory=list)
    failing: bool = False
    dead: bool = False

    def launch(self, run: Run) -> str:
        self.launched.append(run)
        if self.failing:
            raise HeadraceError(LAUNCH_FAILED, "No process.")
        return run.run_id

    def current(self) -> str | None:
        return None

    def alive(self, execution: str) -> bool:
        return not self.dead

    def stop(self, execution: str) -> None:
        pass

    def read_log(self, run: Run, wanted: LogQuery) -> LogPage:
        return LogPage()

    def forget(self, run: Run) -> None:
        pass
