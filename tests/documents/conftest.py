"""Where Firestore is for the contract: our own server, or Google's emulator, or Google's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from devservers.google.firestore_emulator import FirestoreEmulator
from tests.real_cloud import RealCloud

REAL = RealCloud.asked()
EMULATED = os.environ.get("HEADRACE_TEST_FIRESTORE") == "emulator"


@pytest.fixture(scope="session")
def _emulator() -> Iterator[FirestoreEmulator]:
    emulator = FirestoreEmulator()
    try:
        yield emulator.start()
    finally:
        emulator.stop()


@pytest.fixture
def firestore(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database without documents."""
    if REAL is not None:
        REAL.empty_database()
        yield REAL.documents
        REAL.empty_database()
        return
    server = request.getfixturevalue("_emulator" if EMULATED else "firestore_server")
    yield f"firestore://p{uuid4().hex}/(default)?emulator={server.address}"
