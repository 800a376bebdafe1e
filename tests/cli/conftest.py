"""Runs the real command, as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HEADRACE = Path(sys.executable).parent / "headrace"

Headrace = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a user with an empty data directory and no password set."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HEADRACE_", "PG"))}
    return {**kept, "HEADRACE_DATA": str(tmp_path / "data")}


@pytest.fixture
def headrace(environment: dict[str, str]) -> Headrace:
    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [HEADRACE, *arguments],
            env={**environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run
