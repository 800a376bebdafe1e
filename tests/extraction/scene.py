"""A source that is stored, active and has its password, and what a test asks about its runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass

from headrace import credentials, sources
from headrace.destinations import Target
from headrace.extraction.cancel import cancel
from headrace.extraction.settle import settle
from headrace.extraction.start import start
from headrace.model import (
    Run,
    Selection,
    Source,
    SourceState,
    TableState,
    credentials_secret_name,
    now,
)
from headrace.records import Runs, Sources
from headrace.services import Services
from tests.conftest import LOCAL, Database, MariadbDatabase

ORDERS = Target("shop", "orders")


@dataclass(frozen=True)
class Scene:
    services: Services
    database: Database | MariadbDatabase
    source: Source

    @classmethod
    def of(cls, services: Services, database: Database | MariadbDatabase, *tables: str) -> Scene:
        source = Source(
            model_id="m1",
            source_id="s1",
            name="Shop",
            connection=database.connection,
            credentials_secret_name=credentials_secret_name("m1", "s1"),
            dataset="shop",
            selection=tuple(
                Selection(schema_name=database.connection.default_schema, table_name=name)
                for name in tables
            ),
            state=SourceState.ACTIVE,
            created_at=now(),
            updated_at=now(),
        )
        credentials.store(
            services.vault,
            source.credentials_secret_name,
            source.connection,
            database.credentials,
        )
        return cls(services, database, Sources(services.documents).create(source))

    def connect(self, snapshot: str | None = None) -> sources.Database:
        return sources.connect(self.source.connection, self.database.credentials, LOCAL, snapshot)

    def start(self, key: str | None = None) -> Run:
        return start(self.services, "m1", "s1", key)

    def cancel(self, run: Run) -> Run:
        return cancel(self.services, "m1", "s1", run.run_id)

    def stored(self, run: Run) -> Run:
        return Runs(self.services.documents).get("m1", "s1", run.run_id)

    def wait(self, run: Run) -> Run:
        """The run when it has ended."""
        while (run := settle(self.services, self.stored(run))).state.live:
            time.sleep(0.05)
        return run

    def wait_until_reading(self, run: Run) -> Run:
        """The run when rows of its first table have come in."""
        while (run := self.stored(run)).tables[0].state is not TableState.READING:
            assert run.state.live, run
            time.sleep(0.05)
        return run

    def count(self) -> int | None:
        return self.services.destination.count(ORDERS)


def job_environment(scene: Scene) -> dict[str, str]:
    return os.environ | scene.services.settings.environment()


def run_job(scene: Scene, run: Run) -> subprocess.CompletedProcess[str]:
    """The job in the foreground, as the cloud starts it."""
    return subprocess.run(
        [sys.executable, "jobs/extract/main.py", "m1", "s1", run.run_id],
        env=job_environment(scene),
        capture_output=True,
        text=True,
        check=False,
    )
