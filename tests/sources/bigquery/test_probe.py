"""The connection test, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pydantic import SecretStr

from devservers.ports import free_port
from headrace.bigquery_connection import BigqueryLogin
from headrace.checks import Check, CheckStatus, Layer
from headrace.connections import Credentials
from headrace.diagnosis.diagnose import diagnose
from headrace.diagnosis.network import Network
from headrace.errors import PERMISSION_DENIED, HeadraceError
from headrace.model import Selection
from headrace.sources.bigquery.session import Session
from tests.sources.bigquery.warehouse import Warehouse, selected


def checks(
    warehouse: Warehouse, selection: Sequence[Selection] = (), **changed: object
) -> dict[Layer, Check]:
    connection = warehouse.connection.model_copy(update=changed)
    found = diagnose(connection, Credentials.none(), warehouse.network, selection=selection)
    return {check.layer: check for check in found}


def failed(found: dict[Layer, Check]) -> list[Layer]:
    return [layer for layer, check in found.items() if check.status is CheckStatus.FAILED]


def test_all_layers_of_a_right_connection(warehouse: Warehouse) -> None:
    warehouse.execute("CREATE TABLE orders (id INT64)")
    warehouse.execute("CREATE VIEW recent AS SELECT id FROM orders")
    found = checks(warehouse, [selected("orders"), selected("recent")])

    assert list(found) == list(Layer)
    assert {check.status for check in found.values()} == {CheckStatus.PASSED}
    assert "shop" in found[Layer.DATABASE].found
    assert "all 2 selected tables" in found[Layer.RIGHTS].found


def test_a_dataset_that_is_not_there(warehouse: Warehouse) -> None:
    found = checks(warehouse, datasets="shop, gone")
    assert failed(found) == [Layer.DATABASE]
    check = found[Layer.DATABASE]
    assert check.code == "database_not_found"
    assert [field.path for field in check.fields] == ["connection.datasets"]
    assert found[Layer.RIGHTS].status is CheckStatus.SKIPPED


@pytest.mark.parametrize(
    ("selection", "code"),
    [
        (selected("gone"), "table_not_found"),
        (selected("orders", ["gone"]), "column_not_found"),
    ],
)
def test_a_selection_that_can_not_be_read(
    warehouse: Warehouse, selection: Selection, code: str
) -> None:
    warehouse.execute("CREATE TABLE orders (id INT64)")
    found = checks(warehouse, [selection])
    assert failed(found) == [Layer.RIGHTS]
    assert found[Layer.RIGHTS].code == code


def test_a_right_that_is_lacking_comes_with_the_statements(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator has no rights, so the refusal is injected."""

    def refused(_: Session) -> str:
        raise HeadraceError(PERMISSION_DENIED, "Asking for the time: BigQuery: no right.")

    monkeypatch.setattr(Session, "snapshot", refused)
    found = checks(warehouse, [selected("orders")])
    check = found[Layer.RIGHTS]
    assert check.code == "permission_denied"
    assert check.grants is not None
    assert "roles/bigquery.jobUser" in check.grants.create


def test_what_is_no_key_fails_at_the_login(warehouse: Warehouse) -> None:
    """Nothing is sent to Google: the key is judged before."""
    connection = warehouse.connection.model_copy(update={"login": BigqueryLogin.KEY})
    found = diagnose(
        connection, Credentials(password=SecretStr("no key")), Network(bigquery=warehouse.emulator)
    )
    by_layer = {check.layer: check for check in found}
    assert failed(by_layer) == [Layer.LOGIN]
    assert by_layer[Layer.LOGIN].code == "password_rejected"
    assert [field.path for field in by_layer[Layer.LOGIN].fields] == ["credentials.password"]


def test_an_api_that_is_not_reached(warehouse: Warehouse) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    found = diagnose(
        warehouse.connection, Credentials.none(), Network(bigquery=f"{nobody},{nobody}")
    )
    by_layer = {check.layer: check for check in found}
    assert failed(by_layer) == [Layer.TCP]
    assert by_layer[Layer.TCP].code == "host_unreachable"
    assert by_layer[Layer.FITNESS].status is CheckStatus.SKIPPED
