from __future__ import annotations

from collections.abc import Iterator

import pytest

from headrace.services import Services
from headrace.settings import Settings
from tests.conftest import Database
from tests.extraction.scene import Scene


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    opened = Services(settings)
    yield opened
    opened.documents.close()


@pytest.fixture
def scene(services: Services, database: Database) -> Scene:
    """An active source over a database with a table `orders` of 1,000 rows."""
    database.execute(
        "CREATE TABLE orders AS SELECT n AS id, 'order ' || n AS label, n / 8.0 AS price "
        "FROM generate_series(1, 1000) n"
    )
    return Scene.of(services, database, "orders")
