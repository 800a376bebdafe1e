"""The composition root."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from headrace import documents
from headrace.services import Services
from headrace.settings import Settings

opened: list[object] = []


def open_slowly(url: str, settings: Settings) -> object:
    time.sleep(0.05)
    opened.append(object())
    return opened[-1]


def test_threads_share_a_port(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11 sees to it by itself, later versions don't."""
    monkeypatch.setitem(documents.SCHEMES, "slow", f"{__name__}:open_slowly")
    services = Services(settings.model_copy(update={"documents": "slow:///"}))
    at_once = threading.Barrier(8)

    def use(_: int) -> object:
        at_once.wait()
        return services.documents

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(use, range(8)))) == 1
    assert len(opened) == 1
