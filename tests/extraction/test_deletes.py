"""Rows that are deleted in the source are found, all of them and no others, in both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb
import pytest

from headrace.errors import COLUMNS_CLASH
from headrace.model import DriftPolicy, Verification
from headrace.settings import Settings
from tests.extraction.shop import TARGET, Shop, shop_of

MERGE: dict[str, Any] = {"mode": "merge", "cursor": ["n"]}
SOFT: dict[str, Any] = {**MERGE, "detect_deletes": "soft"}
HARD: dict[str, Any] = {**MERGE, "detect_deletes": "hard"}


@pytest.fixture(params=["database", "mariadb_database"])
def shop(request: pytest.FixtureRequest, settings: Settings) -> Shop:
    database = request.getfixturevalue(request.param)
    database.execute("CREATE TABLE t (id int PRIMARY KEY, label varchar(20), n bigint)")
    database.execute("INSERT INTO t VALUES (1, 'a', 10), (2, 'b', 20), (3, 'c', 30), (4, 'd', 40)")
    return shop_of(database, settings)


def marked(shop: Shop) -> list[int]:
    """The keys of the rows that are marked as deleted."""
    rows = shop.rows("id, _headrace_deleted_at IS NOT NULL")
    return [id_ for id_, deleted in rows if deleted]


def in_destination(shop: Shop, sql: str) -> None:
    with duckdb.connect(shop.settings.destination.removeprefix("duckdb://")) as connection:
        connection.execute(sql)


def test_hard_removes_what_is_deleted(shop: Shop) -> None:
    first = shop.run(**HARD)
    shop.execute("DELETE FROM t WHERE id IN (2, 4)")
    second = shop.run(**HARD)
    third = shop.run(**HARD)

    assert shop.rows("id") == [(1,), (3,)]
    assert len(shop.rows()[0]) == 3  # no column is added
    assert [run.deleted for run in (first, second, third)] == [0, 2, 0]
    # A table that is brought from the start has nothing deleted in it.
    assert first.sweep_bytes == 0
    assert second.sweep_bytes > third.sweep_bytes > 0


def test_soft_marks_what_is_deleted_until_it_comes_back(shop: Shop) -> None:
    shop.run(**SOFT)
    assert marked(shop) == []
    shop.execute("DELETE FROM t WHERE id IN (2, 4)")
    assert shop.run(**SOFT).deleted == 2
    assert marked(shop) == [2, 4]
    at = shop.rows("_headrace_deleted_at::VARCHAR")
    assert shop.run(**SOFT).deleted == 0  # a row is deleted once
    assert shop.rows("_headrace_deleted_at::VARCHAR") == at

    shop.execute("INSERT INTO t VALUES (4, 'back', 50)")
    assert shop.run(**SOFT).deleted == 0
    assert marked(shop) == [2]
    assert shop.rows("id, label") == [(1, "a"), (2, "b"), (3, "c"), (4, "back")]
    shop.execute("DELETE FROM t WHERE id = 4")
    assert shop.run(**SOFT).deleted == 1
    assert marked(shop) == [2, 4]


def test_deletes_inserts_and_updates_at_once(shop: Shop) -> None:
    shop.run(**HARD)
    shop.execute("DELETE FROM t WHERE id IN (1, 3)")
    shop.execute("INSERT INTO t VALUES (5, 'e', 50), (1, 'again', 60)")
    shop.execute("UPDATE t SET label = 'B', n = 70 WHERE id = 2")
    shop.execute("UPDATE t SET id = 6, n = 80 WHERE id = 4")
    run = shop.run(**HARD)

    assert (run.rows, run.deleted) == (4, 2)
    assert shop.rows("id, label") == [(1, "again"), (2, "B"), (5, "e"), (6, "d")]


def test_rows_that_no_window_takes_are_there(shop: Shop) -> None:
    shop.run(**HARD)
    shop.execute("UPDATE t SET n = NULL WHERE id = 2")
    shop.execute("UPDATE t SET n = 5, label = 'unseen' WHERE id = 3")
    shop.execute("INSERT INTO t VALUES (7, 'never taken', NULL)")
    shop.execute("DELETE FROM t WHERE id = 1")
    run = shop.run(**HARD)

    assert run.deleted == 1
    assert shop.rows("id, label") == [(2, "b"), (3, "c"), (4, "d")]


def test_off_leaves_rows_and_hard_removes_what_soft_has_marked(shop: Shop) -> None:
    shop.run(**MERGE)
    shop.execute("DELETE FROM t WHERE id = 1")
    run = shop.run(**MERGE)
    assert (run.deleted, run.sweep_bytes) == (0, 0)
    assert shop.rows("id") == [(1,), (2,), (3,), (4,)]
    shop.run(**SOFT)  # the table gets the column now
    assert marked(shop) == [1]
    shop.run(**MERGE)
    assert marked(shop) == [1]
    shop.execute("DELETE FROM t WHERE id = 2")
    assert shop.run(**HARD).deleted == 1
    assert shop.rows("id") == [(3,), (4,)]


def test_a_table_that_was_emptied_in_the_source_is_not_begun_anew(shop: Shop) -> None:
    shop.run(**HARD)
    shop.execute("DELETE FROM t")
    assert shop.run(**HARD).deleted == 4
    assert shop.destination.count(TARGET) == 0
    shop.execute("INSERT INTO t VALUES (9, 'new', 90)")
    run = shop.run(**HARD)
    assert run.window and run.window.after == "40"
    assert shop.rows("id") == [(9,)]


def test_marked_rows_are_rows_until_the_table_is_brought_from_the_start(shop: Shop) -> None:
    shop.run(**SOFT)
    shop.execute("DELETE FROM t WHERE id > 1")
    shop.run(**SOFT)
    assert shop.destination.count(TARGET) == 4
    # Somebody takes away all that is not marked: what is left is no empty table.
    in_destination(shop, "DELETE FROM shop.t WHERE id = 1")
    run = shop.run(**SOFT)
    assert run.window and run.window.after == "40"
    shop.destination.forget("m1", "s1", TARGET)
    assert shop.run(**SOFT).deleted == 0
    assert shop.rows("id, _headrace_deleted_at::VARCHAR") == [(1, None)]


def test_a_past_range_is_taken_again_and_nothing_else(shop: Shop) -> None:
    shop.run(**SOFT)
    shop.execute("DELETE FROM t WHERE id IN (1, 2)")
    shop.run(**SOFT)
    shop.execute("INSERT INTO t VALUES (1, 'restored', 10)")
    shop.execute("DELETE FROM t WHERE id = 3")
    assert shop.run(**SOFT).deleted == 1
    assert marked(shop) == [1, 2, 3]  # a row that comes back with an old value is in no window
    shop.execute("DELETE FROM t WHERE id = 4")
    run = shop.backfill("5", "20", **SOFT)
    assert (run.rows, run.deleted, run.sweep_bytes) == (1, 0, 0)
    assert marked(shop) == [2, 3]
    assert shop.run(**SOFT).deleted == 1


def test_marks_are_no_drift(shop: Shop) -> None:
    shop.run(**SOFT)
    shop.execute("DELETE FROM t WHERE id = 2")
    shop.run(**SOFT, drift=DriftPolicy.FAIL)
    shop.execute("INSERT INTO t VALUES (5, 'e', 50)")
    assert shop.run(**SOFT, drift=DriftPolicy.FREEZE).rows == 1
    assert shop.run(**MERGE, drift=DriftPolicy.FAIL).rows == 0
    assert marked(shop) == [2]


def test_a_source_that_has_a_column_of_that_name_is_refused(shop: Shop) -> None:
    shop.execute("ALTER TABLE t ADD COLUMN _HEADRACE_deleted_AT int")
    detail = shop.refused(COLUMNS_CLASH, **SOFT)
    assert "_headrace_deleted_at" in detail
    shop.run()  # otherwise it is a column like others


def test_values_are_verified_while_rows_are_deleted(shop: Shop) -> None:
    shop.run(**SOFT)
    shop.execute("DELETE FROM t WHERE id = 2")
    shop.execute("INSERT INTO t VALUES (5, 'e', 50)")
    source = shop.source.model_copy(update={"verify": Verification.DIGEST})
    verified = replace(shop, source=source)
    run = verified.run(**SOFT)
    assert (run.rows, run.deleted) == (1, 1)
    shop.execute("INSERT INTO t VALUES (2, 'back', 60)")
    assert verified.run(**SOFT).rows == 1
    assert marked(shop) == []
