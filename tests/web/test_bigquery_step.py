"""The connection step for BigQuery, which has a project and a key in place of a host."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from headrace.bigquery_connection import BigqueryConnection, BigqueryLogin
from headrace.settings import Settings
from tests.sources.bigquery.conftest import warehouse
from tests.sources.bigquery.warehouse import Warehouse
from tests.web.barriers import Barriers
from tests.web.connecting import try_it
from tests.web.drafts import only

__all__ = ["warehouse"]


@pytest.fixture
def settings(warehouse: Warehouse, settings: Settings) -> Settings:
    return settings.model_copy(update={"bigquery_emulator": warehouse.emulator})


def test_a_project_is_entered_and_saved(
    home: Page, warehouse: Warehouse, settings: Settings, barriers: Barriers
) -> None:
    warehouse.execute("CREATE TABLE orders (id INT64)")
    home.get_by_role("link", name="Add a source").click()
    home.get_by_label("BigQuery").check()
    home.get_by_label("Name", exact=True).fill("Sales")
    home.get_by_role("button", name="Go on").click()
    expect(home.get_by_label("Host")).to_have_count(0)
    key = home.get_by_label("Service account key")
    expect(key).to_be_visible()
    try_it(home)
    expect(home.get_by_text("Project is required.")).to_be_visible()
    expect(home.get_by_text("Service account key is required.")).to_be_visible()
    barriers.check()

    home.get_by_label("Project", exact=True).fill(warehouse.project)
    home.get_by_label("Datasets").fill("shop")
    home.get_by_label("Login by").select_option("iam")
    expect(key).to_have_count(0)
    try_it(home)
    expect(home.get_by_text("The connection works. The draft is saved.")).to_be_visible()

    source = only(settings)
    assert source.connection == BigqueryConnection(
        project=warehouse.project, login=BigqueryLogin.IAM, datasets="shop"
    )
    home.get_by_role("button", name="Go on to tables").click()
    expect(home.get_by_text("orders")).to_be_visible()
