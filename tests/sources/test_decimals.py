"""Decimals chosen for numbers that have no limit to their digits, or too many of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from headrace.errors import COLUMN_NOT_FOUND, DECIMAL_NOT_TAKEN, VALUE_NOT_CARRIED, HeadraceError
from headrace.model import DecimalType, Selection, UnfitPolicy
from tests.conftest import Database
from tests.sources.reading import opened, selected

CHOSEN = DecimalType(precision=38, scale=9)
FITTING = {
    "0": "0.000000000",
    "1.5": "1.500000000",
    "-0.000000001": "-0.000000001",
    "1.50000000000000000000": "1.500000000",
    "12345678901234567890123456789.123456789": "12345678901234567890123456789.123456789",
    "-99999999999999999999999999999.999999999": "-99999999999999999999999999999.999999999",
}
UNFIT = {
    "'NaN'": "NaN",
    "'Infinity'": "Infinity",
    "'-Infinity'": "-Infinity",
    "1e29": "1" + "0" * 29,
    "-100000000000000000000000000000.5": "-100000000000000000000000000000.5",
    "0.0000000001": "0.0000000001",
    "1.1234567891": "1.1234567891",
}


def choosing(table: str = "t", column: str = "v", **changes: Any) -> Selection:
    return selected(table).model_copy(update={"decimal_columns": {column: CHOSEN}, **changes})


def read(
    database: Database, selection: Selection, policy: UnfitPolicy = UnfitPolicy.FAIL
) -> tuple[pa.DataType, list[Any], dict[str, int]]:
    with opened(database) as connected, connected.read(selection, policy) as reader:
        values = [value for batch in reader for value in batch.column("v").to_pylist()]
        return reader.schema.field("v").type, values, dict(reader.unfit_counts)


@pytest.mark.parametrize("written", ["numeric", "numeric(60, 20)", "amount"])
def test_numbers_that_fit(database: Database, written: str) -> None:
    rows = ", ".join(f"({number})" for number in FITTING)
    database.execute(
        f"CREATE DOMAIN amount AS numeric; CREATE TABLE t (v {written});"
        f"INSERT INTO t VALUES {rows}, (NULL)"
    )
    arrow, values, _ = read(database, choosing())
    assert arrow == pa.decimal128(38, 9)
    assert values == [*map(Decimal, FITTING.values()), None]


@pytest.mark.parametrize("number", UNFIT)
def test_numbers_that_do_not_fit(database: Database, number: str) -> None:
    database.execute(f"CREATE TABLE t (v numeric); INSERT INTO t VALUES (1.5), ({number})")
    with pytest.raises(HeadraceError) as caught:
        read(database, choosing())
    assert caught.value.kind is VALUE_NOT_CARRIED
    assert "'v' (numeric)" in caught.value.detail
    assert "decimal128(38, 9)" in caught.value.detail

    _, values, counts = read(database, choosing(), UnfitPolicy.NULL)
    assert (values, counts) == ([Decimal("1.5"), None], {"v": 1})

    arrow, values, counts = read(database, choosing(unfit_columns={"v": UnfitPolicy.TEXT}))
    assert (arrow, values, counts) == (pa.string(), ["1.5", UNFIT[number]], {})


def test_the_schema_says_so_before(database: Database) -> None:
    database.execute("CREATE TABLE t (v numeric, w numeric)")
    with opened(database) as connected:
        types = connected.schema(choosing(), UnfitPolicy.FAIL).types
    assert types == [pa.decimal128(38, 9), pa.string()]


def test_a_column_that_is_not_there(database: Database) -> None:
    database.execute("CREATE TABLE t (v numeric)")
    with pytest.raises(HeadraceError) as caught:
        read(database, choosing(column="w"))
    assert caught.value.kind is COLUMN_NOT_FOUND
    assert "'w'" in caught.value.detail


@pytest.mark.parametrize("written", ["bigint", "numeric(38, 10)", "numeric[]", "text", "money"])
def test_a_column_that_takes_none(database: Database, written: str) -> None:
    database.execute(f"CREATE TABLE t (v {written}, w numeric)")
    for selection in (choosing(), choosing(columns=("w",))):
        with pytest.raises(HeadraceError) as caught:
            read(database, selection)
        assert caught.value.kind is DECIMAL_NOT_TAKEN
        assert "column 'v'" in caught.value.detail
