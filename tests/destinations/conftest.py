from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.destinations import SCHEMES, Destination
from headrace.ids import new_id
from tests.destinations.cloud import cloud_place
from tests.destinations.real import real_place
from tests.destinations.staging import Place
from tests.real_cloud import RealCloud


@pytest.fixture(params=sorted(SCHEMES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param != "bigquery":
        yield Place(request.param, tmp_path / "place")
    elif cloud := RealCloud.asked():
        yield from real_place(cloud)
    else:
        servers = map(request.getfixturevalue, ("bigquery_server", "gcs_server"))
        yield cloud_place(*servers)


@pytest.fixture
def destination(place: Place) -> Iterator[Destination]:
    opened = place.open()
    yield opened
    opened.close()


@pytest.fixture
def run_id() -> str:
    return new_id()
