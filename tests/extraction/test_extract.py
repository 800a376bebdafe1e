"""An extraction brings all tables or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headrace.destinations import SCHEMES, Destination, Target
from headrace.errors import (
    COLUMN_NOT_FOUND,
    DESTINATION_CONFLICT,
    PERMISSION_DENIED,
    ROWS_DISAGREE,
    RUN_CANCELLED,
    TABLE_NOT_FOUND,
    TYPE_NOT_CARRIED,
    HeadraceError,
    Kind,
)
from headrace.extraction.adhoc import extract_once
from headrace.extraction.progress import silent
from headrace.model import Selection, TableRun, TableState
from headrace.services import open_port
from tests.destinations.staging import LOCAL_SCHEMES
from tests.extraction.memory import MemoryDatabase
from tests.extraction.scene import ORDERS, Scene

ITEMS = Target("shop", "items")


@pytest.fixture(params=LOCAL_SCHEMES)
def destination(request: pytest.FixtureRequest, scene: Scene) -> Destination:
    settings = scene.services.settings
    url = f"{request.param}://{settings.data}/warehouse"
    opened: Destination = open_port("destination", url, SCHEMES, settings)
    return opened


def bring(scene: Scene, destination: Destination, *selection: Selection) -> tuple[TableRun, ...]:
    source = scene.source.model_copy(update={"selection": selection or scene.source.selection})
    return extract_once(source, scene.connect, destination, silent)


def public(name: str, *columns: str) -> Selection:
    return Selection(schema_name="public", table_name=name, columns=columns or None)


def refused(
    scene: Scene, destination: Destination, kind: Kind, *selection: Selection
) -> HeadraceError:
    """The extraction fails so, and the rows of the one before are still there."""
    with pytest.raises(HeadraceError) as raised:
        bring(scene, destination, *selection)
    assert raised.value.kind is kind, raised.value
    assert destination.count(ORDERS) == 1000
    assert destination.count(ITEMS) is None
    left = [
        path for path in scene.services.settings.data.rglob("*.parquet") if "staging" in str(path)
    ]
    assert left == []
    return raised.value


def test_several_tables_and_chosen_columns(scene: Scene, destination: Destination) -> None:
    scene.database.execute("CREATE TABLE items AS SELECT 1 AS a, 2 AS b; ANALYZE")

    tables = bring(scene, destination, public("orders"), public("items", "b"))

    assert [(table.state, table.rows, table.estimated_rows) for table in tables] == [
        (TableState.PUBLISHED, 1000, 1000),
        (TableState.PUBLISHED, 1, 1),
    ]
    assert (destination.count(ORDERS), destination.count(ITEMS)) == (1000, 1)


def test_a_table_that_was_dropped(scene: Scene, destination: Destination) -> None:
    bring(scene, destination)
    scene.database.execute("CREATE TABLE items (id int); DROP TABLE orders")

    error = refused(scene, destination, TABLE_NOT_FOUND, public("items"), public("orders"))

    assert "public.orders" in error.detail


def test_a_column_that_was_dropped(scene: Scene, destination: Destination) -> None:
    bring(scene, destination)
    scene.database.execute("ALTER TABLE orders DROP COLUMN price")

    error = refused(scene, destination, COLUMN_NOT_FOUND, public("orders", "id", "price"))

    assert "public.orders" in error.detail
    assert "price" in error.detail


def test_a_table_that_may_not_be_read(scene: Scene, destination: Destination) -> None:
    bring(scene, destination)
    user = scene.database.name
    password = scene.database.server.password
    scene.database.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")
    try:
        source = scene.source.model_copy(
            update={"connection": scene.source.connection.model_copy(update={"user": user})}
        )
        stranger = Scene(scene.services, scene.database, source)
        error = refused(stranger, destination, PERMISSION_DENIED)
    finally:
        scene.database.execute(f"DROP ROLE {user}")
    assert "public.orders" in error.detail


@pytest.mark.parametrize(
    ("table", "kind"), [("liar", ROWS_DISAGREE), ("typeless", TYPE_NOT_CARRIED)]
)
def test_a_table_that_does_not_add_up(
    scene: Scene,
    destination: Destination,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    kind: Kind,
) -> None:
    bring(scene, destination)
    monkeypatch.setattr(Scene, "connect", lambda *_: MemoryDatabase())

    error = refused(scene, destination, kind, public("items"), public(table))

    assert f"public.{table}" in error.detail


@pytest.mark.parametrize(
    ("table", "kind"), [("orders", DESTINATION_CONFLICT), ("typeless", TYPE_NOT_CARRIED)]
)
def test_what_is_known_to_be_wrong_is_said_before_reading(
    scene: Scene,
    destination: Destination,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    kind: Kind,
) -> None:
    bring(scene, destination)
    if kind is DESTINATION_CONFLICT:
        scene = replace(scene, source=scene.source.model_copy(update={"source_id": "s2"}))
    monkeypatch.setattr(Scene, "connect", lambda *_: MemoryDatabase())
    monkeypatch.setattr(MemoryDatabase, "read", None)

    refused(scene, destination, kind, public("items"), public(table))


def test_progress_may_end_it(scene: Scene, destination: Destination) -> None:
    bring(scene, destination)

    def impatient(tables: tuple[TableRun, ...]) -> None:
        if all(table.state is TableState.STAGED for table in tables):
            raise HeadraceError(RUN_CANCELLED, "Enough.")

    scene.database.execute("DELETE FROM orders")
    with pytest.raises(HeadraceError):
        extract_once(scene.source, scene.connect, destination, impatient)
    assert destination.count(ORDERS) == 1000
