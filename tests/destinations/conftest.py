from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.destinations import SCHEMES, Destination
from headrace.ids import new_id
from tests.destinations.cloud import cloud_place
from tests.destinations.staging import Place


@pytest.fixture(params=sorted(SCHEMES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param != "bigquery":
        return Place(request.param, tmp_path / "place")
    return cloud_place(
        request.getfixturevalue("bigquery_server"), request.getfixturevalue("gcs_server")
    )


@pytest.fixture
def destination(place: Place) -> Iterator[Destination]:
    opened = place.open()
    yield opened
    opened.close()


@pytest.fixture
def run_id() -> str:
    return new_id()
