"""A deployment whose people sign in with Google."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.settings import LocalSettings, Settings
from tests.sign_ins.provider import CLIENT_ID, EDITOR, SCHEDULER, VIEWER, Provider, running


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture
def settings(provider: Provider, tmp_path: Path) -> Settings:
    return LocalSettings.read(
        data=tmp_path / "data",
        sign_in=f"google://{CLIENT_ID}",
        sign_in_keys=f"{provider.address}/keys",
        sign_in_page=f"{provider.address}/authorize",
        editors=f"{EDITOR}, editors.example",
        viewers=f"{VIEWER}, viewers.example",
        scheduler=SCHEDULER,
        contact="data-team@example.com",
    )
