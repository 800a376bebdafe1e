"""What Arrow's types are called in BigQuery, and what does not fit there."""

from __future__ import annotations

import pyarrow as pa
import pytest

from headrace.destinations import duckdb, parquet
from headrace.destinations.bigquery_types import TYPES, beyond, type_name
from headrace.errors import TYPE_NOT_CARRIED, HeadraceError


def test_every_type_that_arrives_has_a_name() -> None:
    assert set(TYPES) == set(duckdb.TYPES) == set(parquet.TYPES)


@pytest.mark.parametrize(
    ("precision", "scale", "name"),
    [
        (10, 2, "NUMERIC(10, 2)"),
        (38, 9, "NUMERIC(38, 9)"),
        (30, 0, "BIGNUMERIC(30, 0)"),
        (10, 10, "BIGNUMERIC(10, 10)"),
        (38, 0, "BIGNUMERIC(38, 0)"),
        (38, 38, "BIGNUMERIC(38, 38)"),
    ],
)
def test_a_decimal_gets_the_narrowest_type_that_holds_it(
    precision: int, scale: int, name: str
) -> None:
    assert type_name(pa.decimal128(precision, scale)) == name
    assert type_name(pa.list_(pa.decimal128(precision, scale))) == f"ARRAY<{name}>"


@pytest.mark.parametrize(
    "refused", [pa.decimal256(39, 0), pa.decimal256(76, 39), pa.month_day_nano_interval()]
)
def test_what_bigquery_can_not_hold_is_refused(refused: pa.DataType) -> None:
    with pytest.raises(HeadraceError) as raised:
        type_name(refused)
    assert raised.value.kind is TYPE_NOT_CARRIED


def test_unsigned_integers_are_no_int64_when_they_do_not_fit() -> None:
    assert type_name(pa.uint32()) == "INT64"
    assert type_name(pa.uint64()) == "NUMERIC(20, 0)"


def test_what_does_not_fit() -> None:
    assert beyond(pa.string()) is None
    assert beyond(pa.date32()) == "years before 1 and after 9999"
    nulls = "NULL as an element; NULL instead of an array becomes an empty one"
    assert beyond(pa.list_(pa.int32())) == nulls
    assert beyond(pa.list_(pa.date32())) == f"{nulls}; years before 1 and after 9999"
