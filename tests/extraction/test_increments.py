"""Windows, append and merge: each change of the source arrives once, in both databases."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import duckdb
import pytest

from headrace.errors import (
    CURSOR_NOT_USABLE,
    KEY_NOT_USABLE,
    MODE_NOT_SUPPORTED,
    SCHEMA_CHANGED,
    HeadraceError,
)
from headrace.model import DriftPolicy
from headrace.settings import Settings
from headrace.tables import Mode
from tests.conftest import Database
from tests.extraction.shop import TARGET, Shop, shop_of


@pytest.fixture(params=["database", "mariadb_database"])
def shop(request: pytest.FixtureRequest, settings: Settings) -> Shop:
    database = request.getfixturevalue(request.param)
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY, label varchar(20), at timestamp NULL, n bigint)"
    )
    return shop_of(database, settings)


APPEND = {"mode": "append", "cursor": ["n"]}
MERGE = {"mode": "merge", "cursor": ["n"]}


def test_append_takes_what_is_newer_and_nothing_twice(shop: Shop) -> None:
    shop.execute("INSERT INTO t (id, n) VALUES (1, 10), (2, 20)")
    first = shop.run(**APPEND)
    shop.execute("INSERT INTO t (id, n) VALUES (3, 20), (4, 30)")
    second = shop.run(**APPEND)
    third = shop.run(**APPEND)

    assert [run.rows for run in (first, second, third)] == [2, 1, 0]
    assert second.window and (second.window.after, second.window.upto) == ("20", "30")
    assert third.window and third.window.empty
    # The tie on the boundary came late: a look-back, of merge, is what finds such rows.
    assert shop.rows("id") == [(1,), (2,), (4,)]


def test_merge_puts_rows_in_place_of_older_ones(shop: Shop) -> None:
    shop.execute("INSERT INTO t (id, label, n) VALUES (1, 'a', 10), (2, 'b', 20), (3, 'c', 30)")
    shop.run(**MERGE)
    shop.execute("UPDATE t SET label = 'B', n = 40 WHERE id = 2")
    shop.execute("INSERT INTO t (id, label, n) VALUES (4, 'd', 50)")
    run = shop.run(**MERGE)

    assert run.rows == 2
    assert shop.rows("id, label") == [(1, "a"), (2, "B"), (3, "c"), (4, "d")]


def test_a_look_back_reads_again_and_merges(shop: Shop) -> None:
    shop.execute("INSERT INTO t (id, n) VALUES (1, 10), (2, 20)")
    shop.run(**MERGE, look_back=15)
    shop.execute("INSERT INTO t (id, n) VALUES (3, 12), (4, 4)")
    run = shop.run(**MERGE, look_back=15)

    assert run.rows == 0  # nothing lies beyond the checkpoint, so there is no window
    shop.execute("INSERT INTO t (id, n) VALUES (5, 21)")
    run = shop.run(**MERGE, look_back=15)
    assert run.window and run.window.read_after == "5"
    assert run.rows == 4
    assert shop.rows("id") == [(1,), (2,), (3,), (5,)]


def test_times_end_a_lag_before_now_and_never_beyond(shop: Shop) -> None:
    settings: dict[str, Any] = {"mode": "append", "cursor": ["at"]}
    shop.execute(
        "INSERT INTO t (id, at) VALUES (1, '2024-01-01 10:00:00'), (2, CURRENT_TIMESTAMP), "
        "(3, '2037-01-01 00:00:00')"
    )
    first = shop.run(**settings, lag_seconds=3600)
    time.sleep(1)  # a second is taken when it is over, from a column of whole ones
    second = shop.run(**settings, lag_seconds=0)

    assert (first.rows, second.rows) == (1, 1)
    assert shop.rows("id") == [(1,), (2,)]


def test_the_first_of_several_cursor_columns_counts(shop: Shop) -> None:
    settings: dict[str, Any] = {"mode": "merge", "cursor": ["n", "id"]}
    shop.execute("INSERT INTO t (id, n) VALUES (7, NULL), (2, 10)")
    first = shop.run(**settings)
    shop.execute("INSERT INTO t (id, n) VALUES (8, NULL), (11, NULL)")
    second = shop.run(**settings)

    assert first.window and first.window.upto == "10"
    assert (first.rows, second.rows) == (2, 1)


def test_rows_without_a_cursor_value_are_counted_and_left(shop: Shop) -> None:
    shop.execute("INSERT INTO t (id, n) VALUES (1, 10), (2, NULL), (3, NULL)")
    run = shop.run(**APPEND)

    assert run.window and run.window.null_rows == 2
    assert shop.rows("id") == [(1,)]


def test_text_is_compared_byte_by_byte(shop: Shop) -> None:
    settings: dict[str, Any] = {"mode": "append", "cursor": ["label"]}
    shop.execute("INSERT INTO t (id, label) VALUES (1, 'Z'), (2, 'a''\\\\b')")
    first = shop.run(**settings)
    shop.execute("INSERT INTO t (id, label) VALUES (3, 'b'), (4, 'B')")
    second = shop.run(**settings)

    assert (first.rows, second.rows) == (2, 1)
    assert shop.rows("id") == [(1,), (2,), (3,)]


@pytest.mark.parametrize(
    "sql",
    ["DROP TABLE shop.t", "DELETE FROM shop.t", "CREATE OR REPLACE TABLE shop.t AS SELECT 9 AS id"],
)
def test_a_table_that_somebody_spoilt_is_brought_from_the_start(shop: Shop, sql: str) -> None:
    shop.execute("INSERT INTO t (id, n) VALUES (1, 10), (2, 20)")
    shop.run(**MERGE)
    with duckdb.connect(shop.settings.destination.removeprefix("duckdb://")) as connection:
        connection.execute(sql)
    run = shop.run(**MERGE)

    assert run.window and run.window.after is None
    assert shop.rows("id") == [(1,), (2,)]


def test_another_cursor_or_mode_begins_anew(shop: Shop) -> None:
    shop.execute("INSERT INTO t (id, n) VALUES (1, 10), (2, 20)")
    shop.run()
    first = shop.run(**APPEND)
    second = shop.run(mode="append", cursor=["id"])

    assert first.window and second.window
    assert (first.window.after, second.window.after) == (None, None)
    assert shop.rows("id") == [(1,), (2,)]


def test_new_columns_come_and_old_ones_stay(shop: Shop) -> None:
    shop.execute("INSERT INTO t (id, label, n) VALUES (1, 'a', 10)")
    shop.run(**MERGE)
    shop.execute("ALTER TABLE t ADD COLUMN extra int")
    shop.execute("ALTER TABLE t DROP COLUMN label")
    shop.execute("INSERT INTO t (id, n, extra) VALUES (2, 20, 5)")
    shop.run(**MERGE)
    shop.execute("INSERT INTO t (id, n, extra) VALUES (3, 30, 6)")
    shop.run(**MERGE)

    assert shop.rows("id, label, extra") == [(1, "a", None), (2, None, 5), (3, None, 6)]


def test_a_wider_type_widens_and_a_narrower_one_keeps(shop: Shop) -> None:
    widen, narrow = (
        ("ALTER TABLE t ALTER label TYPE varchar(10)", "ALTER TABLE t ALTER n TYPE int")
        if isinstance(shop.database, Database)
        else ("ALTER TABLE t MODIFY label varchar(10)", "ALTER TABLE t MODIFY n int")
    )
    shop.execute("INSERT INTO t (id, label, n) VALUES (1, 'a', 10)")
    shop.run(**MERGE)
    shop.execute(narrow)
    shop.execute(widen)
    shop.execute("INSERT INTO t (id, n) VALUES (2, 20)")
    shop.run(**MERGE)
    assert shop.rows("id, n, typeof(n)") == [(1, 10, "BIGINT"), (2, 20, "BIGINT")]


def test_a_type_that_became_another_is_refused(shop: Shop) -> None:
    change = (
        "ALTER TABLE t ALTER n TYPE double precision"
        if isinstance(shop.database, Database)
        else "ALTER TABLE t MODIFY n double"
    )
    shop.execute("INSERT INTO t (id, n) VALUES (1, 10)")
    shop.run(mode="merge", cursor=["id"])
    shop.execute(change)
    shop.execute("INSERT INTO t (id, n) VALUES (2, 20)")
    assert "'n'" in shop.refused(SCHEMA_CHANGED, mode="merge", cursor=["id"])


def test_drift_policies(shop: Shop) -> None:
    shop.execute("INSERT INTO t (id, n) VALUES (1, 10)")
    shop.run(**MERGE)
    shop.execute("ALTER TABLE t ADD COLUMN extra int")
    shop.execute("INSERT INTO t (id, n) VALUES (2, 20)")
    shop.refused(SCHEMA_CHANGED, **MERGE, drift=DriftPolicy.FAIL)
    shop.run(**MERGE, drift=DriftPolicy.FREEZE)
    assert shop.rows("id, n") == [(1, 10), (2, 20)]
    assert len(shop.rows()[0]) == 4
    shop.execute("ALTER TABLE t DROP COLUMN label")
    assert "'label' is gone" in shop.refused(SCHEMA_CHANGED, **MERGE, drift=DriftPolicy.FREEZE)


def test_cursors_and_keys_that_can_not_be_used(shop: Shop) -> None:
    shop.execute("ALTER TABLE t ADD COLUMN ratio double precision")
    shop.refused(CURSOR_NOT_USABLE, mode="append", cursor=["ratio"])
    shop.refused(CURSOR_NOT_USABLE, mode="append", cursor=["n", "label"])
    shop.refused(CURSOR_NOT_USABLE, mode="merge", cursor=["label"], look_back=3)
    shop.refused(KEY_NOT_USABLE, **MERGE, key=["label"])


def test_a_key_that_is_not_taken_tells_nothing_apart(shop: Shop) -> None:
    assert "'id'" in shop.refused(KEY_NOT_USABLE, **MERGE, columns=["n", "label"])


def test_a_parquet_directory_appends_and_does_not_merge(shop: Shop) -> None:
    parquet = replace(
        shop,
        settings=shop.settings.model_copy(
            update={"destination": f"parquet://{shop.settings.data}/files"}
        ),
    )
    shop.execute("INSERT INTO t (id, n) VALUES (1, 10), (2, 20)")
    parquet.run(**APPEND)
    shop.execute("INSERT INTO t (id, n) VALUES (4, 30)")
    assert parquet.run(**APPEND).rows == 1
    assert parquet.run(**APPEND).rows == 0
    assert parquet.destination.count(TARGET) == 3
    assert len(parquet.destination.files(TARGET)) == 2  # type: ignore[attr-defined]
    with pytest.raises(HeadraceError) as raised:
        parquet.run(**MERGE)
    assert raised.value.kind is MODE_NOT_SUPPORTED
    assert Mode.MERGE not in parquet.destination.modes
