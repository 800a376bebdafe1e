"""BigQuery through the functions, as the page calls them, and through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from headrace.api.list_tables import ListTables, list_tables
from headrace.api.save_draft import SaveDraft, save_draft
from headrace.api.sources import SourceRef, activate
from headrace.bigquery_connection import BigqueryConnection
from headrace.cli import app
from headrace.connections import Credentials
from headrace.errors import PASSWORD_REQUIRED, SOURCE_TYPE_NOT_SERVED, HeadraceError
from headrace.services import Services
from headrace.settings import Settings
from tests.sources.bigquery.warehouse import Warehouse, selected


@pytest.fixture
def services(warehouse: Warehouse, settings: Settings) -> Services:
    return Services(settings.model_copy(update={"bigquery_emulator": warehouse.emulator}))


def test_a_source_without_a_key(warehouse: Warehouse, services: Services) -> None:
    warehouse.execute("CREATE TABLE orders (id INT64)")
    source = save_draft(
        services,
        SaveDraft(
            model_id="m",
            name="Sales",
            connection=warehouse.connection,
            selection=(selected("orders"),),
        ),
    )
    ref = {"model_id": "m", "source_id": source.source_id}
    assert [str(table) for table in list_tables(services, ListTables(**ref))] == ["shop.orders"]
    assert activate(services, SourceRef(**ref)).state == "active"
    assert services.vault.read(source.credentials_secret_name, 1) is None


def test_a_key_is_kept_for_its_project(services: Services) -> None:
    connection = BigqueryConnection(project="one")
    given = {"model_id": "m", "name": "Sales", "connection": connection}
    key = Credentials(password=SecretStr("{" + "k" * 3000 + "}"))
    source = save_draft(services, SaveDraft(**given, credentials=key))
    same = {"model_id": "m", "source_id": source.source_id, "etag": source.etag}
    with pytest.raises(HeadraceError) as caught:
        save_draft(services, SaveDraft(**same, connection=BigqueryConnection(project="two")))
    assert caught.value.kind is PASSWORD_REQUIRED
    named = connection.model_copy(update={"datasets": "shop"})
    assert save_draft(services, SaveDraft(**same, connection=named)).connection == named


def test_on_the_command_line(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.execute("CREATE TABLE orders AS SELECT 1 AS id")
    monkeypatch.setenv("HEADRACE_BIGQUERY_EMULATOR", warehouse.emulator)
    url, to = f"bigquery://{warehouse.project}/shop", f"duckdb://{tmp_path}/w.duckdb"
    run = CliRunner()
    tested = run.invoke(app, ["test", url, "orders", "--json"])
    assert json.loads(tested.stdout)["passed"] is True
    brought = run.invoke(app, ["extract", url, "orders", "--to", to, "--json"])
    assert json.loads(brought.stdout)["tables"][0]["rows"] == 1
    nowhere = run.invoke(app, ["extract", f"bigquery://{warehouse.project}", "orders", "--to", to])
    assert nowhere.exit_code != 0
    written = run.invoke(app, ["grants", url, "orders"])
    assert f"{warehouse.project}:shop.orders" in written.stdout


def test_where_it_is_not_installed(
    warehouse: Warehouse, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headrace import sources

    monkeypatch.setitem(sources.SCHEMES, "bigquery", "nowhere_installed.bigquery:connect")
    with pytest.raises(HeadraceError) as caught:
        sources.connect(warehouse.connection, Credentials.none(), services.settings.network)
    assert caught.value.kind is SOURCE_TYPE_NOT_SERVED
