"""A job that ends between BigQuery and Firestore: each row is there once, whoever goes on."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headrace.api.save_draft import SaveDraft, save_draft
from headrace.api.sources import SourceRef, activate
from headrace.extraction import lease
from headrace.extraction.settle import settle
from headrace.extraction.start import start
from headrace.model import Run, RunState, Selection
from headrace.records import Runs
from headrace.services import Services
from headrace.tables import Mode
from tests.cloud.deployment import Project, Servers
from tests.conftest import Database
from tests.sign_ins import provider

TABLE = """
CREATE TABLE orders (n bigint PRIMARY KEY);
INSERT INTO orders SELECT generate_series(1, 300)
"""
MORE = "INSERT INTO orders SELECT generate_series({first}, {first} + 99)"


@dataclass
class Scene:
    """A source whose table grows, and a job to which what is in the file `fates` happens."""

    project: Project
    services: Services
    database: Database
    fates: Path
    source_id: str

    def start(self) -> Run:
        return start(self.services, "m1", self.source_id)

    def ended(self, run: Run) -> Run:
        while (run := self.seen(run)).state.live:
            time.sleep(0.1)
        return run

    def seen(self, run: Run) -> Run:
        return settle(
            self.services, Runs(self.services.documents).get("m1", self.source_id, run.run_id)
        )

    def rows(self) -> list[Any]:
        with self.project.warehouse() as warehouse:
            found = warehouse.query("SELECT n FROM shop.orders ORDER BY n").result()
            return [row.n for row in found]

    def jobs(self, kind: str) -> list[str]:
        """The names of BigQuery's jobs of that kind."""
        with self.project.warehouse() as warehouse:
            names = [job.job_id for job in warehouse.list_jobs(all_users=True)]
        return [name for name in names if name.startswith(f"headrace_{kind}_")]


@pytest.fixture
def scene(servers: Servers, database: Database, tmp_path: Path) -> Iterator[Scene]:
    """After a first run, which brought 300 rows; 100 are new."""
    fates = tmp_path / "fates"
    fates.touch()
    job = (sys.executable, "-m", "tests.cloud.fated", str(fates))
    with provider.running() as signing:
        project = Project(servers, f"{signing.address}/keys", job)
        with project.services() as services:
            database.execute(TABLE)
            scene = Scene(project, services, database, fates, drafted(services, database))
            assert scene.ended(scene.start()).state is RunState.SUCCEEDED
            database.execute(MORE.format(first=301))
            yield scene


def drafted(services: Services, database: Database) -> str:
    source = save_draft(
        services,
        SaveDraft(
            model_id="m1",
            name="Shop",
            connection=database.connection,
            credentials=database.credentials,
            dataset="shop",
            selection=(
                Selection(
                    schema_name="public", table_name="orders", mode=Mode.APPEND, cursor=("n",)
                ),
            ),
        ),
    )
    activate(services, SourceRef(model_id="m1", source_id=source.source_id))
    return source.source_id


def test_a_killed_job_is_started_again_and_goes_on(scene: Scene) -> None:
    scene.fates.write_text("load sent\ntransaction not sent\ntransaction sent")
    loads, publications = scene.jobs("load"), scene.jobs("publish")

    run = scene.ended(scene.start())

    assert not scene.fates.read_text()
    assert run.state is RunState.SUCCEEDED, run.error
    assert len(run.attempts) == 4
    assert scene.rows() == list(range(1, 401))
    # What an attempt had sent was found again, and not sent anew.
    assert len(scene.jobs("load")) == len(loads) + 1
    assert len(scene.jobs("publish")) == len(publications) + 1
    assert scene.project.staged() == []


def test_a_job_that_lost_its_lease_and_is_late_changes_nothing(scene: Scene) -> None:
    scene.fates.write_text("late")
    run = scene.start()
    while scene.fates.read_text():
        time.sleep(0.05)
    # Somebody else takes it for dead, and another run brings what is new.
    lease.release(scene.services.documents, run)
    scene.database.execute(MORE.format(first=401))
    newer = scene.ended(scene.start())
    assert newer.state is RunState.SUCCEEDED, newer.error
    assert scene.rows() == list(range(1, 501))

    os.kill(int(scene.fates.with_suffix(".pid").read_text()), signal.SIGCONT)
    execution = scene.seen(run).execution
    while scene.services.launcher.alive(execution or ""):
        time.sleep(0.1)

    assert scene.ended(run).state is RunState.FAILED
    assert scene.rows() == list(range(1, 501))
    assert scene.ended(scene.start()).state is RunState.SUCCEEDED
    assert scene.rows() == list(range(1, 501))
