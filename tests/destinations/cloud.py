"""BigQuery and Cloud Storage as a place for tests: a project and a bucket of a test's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import requests

from devservers.google.bigquery_server import BigqueryServer
from devservers.google.gcs_server import GcsServer
from headrace.destinations import Destination, Target
from headrace.destinations.bigquery import emulated, open_destination
from headrace.googlesql.identifiers import quoted
from headrace.settings import Settings
from tests.destinations.staging import Place

# Headrace's own dataset.
OWN = "_headrace"


@dataclass(frozen=True)
class CloudPlace(Place):
    """A project of BigQuery's."""

    project: str = ""
    address: str = ""

    def open(self, patience: float = 0.3) -> Destination:
        return open_destination(self.url, Settings.read())

    def read(self, target: Target) -> pa.Table:
        client = emulated(self.project, self.address)
        name = f"{quoted(target.dataset)}.{quoted(target.table)}"
        found = client.query_and_wait(f"SELECT * FROM {name} ORDER BY 1")
        return found.to_arrow(create_bqstorage_client=False)

    def is_there(self) -> bool:
        return bool(list(emulated(self.project, self.address).list_datasets()))


def cloud_place(bigquery: BigqueryServer, storage: GcsServer) -> CloudPlace:
    name = f"p{uuid4().hex[:12]}"
    requests.post(f"{storage.url}/storage/v1/b", json={"name": name}, timeout=30)
    place = f"{name}/{OWN}?staging=gs://{name}/runs&location=US"
    emulators = f"emulator={bigquery.address}&storage_emulator={storage.address}"
    return CloudPlace("bigquery", Path(), f"bigquery://{place}&{emulators}", name, bigquery.address)
