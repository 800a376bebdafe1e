"""A past range is taken again, in both databases: each of its rows is there once."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from headrace.errors import (
    BACKFILL_NOT_POSSIBLE,
    COLUMN_NOT_FOUND,
    INVALID_INPUT,
    SCHEMA_CHANGED,
    HeadraceError,
    Kind,
)
from headrace.model import DriftPolicy, UnfitPolicy, Verification
from headrace.settings import Settings
from tests.extraction.shop import Shop, shop_of

APPEND = {"mode": "append", "cursor": ["n"]}
MERGE = {"mode": "merge", "cursor": ["n"]}
BY_TIME = {"mode": "append", "cursor": ["at"]}


@pytest.fixture(params=["database", "mariadb_database"])
def shop(request: pytest.FixtureRequest, settings: Settings) -> Shop:
    """Four rows, by n as by time."""
    database = request.getfixturevalue(request.param)
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY, label varchar(20), at timestamp NULL, n bigint, "
        "day date);"
        "INSERT INTO t VALUES (1, 'a', '2024-01-01 10:00:00', 10, '2024-01-01'), "
        "(2, 'b', '2024-01-02 10:00:00', 20, '2024-01-02'), "
        "(3, 'c', '2024-01-03 10:00:00', 30, '2024-01-03'), "
        "(4, 'd', '2024-01-04 10:00:00', 40, '2024-01-04')"
    )
    return shop_of(database, settings)


def refused(shop: Shop, kind: Kind, after: str, upto: str, **changed: Any) -> HeadraceError:
    before = shop.rows("id"), shop.position
    with pytest.raises(HeadraceError) as raised:
        shop.backfill(after, upto, **changed)
    assert raised.value.kind is kind, raised.value
    assert (shop.rows("id"), shop.position) == before
    return raised.value


def test_merge_takes_the_range_and_nothing_else(shop: Shop) -> None:
    shop.run(**MERGE)
    shop.execute("UPDATE t SET label = upper(label)")  # nothing sets n
    shop.execute("INSERT INTO t (id, label, n) VALUES (5, 'e', 50), (6, 'late', 15)")

    run = shop.backfill("10", "30", **MERGE)

    assert run.rows == 3
    assert run.window and run.window.past
    assert (run.window.after, run.window.read_after, run.window.upto) == ("40", "10", "30")
    assert shop.rows("id, label") == [(1, "a"), (2, "B"), (3, "C"), (4, "d"), (6, "late")]
    assert shop.position == "40"
    assert shop.run(**MERGE).rows == 1
    assert shop.rows("id") == [(1,), (2,), (3,), (4,), (5,), (6,)]


@pytest.mark.parametrize("verify", Verification)
def test_append_replaces_what_lies_in_the_range(shop: Shop, verify: Verification) -> None:
    shop.run(**APPEND)
    shop.execute("DELETE FROM t WHERE id = 2")
    shop.execute("UPDATE t SET label = 'C' WHERE id = 3")
    shop.execute("UPDATE t SET label = 'beyond' WHERE id IN (1, 4)")
    shop.execute("INSERT INTO t (id, label, n) VALUES (6, 'late', 30), (7, 'too early', 10)")

    run = shop.backfill("10", "30", **APPEND, verify=verify)

    assert run.rows == 2
    assert shop.rows("id, label") == [(1, "a"), (3, "C"), (4, "d"), (6, "late")]
    again = shop.backfill("10", "30", **APPEND, verify=verify)
    assert again.rows == 2
    assert shop.rows("id, label") == [(1, "a"), (3, "C"), (4, "d"), (6, "late")]
    assert (shop.position, shop.run(**APPEND).rows) == ("40", 0)


@pytest.mark.parametrize(
    ("cursor", "after", "upto"),
    [
        ("at", "2024-01-01 10:00:00", "2024-01-03 10:00:00"),
        ("at", "2024-01-02 09:59:59.999999", "2024-01-04"),
        ("day", "2024-01-01", "2024-01-03"),
        ("n", "+10", "030"),
    ],
)
def test_each_kind_of_cursor_that_is_told_alike(
    shop: Shop, cursor: str, after: str, upto: str
) -> None:
    wish = {"mode": "append", "cursor": [cursor]}
    shop.run(**wish)
    shop.execute("UPDATE t SET label = 'new'")

    assert shop.backfill(after, upto, **wish).rows == 2

    assert shop.rows("id, label") == [(1, "a"), (2, "new"), (3, "new"), (4, "d")]


@pytest.mark.parametrize("shop", ["database"], indirect=True)
def test_instants_of_postgres(shop: Shop) -> None:
    shop.execute("ALTER TABLE t ALTER at TYPE timestamptz USING at AT TIME ZONE 'UTC'")
    shop.run(**BY_TIME)
    shop.execute("UPDATE t SET label = 'new'")

    run = shop.backfill("2024-01-01 12:00:00+02", "2024-01-02 10:00:00Z", **BY_TIME)

    assert run.window and run.window.read_after == "2024-01-01 10:00:00+00"
    assert shop.rows("id, label") == [(1, "a"), (2, "new"), (3, "c"), (4, "d")]


def test_an_empty_range_of_the_source_empties_that_of_the_destination(shop: Shop) -> None:
    shop.run(**APPEND)
    shop.execute("DELETE FROM t WHERE id IN (2, 3)")

    assert shop.backfill("10", "30", **APPEND).rows == 0

    assert shop.rows("id") == [(1,), (4,)]


@pytest.mark.parametrize(
    ("cursor", "after", "upto", "paths"),
    [
        ("n", "ten", "30", ["after"]),
        ("n", "10.5", "3e1", ["after", "upto"]),
        ("n", "30", "10", ["after"]),
        ("n", "10", "10", ["after"]),
        ("n", "10", "41", ["upto"]),
        ("n", "50", "41", ["after", "upto"]),
        ("at", "2024-01-01 xx", "2024-02-30", ["after", "upto"]),
        ("at", "2024-01-01", "2024-01-04 10:00:01", ["upto"]),
        ("day", "10", "2024-13-01", ["after", "upto"]),
    ],
)
@pytest.mark.parametrize("mode", ["append", "merge"])
def test_a_range_that_is_none(
    shop: Shop, mode: str, cursor: str, after: str, upto: str, paths: list[str]
) -> None:
    wish = {"mode": mode, "cursor": [cursor]}
    shop.run(**wish)

    error = refused(shop, INVALID_INPUT, after, upto, **wish)

    assert [field.path for field in error.fields] == paths


def test_merge_by_text_and_by_several_columns(shop: Shop) -> None:
    for cursor, after, upto in ((["label"], "a", "c"), (["n", "id"], "10", "30")):
        wish = {"mode": "merge", "cursor": cursor}
        shop.run(**wish)
        assert shop.backfill(after, upto, **wish).rows == 2


@pytest.mark.parametrize(
    ("wish", "after", "upto", "why"),
    [
        ({"mode": "append", "cursor": ["label"]}, "a", "c", "carried as string"),
        ({"mode": "append", "cursor": ["n", "id"]}, "10", "30", "several columns"),
        ({"mode": "append", "cursor": ["n"], "columns": ["id"]}, "10", "30", "not among"),
        ({"mode": "full"}, "10", "30", "reads all of it anyway"),
    ],
)
def test_what_can_t_be_told_alike_is_refused(
    shop: Shop, wish: dict[str, Any], after: str, upto: str, why: str
) -> None:
    shop.run(**wish)

    assert why in refused(shop, BACKFILL_NOT_POSSIBLE, after, upto, **wish).detail


def test_what_was_not_brought_by_that_cursor(shop: Shop) -> None:
    with pytest.raises(HeadraceError) as raised:
        shop.backfill("10", "30", **APPEND)
    assert raised.value.kind is BACKFILL_NOT_POSSIBLE
    shop.run(**APPEND)
    refused(shop, BACKFILL_NOT_POSSIBLE, "1", "2", mode="append", cursor=["id"])
    refused(shop, COLUMN_NOT_FOUND, "10", "30", **APPEND, columns=["nothing"])


def test_rows_from_before_the_cursor_was_taken_are_not_doubled(shop: Shop) -> None:
    shop.run(**APPEND, columns=["id", "label"])
    shop.execute("INSERT INTO t (id, n) VALUES (5, 50)")
    shop.run(**APPEND)

    error = refused(shop, BACKFILL_NOT_POSSIBLE, "10", "30", **APPEND)

    assert "rows without 'n'" in error.detail


@pytest.mark.parametrize("shop", ["mariadb_database"], indirect=True)
def test_a_cursor_that_is_no_date_is_not_doubled(shop: Shop) -> None:
    """Between two others in MariaDB, and NULL in the destination."""
    wish = {"mode": "append", "cursor": ["day"], "unfit": UnfitPolicy.NULL}
    shop.run(**wish)
    shop.execute("SET sql_mode = ''; INSERT INTO t (id, day) VALUES (5, '2024-01-00')")

    refused(shop, BACKFILL_NOT_POSSIBLE, "2023-12-31", "2024-01-02", **wish)


@pytest.mark.parametrize("wish", [APPEND, MERGE], ids=["append", "merge"])
def test_columns_that_change(shop: Shop, wish: dict[str, Any]) -> None:
    shop.run(**wish)
    shop.execute("ALTER TABLE t ADD COLUMN extra int")
    shop.execute("UPDATE t SET extra = id")
    refused(shop, SCHEMA_CHANGED, "10", "30", **wish, drift=DriftPolicy.FAIL)

    shop.backfill("10", "20", **wish, drift=DriftPolicy.FREEZE)
    (checkpoint,) = shop.destination.checkpoints("m1", "s1")
    assert "extra" not in [column["name"] for column in checkpoint.columns]
    shop.backfill("10", "20", **wish)
    assert shop.rows("id, extra") == [(1, None), (2, 2), (3, None), (4, None)]


def test_a_directory_of_parquet_files_refuses(shop: Shop, settings: Settings) -> None:
    url = f"parquet://{settings.data}/lake"
    lake = shop_of(shop.database, settings.model_copy(update={"destination": url}))
    lake.run(**APPEND)

    with pytest.raises(HeadraceError) as raised:
        lake.backfill("10", "30", **APPEND)

    assert raised.value.kind is BACKFILL_NOT_POSSIBLE
    assert lake.position == "40"


def test_a_checkpoint_that_was_lost(shop: Shop, settings: Settings) -> None:
    """Somebody has emptied the table: it has to be brought from the start."""
    shop.run(**APPEND)
    with duckdb.connect(settings.destination.removeprefix("duckdb://")) as connection:
        connection.execute("DELETE FROM shop.t")

    refused(shop, BACKFILL_NOT_POSSIBLE, "10", "30", **APPEND)
