"""Decimals chosen for numbers of more digits than a decimal has."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from headrace.errors import (
    COLUMN_NOT_FOUND,
    DECIMAL_NOT_TAKEN,
    TABLE_CHANGED,
    VALUE_NOT_CARRIED,
    HeadraceError,
)
from headrace.model import DecimalType, Selection, UnfitPolicy
from headrace.sources.mysql import reader
from headrace.sources.mysql.columns import SourceColumn, read_columns
from headrace.sources.mysql.session import Session
from tests.conftest import MariadbDatabase
from tests.sources.mysql.reading import opened, selected

CHOSEN = DecimalType(precision=38, scale=9)
FITTING = (
    "0.000000000",
    "1.500000000",
    "-0.000000001",
    "12345678901234567890123456789.123456789",
    "-99999999999999999999999999999.999999999",
)
ZEROS = "0" * 21  # the server sends all of a column's 30 digits after the point
UNFIT = {
    "100000000000000000000000000000": "100000000000000000000000000000." + "0" * 30,
    "-0.000000000000000000000000000001": "-0.000000000000000000000000000001",
    "1.0000000001": "1.0000000001" + "0" * 20,
}


def choosing(database: MariadbDatabase, column: str = "v", **changes: Any) -> Selection:
    chosen = {"decimal_columns": {column: CHOSEN}, **changes}
    return selected(database, "t").model_copy(update=chosen)


def read(
    database: MariadbDatabase, selection: Selection, policy: UnfitPolicy = UnfitPolicy.FAIL
) -> tuple[pa.DataType, list[Any], dict[str, int]]:
    with opened(database) as connected, connected.read(selection, policy) as rows:
        values = [value for batch in rows for value in batch.column("v").to_pylist()]
        return rows.schema.field("v").type, values, dict(rows.unfit_counts)


@pytest.mark.parametrize("written", ["decimal(65, 30)", "decimal(60, 9)"])
def test_numbers_that_fit(mariadb_database: MariadbDatabase, written: str) -> None:
    rows = ", ".join(f"({number})" for number in FITTING)
    mariadb_database.execute(f"CREATE TABLE t (v {written}); INSERT INTO t VALUES {rows}, (NULL)")
    arrow, values, _ = read(mariadb_database, choosing(mariadb_database))
    assert arrow == pa.decimal128(38, 9)
    assert values == [*map(Decimal, FITTING), None]


@pytest.mark.parametrize("number", UNFIT)
def test_numbers_that_do_not_fit(mariadb_database: MariadbDatabase, number: str) -> None:
    mariadb_database.execute(
        f"CREATE TABLE t (v decimal(65, 30)); INSERT INTO t VALUES (1.5), ({number})"
    )
    with pytest.raises(HeadraceError) as caught:
        read(mariadb_database, choosing(mariadb_database))
    assert caught.value.kind is VALUE_NOT_CARRIED
    assert "'v' (decimal(65,30))" in caught.value.detail

    selection = choosing(mariadb_database)
    _, values, counts = read(mariadb_database, selection, UnfitPolicy.NULL)
    assert (values, counts) == ([Decimal("1.5"), None], {"v": 1})

    selection = choosing(mariadb_database, unfit_columns={"v": UnfitPolicy.TEXT})
    arrow, values, _ = read(mariadb_database, selection)
    assert (arrow, values) == (pa.string(), [f"1.500000000{ZEROS}", UNFIT[number]])


def test_a_scale_that_changes_meanwhile(
    mariadb_database: MariadbDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    mariadb_database.execute("CREATE TABLE t (v decimal(65, 30)); INSERT INTO t VALUES (1.5)")

    def read_then_alter(session: Session, table: Any) -> tuple[SourceColumn, ...]:
        columns = read_columns(session, table)
        mariadb_database.execute("ALTER TABLE t MODIFY v decimal(65, 20)")
        return columns

    monkeypatch.setattr(reader, "read_columns", read_then_alter)
    with pytest.raises(HeadraceError) as caught:
        read(mariadb_database, choosing(mariadb_database))
    assert caught.value.kind is TABLE_CHANGED


def test_a_column_that_is_not_there(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (v decimal(65, 30))")
    with pytest.raises(HeadraceError) as caught:
        read(mariadb_database, choosing(mariadb_database, "w"))
    assert caught.value.kind is COLUMN_NOT_FOUND
    assert "'w'" in caught.value.detail


@pytest.mark.parametrize("written", ["bigint", "decimal(38, 10)", "text", "double"])
def test_a_column_that_takes_none(mariadb_database: MariadbDatabase, written: str) -> None:
    mariadb_database.execute(f"CREATE TABLE t (v {written})")
    with pytest.raises(HeadraceError) as caught:
        read(mariadb_database, choosing(mariadb_database))
    assert caught.value.kind is DECIMAL_NOT_TAKEN
    assert "column 'v'" in caught.value.detail
