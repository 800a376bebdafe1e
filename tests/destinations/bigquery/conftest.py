"""BigQuery's emulator, with what passes on the way to it kept and spoilt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from devservers.google.bigquery_server import BigqueryServer
from devservers.google.gcs_server import GcsServer
from headrace.destinations.bigquery import BigQuery
from tests.destinations.bigquery.scene import opened
from tests.destinations.bigquery_wire import Wire
from tests.destinations.cloud import CloudPlace, cloud_place


@pytest.fixture
def cloud(bigquery_server: BigqueryServer, gcs_server: GcsServer) -> CloudPlace:
    return cloud_place(bigquery_server, gcs_server)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def destination(cloud: CloudPlace, wire: Wire) -> Iterator[BigQuery]:
    with closing(opened(cloud, wire)) as destination:
        yield destination
