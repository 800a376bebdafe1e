"""The local server, live, for the tests of the API as a whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from headrace import local
from headrace.local import LocalServer
from headrace.settings import Settings


@pytest.fixture
def server(settings: Settings) -> Iterator[LocalServer]:
    with closing(local.serve(settings, 0)) as server:
        threading.Thread(target=server.run, daemon=True).start()
        yield server


@pytest.fixture
def http(server: LocalServer) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=server.url,
        headers={"Authorization": f"Bearer {server.token}"},
        timeout=60,
        trust_env=False,
    ) as client:
        yield client
