"""Whose a table is: its source's, nobody's once that was deleted, or not Headrace's at all."""

from __future__ import annotations

import pyarrow as pa
import pytest

from headrace.destinations import Destination, PlannedTable, Target
from headrace.errors import (
    COLUMNS_CLASH,
    DESTINATION_CONFLICT,
    TYPE_NOT_CARRIED,
    HeadraceError,
    Kind,
)
from headrace.naming import dataset_name
from headrace.tables import TableRef
from tests.destinations.staging import Place, bring, cut, publish, stage, table

ORDERS = Target("shop", "orders")


def planned(target: Target = ORDERS, **columns: pa.DataType) -> PlannedTable:
    schema = pa.schema(columns or {"id": pa.int64()})
    return PlannedTable(TableRef(schema_name="public", table_name="orders"), target, schema)


def refused(destination: Destination, kind: Kind, *tables: PlannedTable) -> HeadraceError:
    with pytest.raises(HeadraceError) as raised:
        destination.check("m1", "s2", tables)
    assert raised.value.kind is kind
    return raised.value


def test_a_source_s_own_tables_and_new_ones_are_agreed_to(destination: Destination) -> None:
    destination.check("m1", "s2", [planned()])
    bring(destination, table(id=[1]), source="s2")
    destination.check("m1", "s2", [planned(), planned(Target("shop", "items"))])


def test_a_table_of_another_source_is_refused_before_it_is_read(destination: Destination) -> None:
    bring(destination, table(id=[1]), source="s1")

    error = refused(destination, DESTINATION_CONFLICT, planned(Target("Shop", "ORDERS")))

    assert "belongs to source 's1' of model 'm1'" in error.detail


def test_two_tables_for_one_place_are_refused_before_they_are_read(
    destination: Destination,
) -> None:
    refused(destination, DESTINATION_CONFLICT, planned(), planned(Target("shop", "Orders")))


def test_columns_that_clash_are_refused_before_they_are_read(destination: Destination) -> None:
    error = refused(destination, COLUMNS_CLASH, planned(id=pa.int32(), Id=pa.int32()))

    assert "public.orders" in error.detail


def test_a_type_that_is_not_carried_is_refused_before_it_is_read(destination: Destination) -> None:
    error = refused(destination, TYPE_NOT_CARRIED, planned(age=pa.duration("s")))

    assert "public.orders, column 'age'" in error.detail


def test_no_dataset_is_named_as_the_destination_names_its_own(destination: Destination) -> None:
    assert destination.reserved_datasets
    for name in destination.reserved_datasets:
        assert dataset_name(name) not in destination.reserved_datasets
        refused(destination, DESTINATION_CONFLICT, planned(Target(name.upper(), "orders")))


def test_tables_that_were_let_go_stay(place: Place, destination: Destination) -> None:
    bring(destination, table(id=[1, 2]))

    destination.disown("m1", "s1")
    destination.disown("m1", "s1")

    assert destination.checkpoints("m1", "s1") == []
    assert destination.count(ORDERS) == 2
    assert place.read(ORDERS).to_pylist() == [{"id": 1}, {"id": 2}]


def test_a_table_that_was_let_go_is_replaced_by_any_source(
    place: Place, destination: Destination, run_id: str
) -> None:
    bring(destination, table(id=[1, 2]), source="s1")
    destination.disown("m1", "s1")
    destination.check("m1", "s2", [planned()])

    bring(destination, table(code=["x"]), source="s2")

    assert place.read(ORDERS).to_pylist() == [{"code": "x"}]
    assert [c.rows for c in destination.checkpoints("m1", "s2")] == [1]
    staged = stage(destination, run_id, table(id=[3]))
    with pytest.raises(HeadraceError) as raised:
        publish(destination, staged, run_id=run_id, source="s1")
    assert raised.value.kind is DESTINATION_CONFLICT


def test_a_table_that_was_let_go_is_nobody_s_until_it_is_replaced(
    place: Place, destination: Destination, run_id: str
) -> None:
    bring(destination, table(id=[1, 2]), source="s1")
    destination.disown("m1", "s1")
    staged = stage(destination, run_id, table(id=[3]))
    cut(destination, run_id, staged.files[0].path, None)

    with pytest.raises(HeadraceError):
        publish(destination, staged, run_id=run_id, source="s2")

    assert destination.checkpoints("m1", "s2") == []
    assert place.read(ORDERS).to_pylist() == [{"id": 1}, {"id": 2}]
    destination.check("m1", "s3", [planned()])


def test_letting_go_spares_other_sources(destination: Destination) -> None:
    bring(destination, table(id=[1]), source="s1")

    for model, source in (("m1", "s2"), ("m2", "s1")):
        destination.disown(model, source)

    assert len(destination.checkpoints("m1", "s1")) == 1


def test_where_nothing_is_nothing_is_made(place: Place, destination: Destination) -> None:
    destination.disown("m1", "s1")
    destination.check("m1", "s1", [planned()])

    assert not place.is_there()
