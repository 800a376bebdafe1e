"""BigQuery and Cloud Storage themselves as a place for tests (`make test-cloud`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
from google.cloud import bigquery

from headrace.destinations import Destination, Target
from headrace.destinations.bigquery import open_destination
from headrace.destinations.gcs_staging import open_staging
from headrace.google_calls import place
from headrace.googlesql.identifiers import quoted
from headrace.settings import Settings
from tests.destinations.staging import Place
from tests.real_cloud import RealCloud

# The dataset of the suites' source.
SHOP = "shop"


@dataclass(frozen=True)
class RealPlace(Place):
    """A dataset of Headrace's own in a project of Google's."""

    client: bigquery.Client | None = None
    own: str = ""

    def open(self, patience: float = 0.3) -> Destination:
        return open_destination(self.url, Settings.read())

    def is_there(self) -> bool:
        return bool({self.own, SHOP} & _datasets(self._client))

    def read(self, target: Target) -> pa.Table:
        name = f"{quoted(target.dataset)}.{quoted(target.table)}"
        found = self._client.query_and_wait(f"SELECT * FROM {name} ORDER BY 1")
        return found.to_arrow(create_bqstorage_client=False)

    @property
    def _client(self) -> bigquery.Client:
        assert self.client is not None
        return self.client


def real_place(cloud: RealCloud) -> Iterator[Place]:
    """A place of a test's own, which is removed with all datasets that the test has made.

    Raises RuntimeError in a project that is there for more than this.
    """
    client = bigquery.Client(cloud.project, location=cloud.location)
    before = _datasets(client)
    if SHOP in before:
        raise RuntimeError(f"Project '{cloud.project}' has a dataset '{SHOP}': take another one.")
    name = uuid4().hex[:8]
    url = cloud.destination(name)
    try:
        yield RealPlace("bigquery", Path(), url, client, cloud.dataset(name))
    finally:
        for dataset in _datasets(client) - before:
            client.delete_dataset(dataset, delete_contents=True, not_found_ok=True)
        # What all tests have staged, of which this one's are the files of one directory.
        staged = f"bigquery://{cloud.project}/{SHOP}?staging=gs://{cloud.bucket}/{cloud.run}"
        open_staging(place(staged, "staging")).remove(name)
        client.close()  # type: ignore[no-untyped-call]


def _datasets(client: bigquery.Client) -> set[str]:
    return {found.dataset_id for found in client.list_datasets()}
