"""The live local server holds to its OpenAPI document, whatever it is sent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx

from headrace.local import LocalServer
from headrace.model import Run, RunState, now
from headrace.records import Runs
from headrace.services import Services
from headrace.settings import Settings
from tests.conftest import Database

# A body that is too large may be wrong besides; 413 is a refusal like the others of the default.
CONFIG = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429, "5xx"]
"""


def test_no_server_error_and_no_undeclared_answer(
    server: LocalServer,
    http: httpx.Client,
    settings: Settings,
    database: Database,
    tmp_path: Path,
) -> None:
    ids = make_source_and_run(http, settings, database)
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    environment = {
        **os.environ,
        **ids,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path]),
        "SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks",
        "TEST_DATABASE_PORT": str(database.server.port),
    }
    done = subprocess.run(
        [
            Path(sys.executable).with_name("st"), "run", f"{server.url}/openapi.json",
            "--header", f"Authorization: Bearer {server.token}",
            "--mode", "all", "--max-examples", "20", "--seed", "1", "--workers", "2",
            # Values are narrower than JSON schemas can say: certificates, tables selected twice.
            "--checks", "all", "--exclude-checks", "positive_data_acceptance",
        ],
        env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def make_source_and_run(
    http: httpx.Client, settings: Settings, database: Database
) -> dict[str, str]:
    body = {
        "model_id": "m1",
        "name": "A source",
        "connection": database.connection.model_dump(mode="json"),
        "credentials": {"password": database.server.password},
    }
    source_id = http.post("/save_draft", json=body).json()["source_id"]
    run = Run(
        model_id="m1",
        source_id=source_id,
        run_id="r1",
        state=RunState.SUCCEEDED,
        requested_at=now(),
    )
    services = Services(settings)
    Runs(services.documents).create(run)
    services.close()
    return {"TEST_MODEL_ID": "m1", "TEST_SOURCE_ID": source_id, "TEST_RUN_ID": "r1"}
