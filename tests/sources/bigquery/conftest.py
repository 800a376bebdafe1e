"""A dataset for each test, in a project of its own."""

from __future__ import annotations

from uuid import uuid4

import pytest

from devservers.google.bigquery_server import BigqueryServer
from tests.sources.bigquery.warehouse import Warehouse


@pytest.fixture
def warehouse(bigquery_server: BigqueryServer) -> Warehouse:
    made = Warehouse(bigquery_server, f"p{uuid4().hex[:12]}")
    made.make()
    return made
