"""A project of BigQuery's for a test alone, and what passes on the way to it."""

from __future__ import annotations

from dataclasses import replace

from headrace.destinations import Increment, StagedTable, Target
from headrace.destinations.bigquery import BigQuery, emulated
from headrace.destinations.gcs_staging import open_staging
from headrace.google_calls import Patience, place
from headrace.model import Window
from tests.destinations.bigquery_wire import Wire
from tests.destinations.cloud import OWN, CloudPlace

ORDERS = Target("shop", "orders")

PATIENT = Patience(attempt=60.0, all=60.0)
HASTY = Patience(attempt=20.0, all=0.3)


def opened(cloud: CloudPlace, wire: Wire, patience: Patience = PATIENT) -> BigQuery:
    client = emulated(cloud.project, cloud.address)
    client._http.mount("http://", wire)
    staging = open_staging(place(cloud.url, "staging", "location", "storage_emulator"))
    return BigQuery(client, OWN, staging, location="US", patience=patience)


def increment(staged: StagedTable, after: str | None, upto: str, *key: str) -> StagedTable:
    window = Window(cursor=("id",), after=after, read_after=after, upto=upto)
    return replace(staged, increment=Increment(window, key))


def sql(cloud: CloudPlace, text: str) -> list[tuple[object, ...]]:
    client = emulated(cloud.project, cloud.address)
    return [row.values() for row in client.query_and_wait(text)]


def names_of(wire: Wire, kind: str) -> list[str]:
    """The names of the jobs of that kind that were sent."""
    jobs = [*wire.jobs("load"), *wire.jobs("query")]
    names = [str(job["jobReference"]["jobId"]) for job in jobs]
    return [name for name in names if name.startswith(f"headrace_{kind}_")]


def position(destination: BigQuery) -> str | None:
    (checkpoint,) = destination.checkpoints("m1", "s1")
    return checkpoint.position
