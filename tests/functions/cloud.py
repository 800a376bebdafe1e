"""Each function as it is deployed: the settings of the cloud, and servers that stand for it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from devservers.google.cloud_run import CloudRunServer, Job
from devservers.google.firestore import FirestoreServer
from devservers.google.secret_manager import SecretManagerServer
from headrace.api.sources import SourceRef, activate
from headrace.model import Source
from headrace.services import Services
from headrace.settings import Settings
from tests.api import drafts
from tests.sign_ins import provider

INDEXES = Path(__file__).parents[2] / "src/headrace/documents/firestore.indexes.json"
# On a private address, so it is refused without being dialled.
_CONNECTION = drafts.connection(host="10.0.0.1", port=5432)


@dataclass(frozen=True)
class Request:
    """A call that makes a function do what it is there for, as far as that needs no database."""

    method: str
    path: str
    body: Mapping[str, object]
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    @property
    def content(self) -> str:
        return json.dumps(self.body) if self.method != "GET" else ""


@dataclass(frozen=True)
class Cloud:
    """The variables of all functions, and a source that is active."""

    variables: Mapping[str, str]
    source: Source

    def request(self, function: str) -> Request:
        method, path, body = self._calls()[function]
        email = provider.SCHEDULER if function == "dispatch" else provider.EDITOR
        return Request(method, path, body, provider.signed(provider.claims(email)))

    def _calls(self) -> dict[str, tuple[str, str, Mapping[str, object]]]:
        source = {"model_id": self.source.model_id, "source_id": self.source.source_id}
        connection = _CONNECTION.model_dump(mode="json")
        credentials = {"password": drafts.PASSWORD}
        table = {"schema_name": "public", "table_name": "orders"}
        draft = {"model_id": "m1", "name": "Another", "connection": connection}
        return {
            "test_connection": (
                "POST",
                "/",
                {"connection": connection, "credentials": credentials},
            ),
            "grants": ("POST", "/", {"connection": connection, "selection": [table]}),
            "save_draft": ("POST", "/", {**draft, "credentials": credentials}),
            "list_tables": ("POST", "/", source),
            "describe_table": ("POST", "/", {**source, **table}),
            "preflight": ("POST", "/", {**source, **table}),
            "sources": ("GET", f"/?model_id={self.source.model_id}", {}),
            "runs": ("POST", "/", source),
            "dispatch": ("POST", "/", {}),
        }


@contextmanager
def running() -> Iterator[Cloud]:
    """All servers, while it is used."""
    with ExitStack() as stack:
        firestore = stack.enter_context(FirestoreServer(INDEXES))
        secrets = stack.enter_context(SecretManagerServer())
        jobs = stack.enter_context(CloudRunServer())
        signing = stack.enter_context(provider.running())
        project = f"p{uuid4().hex[:20]}"
        jobs.add_job(f"projects/{project}/locations/europe-west1/jobs/extract", Job(["true"]))
        chosen = {
            "documents": f"firestore://{project}/headrace?emulator={firestore.address}",
            "vault": f"secretmanager://{project}?emulator={secrets.address}",
            "launcher": f"cloudrun://{project}/europe-west1/extract?emulator={jobs.address}",
            # It is opened for what it calls a type, and not asked for anything.
            "destination": f"bigquery://{project}/headrace?staging=gs://staging/runs"
            "&emulator=127.0.0.1:9&storage_emulator=127.0.0.1:9",
            "sign_in": f"google://{provider.CLIENT_ID}",
            "sign_in_keys": f"{signing.address}/keys",
            "editors": provider.EDITOR,
            "scheduler": provider.SCHEDULER,
            "tests_per_minute": "10000",
            "tests_per_day": "10000",
            "connections_per_minute": "10000",
            "connections_per_day": "10000",
        }
        services = Services(Settings.read(**chosen))
        source = drafts.create(
            services, connection=_CONNECTION, selection=(drafts.table("orders"),)
        )
        active = activate(services, SourceRef(model_id=source.model_id, source_id=source.source_id))
        services.close()
        variables = {f"HEADRACE_{name.upper()}": value for name, value in chosen.items()}
        yield Cloud({**variables, "PATH": os.environ["PATH"]}, active)
