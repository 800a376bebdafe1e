"""Who may look and change nothing finds everything, and nothing to press that would be refused."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from headrace.local import LocalServer
from headrace.services import Services
from tests.sign_ins.conftest import provider, settings
from tests.sign_ins.provider import EDITOR, VIEWER, Provider
from tests.web.barriers import Barriers
from tests.web.history import a_source, its_runs
from tests.web.test_sign_in import sign_in

__all__ = ["provider", "settings"]

CHANGES = ("Pause", "Run now", "Delete this source …", "Replace the password")


@pytest.mark.parametrize("account", [VIEWER, EDITOR])
def test_what_changes_something_is_for_editors(
    page: Page,
    server: LocalServer,
    services: Services,
    provider: Provider,
    barriers: Barriers,
    account: str,
) -> None:
    source = a_source(services, "Shop")
    its_runs(services, source, 3)
    provider.accounts = [account]
    sign_in(page, server, account, to=f"#/m/default/sources/{source.source_id}")
    expect(page.get_by_role("heading", name="Shop")).to_be_visible()
    expect(page.get_by_role("list", name="Next runs")).to_be_visible()
    shown = int(account == EDITOR)
    for label in CHANGES:
        expect(page.get_by_role("button", name=label)).to_have_count(shown)
    expect(page.get_by_role("link", name="Edit")).to_have_count(3 * shown)
    barriers.check()
    page.get_by_role("link", name="Sources").click()
    expect(page.get_by_role("link", name="Shop")).to_be_visible()
    expect(page.get_by_role("link", name="Add a source")).to_have_count(shown)
