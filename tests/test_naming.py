"""Names in the destination."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from headrace.naming import dataset_name, table_name
from headrace.values import DestinationName
from tests.api.drafts import connection, table

DESTINATION_NAME: TypeAdapter[str] = TypeAdapter(DestinationName)


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("Shop", "shop"),
        ("Sales (EU)", "sales_eu"),
        ("Crème brûlée", "creme_brulee"),
        ("a__b", "a__b"),
        ("2026 orders", "_2026_orders"),
        ("_headrace", "headrace"),
        ("__HEADRACE x", "__headrace_x"),
        ("_Headrace x", "headrace_x"),
        ("x" * 200, "x" * 128),
    ],
)
def test_a_dataset_is_named_after_its_source(name: str, dataset: str) -> None:
    assert dataset_name(name) == dataset


@pytest.mark.parametrize(
    ("one", "other"),
    [("注文", "顧客"), ("заказы_2024", "клиенты_2024"), ("o.dd новая", "o.dd старая")],
)
def test_names_that_differ_in_lost_letters_stay_apart(one: str, other: str) -> None:
    assert dataset_name(one) != dataset_name(other)


@pytest.mark.parametrize(
    ("schema", "name", "wanted"),
    [
        ("public", "Orders", "orders"),
        ("sales", "orders", "sales_orders"),
        ("Public", "orders", "public_orders"),
        ("public", "_headrace_checkpoints", "headrace_checkpoints"),
    ],
)
def test_a_table_is_named_after_its_source_table(schema: str, name: str, wanted: str) -> None:
    assert table_name(connection(), table(name, schema)) == wanted


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)


@given(text, text)
def test_every_name_is_one_that_the_destination_takes(schema: str, name: str) -> None:
    for derived in (dataset_name(name), table_name(connection(), table(name[:64], schema[:64]))):
        assert DESTINATION_NAME.validate_python(derived) == derived
        assert not derived.startswith("_headrace")
