"""The job, as the image runs it: what is in the image is enough to bring a table."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import uuid4

import pyarrow.parquet as pq

from devservers.google.cloud_run import CloudRunServer, Job
from devservers.google.firestore import FirestoreServer
from devservers.google.secret_manager import SecretManagerServer
from headrace.api.runs import StartRun, start_run
from headrace.api.sources import SourceRef, activate
from headrace.diagnosis.addresses import LOOPBACK
from headrace.model import Run, RunState
from headrace.records import Runs
from headrace.services import Services
from headrace.settings import Settings
from tests.api import drafts
from tests.conftest import Database
from tests.image.environment import PYTHON


def test_it_brings_a_table(
    database: Database,
    firestore_server: FirestoreServer,
    secret_manager_server: SecretManagerServer,
    cloud_run_server: CloudRunServer,
    tmp_path: Path,
) -> None:
    database.execute("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2)")
    project = f"p{uuid4().hex[:20]}"
    chosen = {
        "documents": f"firestore://{project}/headrace?emulator={firestore_server.address}",
        "vault": f"secretmanager://{project}?emulator={secret_manager_server.address}",
        "launcher": f"cloudrun://{project}/europe-west1/job?emulator={cloud_run_server.address}",
        "destination": f"parquet://{tmp_path}/warehouse",
        "allowed_networks": ", ".join(map(str, LOOPBACK)),
    }
    variables = {f"HEADRACE_{name.upper()}": value for name, value in chosen.items()}
    job = Job([str(PYTHON), "-m", "headrace.extraction.job"], variables)
    cloud_run_server.add_job(f"projects/{project}/locations/europe-west1/jobs/job", job)
    services = Services(Settings.read(**chosen))

    run = brought(services, database)

    services.close()
    assert (run.state, run.error) == (RunState.SUCCEEDED, None)
    files = list((tmp_path / "warehouse").rglob("*.parquet"))
    assert sum(pq.read_metadata(path).num_rows for path in files) == 2


def brought(services: Services, database: Database) -> Run:
    """A run of the table, once it has ended."""
    source = drafts.create(
        services,
        connection=database.connection,
        credentials=database.credentials,
        selection=(drafts.table("orders"),),
    )
    named = {"model_id": source.model_id, "source_id": source.source_id}
    activate(services, SourceRef(**named))
    run = start_run(services, StartRun(**named))
    deadline = time.monotonic() + 60
    while run.state.live and time.monotonic() < deadline:
        time.sleep(0.1)
        run = Runs(services.documents).get(**named, run_id=run.run_id)
    return run
