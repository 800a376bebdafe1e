"""Only rows that fulfil the filter are taken, in each mode and of each database."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.errors import FILTER_NOT_USABLE, INVALID_INPUT, HeadraceError
from headrace.filters import Condition, parse
from headrace.settings import Settings
from tests.conftest import Database, MariadbDatabase
from tests.extraction.shop import Shop, shop_of

TABLE = """
CREATE TABLE t (
    id int PRIMARY KEY, label varchar(20), amount decimal(8, 2), day date, at timestamp NULL,
    ratio double precision
)
"""
ROWS = """
INSERT INTO t VALUES
    (1, 'plain', 1.50, '2024-01-31', '2024-01-31 12:00:00', 0.5),
    (2, 'o''clock', -2, '2024-02-29', '2024-02-29 00:00:00', 1.5),
    (3, {backslash}, 0, '2023-12-31', NULL, -0.25),
    (4, '日本 🚀', 10.25, NULL, '2025-06-01 23:59:59', 1e300),
    (5, NULL, NULL, '2024-03-01', '2024-03-01 08:00:00', NULL)
"""


@pytest.fixture(params=["database", "mariadb_database"])
def shop(request: pytest.FixtureRequest, settings: Settings) -> Shop:
    database: Database | MariadbDatabase = request.getfixturevalue(request.param)
    backslash = "'a\\b'" if request.param == "database" else "'a\\\\b'"
    database.execute(TABLE)
    database.execute(ROWS.format(backslash=backslash))
    return shop_of(database, settings)


def where(*written: str) -> dict[str, Any]:
    return {"filter": [parse(condition).model_dump() for condition in written]}


def ids(shop: Shop) -> list[int]:
    return [row[0] for row in shop.rows("id")]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["id >= 3"], [3, 4, 5]),
        (["id in 1, 5, 77"], [1, 5]),
        (["id != 2", "id < 4"], [1, 3]),
        (["label = o'clock"], [2]),
        (["label = a\\b"], [3]),
        (["label = 日本 🚀"], [4]),
        (['label in plain, "o\'clock"'], [1, 2]),
        (["label is null"], [5]),
        (["label IS NOT NULL", "amount > -0.5"], [1, 3, 4]),
        (["amount = 1.5"], [1]),
        (["amount = 1.504"], []),
        (["day > 2024-01-31"], [2, 5]),
        (["at <= 2024-02-29 00:00:00"], [1, 2]),
        (["ratio >= 1.5"], [2, 4]),
        (["ratio < 0"], [3]),
    ],
    ids=str,
)
def test_rows_that_fulfil_all_conditions(
    shop: Shop, conditions: list[str], expected: list[int]
) -> None:
    shop.run(**where(*conditions))
    assert ids(shop) == expected


@pytest.mark.parametrize(
    "condition",
    ["id = 10 apples", "id = 1.5", "day = 2024-02-30", "at > yesterday-ish", "amount < much"],
)
def test_what_is_no_value_of_the_column(shop: Shop, condition: str) -> None:
    detail = shop.refused(FILTER_NOT_USABLE, **where(condition))
    column, _, value = condition.split(maxsplit=2)
    assert column in detail
    assert value in detail


def test_chunks_and_digests_take_the_same_rows(shop: Shop) -> None:
    source = {"chunk_rows": 1, "verify": "digest"}
    shop = Shop(shop.database, shop.settings, shop.source.model_copy(update=source))
    shop.execute("INSERT INTO t (id, amount) SELECT id + 10, amount FROM t")
    shop.run(**where("id > 2", "id < 14"))
    assert ids(shop) == [3, 4, 5, 11, 12, 13]


MERGE: dict[str, Any] = {"mode": "merge", "cursor": ["id"]}


def test_another_filter_brings_the_table_from_the_start(shop: Shop) -> None:
    shop.run(**MERGE, **where("id <= 2"))
    assert ids(shop) == [1, 2]

    shop.run(**MERGE, **where("id <= 3"))
    assert ids(shop) == [1, 2, 3]
    table = shop.run(**MERGE, **where("id <= 3"))
    assert table.rows == 0

    shop.run(**MERGE)
    assert ids(shop) == [1, 2, 3, 4, 5]


def test_rows_without_a_cursor_are_counted_among_those_that_are_taken(shop: Shop) -> None:
    cursor = {"mode": "merge", "cursor": ["at"]}
    assert shop.run(**cursor, **where("id < 3")).window.null_rows == 0  # type: ignore[union-attr]
    assert shop.run(**cursor, **where("id < 4")).window.null_rows == 1  # type: ignore[union-attr]


def test_a_row_that_the_filter_leaves_out_counts_as_deleted(shop: Shop) -> None:
    merge = {**MERGE, "detect_deletes": "hard", **where("label != gone")}
    shop.run(**merge)
    shop.execute("UPDATE t SET label = 'gone' WHERE id = 2")
    shop.execute("INSERT INTO t (id, label) VALUES (6, 'new')")
    shop.run(**merge)
    assert ids(shop) == [1, 3, 4, 6]


@pytest.mark.parametrize("written", ["", "id", "id ~ 3", "id is", "= 3"])
def test_what_is_no_condition(written: str) -> None:
    with pytest.raises(HeadraceError) as raised:
        parse(written)
    assert raised.value.kind is INVALID_INPUT


def test_names_and_values_as_they_are_written() -> None:
    assert parse('"Order ""state""" = a = b') == Condition(
        column='Order "state"', comparison="=", values=("a = b",)
    )
    assert parse("n  IS  Not Null") == Condition(column="n", comparison="is not null")
