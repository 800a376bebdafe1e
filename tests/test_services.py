"""The composition root."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headrace import documents
from headrace.errors import SETTINGS_INVALID, HeadraceError
from headrace.services import Services, open_port
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


def test_a_package_that_is_not_installed_is_named(settings: Settings) -> None:
    schemes = {"far": "no_such_package.documents:open_documents"}

    with pytest.raises(HeadraceError) as caught:
        open_port("HEADRACE_DOCUMENTS", "far://away", schemes, settings)

    assert caught.value.kind is SETTINGS_INVALID
    assert caught.value.detail == (
        "HEADRACE_DOCUMENTS needs the package 'no_such_package', which is not installed."
    )
    assert "headrace[cloud]" in caught.value.hint


def test_a_module_of_ours_that_is_missing_is_a_defect(settings: Settings) -> None:
    schemes = {"far": "headrace.documents.nowhere:open_documents"}

    with pytest.raises(ModuleNotFoundError):
        open_port("HEADRACE_DOCUMENTS", "far://away", schemes, settings)


LOCAL_RUN = """
import sys
import headrace.cli, headrace.extraction.job, headrace.local
from headrace.services import Services
from headrace.settings import LocalSettings

services = Services(LocalSettings.read())
services.documents.create("models/m/sources/s", {"next_run_at": "2026"})
services.documents.due("2027", limit=1)
services.vault.read("one", services.vault.add("one", b"payload"))
services.launcher.current()
services.destination.staging("r1")
services.close()
print("\\n".join(sys.modules))
"""


def test_a_local_run_loads_nothing_of_the_clouds(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOCAL_RUN],
        env={"HEADRACE_DATA": str(tmp_path), "HEADRACE_TOKEN": "test-token", "HOME": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    modules = done.stdout.splitlines()
    assert "headrace.documents.sqlite" in modules
    theirs = ("grpc", "proto.", "google.api_core", "google.auth", "google.cloud.")
    assert not [name for name in modules if name.startswith(theirs)]
