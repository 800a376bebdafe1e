from __future__ import annotations

from collections.abc import Iterator

import pytest

from devservers.google.bigquery_server import BigqueryServer
from devservers.google.cloud_run import CloudRunServer
from devservers.google.firestore import FirestoreServer
from devservers.google.gcs_server import GcsServer
from devservers.google.secret_manager import SecretManagerServer
from tests.cloud.deployment import Project, Servers
from tests.sign_ins import provider


@pytest.fixture
def servers(
    firestore_server: FirestoreServer,
    secret_manager_server: SecretManagerServer,
    cloud_run_server: CloudRunServer,
    gcs_server: GcsServer,
    bigquery_server: BigqueryServer,
) -> Servers:
    return Servers(
        firestore_server, secret_manager_server, cloud_run_server, gcs_server, bigquery_server
    )


@pytest.fixture
def project(servers: Servers) -> Iterator[Project]:
    with provider.running() as signing:
        yield Project(servers, f"{signing.address}/keys")
