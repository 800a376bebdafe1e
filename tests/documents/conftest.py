"""Where Firestore is for the contract: our own server, or Google's emulator if one asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from devservers.google.firestore_emulator import FirestoreEmulator

EMULATED = os.environ.get("HEADRACE_TEST_FIRESTORE") == "emulator"


@pytest.fixture(scope="session")
def _emulator() -> Iterator[FirestoreEmulator]:
    emulator = FirestoreEmulator()
    try:
        yield emulator.start()
    finally:
        emulator.stop()


@pytest.fixture
def firestore_address(request: pytest.FixtureRequest) -> str:
    name = "_emulator" if EMULATED else "firestore_server"
    address: str = request.getfixturevalue(name).address
    return address
