from __future__ import annotations

from pathlib import Path

import pytest

from headrace.destinations import SCHEMES, Destination
from headrace.ids import new_id
from tests.destinations.staging import Place


@pytest.fixture(params=sorted(SCHEMES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(request.param, tmp_path / "place")


@pytest.fixture
def destination(place: Place) -> Destination:
    return place.open()


@pytest.fixture
def run_id() -> str:
    return new_id()
