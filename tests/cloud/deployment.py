"""Headrace as `terraform/` deploys it, with every adapter of the cloud at once, over emulators.

Each function is a server of its own under functions-framework, and the job a process that the
server for Cloud Run starts; all of them have the variables of `terraform/functions.tf` and nothing
else in common.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import requests
from google.cloud import bigquery

from devservers.google.bigquery_server import BigqueryServer
from devservers.google.cloud_run import CloudRunServer, Job
from devservers.google.firestore import FirestoreServer
from devservers.google.gcs_server import GcsServer
from devservers.google.secret_manager import SecretManagerServer
from devservers.ports import free_port
from headrace.destinations.bigquery import emulated
from headrace.services import Services
from headrace.settings import Settings
from tests.sign_ins import provider

_ROOT = Path(__file__).parents[2]
_FUNCTIONS = _ROOT / "functions"
_REGION = "europe-west1"

# Those that a journey calls, and whose documents are the budgets alone.
CALLED = ("test_connection", "save_draft", "list_tables", "sources", "runs", "dispatch")
_BUDGETS_ONLY = {"test_connection"}

JOB = (sys.executable, "-m", "headrace.extraction.job")


@dataclass(frozen=True)
class Servers:
    """What stands for Google Cloud."""

    firestore: FirestoreServer
    secrets: SecretManagerServer
    jobs: CloudRunServer
    storage: GcsServer
    warehouse: BigqueryServer


class Project:
    """A project of Google Cloud with all that is deployed in it, but for the functions."""

    def __init__(self, servers: Servers, keys: str, job: tuple[str, ...] = JOB) -> None:
        self.servers = servers
        self.name = f"p{uuid4().hex[:20]}"
        self.bucket = f"{self.name}-staging"
        requests.post(f"{servers.storage.url}/storage/v1/b", json={"name": self.bucket}, timeout=10)
        parent = f"projects/{self.name}/locations/{_REGION}"
        self.job = f"{parent}/jobs/headrace-extract"
        servers.jobs.logs.views.add(f"{parent}/buckets/runs/views/runs")
        self.variables = self._variables(keys)
        # As Terraform has it, but for the directory in which the tests are, and one retry more.
        variables = {**self.variables, "PYTHONPATH": str(_ROOT)}
        servers.jobs.add_job(self.job, Job(job, variables, retries=3))

    @property
    def settings(self) -> Settings:
        chosen = {
            name.removeprefix("HEADRACE_").lower(): value for name, value in self.variables.items()
        }
        return Settings.read(**chosen)

    @contextmanager
    def services(self) -> Iterator[Services]:
        """Those of a process with the settings of all."""
        services = Services(self.settings)
        try:
            yield services
        finally:
            services.close()

    @contextmanager
    def warehouse(self) -> Iterator[bigquery.Client]:
        """Somebody who reads what was brought, and knows nothing of Headrace."""
        client = emulated(self.name, self.servers.warehouse.address)
        try:
            yield client
        finally:
            client.close()  # type: ignore[no-untyped-call]

    def staged(self) -> list[str]:
        """The names of the files in the bucket."""
        url = f"{self.servers.storage.url}/storage/v1/b/{self.bucket}/o"
        return [item["name"] for item in requests.get(url, timeout=10).json().get("items", ())]

    def _variables(self, keys: str) -> Mapping[str, str]:
        project, servers = self.name, self.servers
        warehouse = f"emulator={servers.warehouse.address}"
        storage = f"storage_emulator={servers.storage.address}"
        return {
            "HEADRACE_DOCUMENTS": f"firestore://{project}/headrace"
            f"?emulator={servers.firestore.address}",
            "HEADRACE_VAULT": f"secretmanager://{project}?emulator={servers.secrets.address}",
            "HEADRACE_DESTINATION": f"bigquery://{project}/headrace"
            f"?staging=gs://{self.bucket}/runs&{warehouse}&{storage}",
            "HEADRACE_LAUNCHER": f"cloudrun://{project}/{_REGION}/headrace-extract"
            f"?logs=runs/runs&emulator={servers.jobs.address}",
            "HEADRACE_TASKS": "1",
            "HEADRACE_SIGN_IN": f"google://{provider.CLIENT_ID}",
            "HEADRACE_SIGN_IN_KEYS": keys,
            "HEADRACE_VIEWERS": provider.VIEWER,
            "HEADRACE_EDITORS": provider.EDITOR,
            "HEADRACE_SCHEDULER": provider.SCHEDULER,
            "HEADRACE_WEB_ORIGIN": "https://headrace-web.storage.googleapis.com",
            "HEADRACE_ALLOWED_NETWORKS": "127.0.0.0/8",
        }


@contextmanager
def functions(project: Project) -> Iterator[Mapping[str, httpx.Client]]:
    """A client for each of `CALLED`, signed in as an editor, or as the scheduler for dispatch."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
    with ExitStack() as stack:
        clients = {}
        for name in CALLED:
            changed = {}
            if name in _BUDGETS_ONLY:
                documents = project.variables["HEADRACE_DOCUMENTS"]
                changed = {"HEADRACE_DOCUMENTS": documents.replace("/headrace?", "/budgets?")}
            port = free_port()
            process = subprocess.Popen(
                [
                    sys.executable, "-m", "functions_framework", "--target", name,
                    "--source", _FUNCTIONS / name / "main.py",
                    "--host", "127.0.0.1", "--port", str(port),
                ],
                env={**inherited, **project.variables, **changed}, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
            caller = provider.SCHEDULER if name == "dispatch" else provider.EDITOR
            token = provider.signed(provider.claims(caller))
            client = httpx.Client(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {token}"},
                trust_env=False,
                timeout=60,
            )
            clients[name] = stack.enter_context(client)
        for client in clients.values():
            _wait_until_it_answers(client)
        yield clients


def answered(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def _wait_until_it_answers(client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            client.options("/")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the function did not start")
