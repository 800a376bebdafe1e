"""Windows of cursor values: where the next one ends, and which rows it has."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.errors import CURSOR_NOT_USABLE, INVALID_INPUT, HeadraceError
from headrace.model import Selection
from headrace.tables import Mode
from tests.sources.bigquery.warehouse import Warehouse, opened, read, selected

EVENTS = """
CREATE TABLE events AS
SELECT id, TIMESTAMP_ADD(TIMESTAMP '2020-01-01 00:00:00.5+00', INTERVAL DIV(id, 2) SECOND) AS at,
    DATE_ADD(DATE '2020-01-01', INTERVAL id DAY) AS day,
    DATETIME_ADD(DATETIME '2020-01-01 00:00:00', INTERVAL id SECOND) AS wall,
    FORMAT('%03d', id) AS name, 1.5 * id AS half
FROM UNNEST(GENERATE_ARRAY(1, 9)) AS id
"""


@pytest.fixture
def events(warehouse: Warehouse) -> Warehouse:
    warehouse.execute(EVENTS)
    warehouse.execute("CREATE VIEW all_events AS SELECT * FROM events")
    return warehouse


def by(column: str, table: str = "events", **more: Any) -> Selection:
    return selected(table, mode=Mode.APPEND, cursor=(column,), **more)


@pytest.mark.parametrize("table", ["events", "all_events"])
@pytest.mark.parametrize(
    ("column", "last", "middle", "beyond"),
    [
        ("id", "9", "4", [5, 6, 7, 8, 9]),
        ("at", "2020-01-01 00:00:04.500000+00", "2020-01-01 00:00:02.500000+00", [6, 7, 8, 9]),
        ("day", "2020-01-10", "2020-01-08", [8, 9]),
        ("wall", "2020-01-01 00:00:09.000000", "2020-01-01 00:00:07.000000", [8, 9]),
        ("name", "009", "008", [9]),
    ],
)
def test_a_window_takes_what_is_beyond_the_checkpoint(
    events: Warehouse, table: str, column: str, last: str, middle: str, beyond: list[int]
) -> None:
    with opened(events) as database:
        first = database.window(by(column, table), None)
        second = database.window(by(column, table), middle)
        rows = read(database, by(column, table), second)
        nothing = database.window(by(column, table), last)

    assert (first.after, first.upto, first.null_rows) == (None, last, 0)
    assert (second.after, second.upto) == (middle, last)
    assert sorted(rows.column("id").to_pylist()) == beyond
    assert nothing.empty


def test_rows_of_just_now_are_left_for_the_next_run(events: Warehouse) -> None:
    events.execute("INSERT INTO events (id, at) VALUES (10, CURRENT_TIMESTAMP()), (11, NULL)")
    with opened(events) as database:
        lagging = database.window(by("at", lag_seconds=3600), None)
        eager = database.window(by("at", lag_seconds=0), None)

    assert lagging.upto == "2020-01-01 00:00:04.500000+00"
    assert lagging.null_rows == 1
    assert eager.upto is not None
    assert eager.upto > lagging.upto
    assert lagging.remarks


def test_a_look_back_reads_further_back(events: Warehouse) -> None:
    of_time = selected("events", mode=Mode.MERGE, cursor=("at",), key=("id",), look_back=2)
    of_number = selected("events", mode=Mode.MERGE, cursor=("id",), look_back=3)
    with opened(events) as database:
        time = database.window(of_time, "2020-01-01 00:00:04.500000+00")
        number = database.window(of_number, "9")

    assert time.read_after == "2020-01-01 00:00:02.500000+00"
    assert number.read_after == "6"


def test_of_several_columns_the_first_that_is_not_null_counts(events: Warehouse) -> None:
    events.execute(
        "CREATE TABLE changes AS SELECT id, IF(id > 5, NULL, at) AS changed, at AS added "
        "FROM events"
    )
    selection = selected("changes", mode=Mode.APPEND, cursor=("changed", "added"))
    with opened(events) as database:
        window = database.window(selection, "2020-01-01 00:00:02.500000+00")
        rows = read(database, selection, window)
    assert sorted(rows.column("id").to_pylist()) == [6, 7, 8, 9]


@pytest.mark.parametrize("column", ["half", "all"])
def test_what_is_no_cursor(warehouse: Warehouse, column: str) -> None:
    warehouse.execute("CREATE TABLE t (half FLOAT64, `all` ARRAY<INT64>)")
    with opened(warehouse) as database, pytest.raises(HeadraceError) as caught:
        database.window(by(column, "t"), None)
    assert caught.value.kind is CURSOR_NOT_USABLE


def test_a_past_range(events: Warehouse) -> None:
    with opened(events) as database:
        window = database.past_window(by("id"), "9", ("2", " 4"))
        rows = read(database, by("id"), window)
    assert (window.after, window.read_after, window.upto) == ("9", "2", "4")
    assert sorted(rows.column("id").to_pylist()) == [3, 4]


@pytest.mark.parametrize(
    ("bounds", "wrong"),
    [(("x", "4"), ["after"]), (("4", "4"), ["after"]), (("4", "10"), ["upto"])],
)
def test_a_past_range_that_is_none(
    events: Warehouse, bounds: tuple[str, str], wrong: list[str]
) -> None:
    with opened(events) as database, pytest.raises(HeadraceError) as caught:
        database.past_window(by("id"), "9", bounds)
    assert caught.value.kind is INVALID_INPUT
    assert [field.path for field in caught.value.fields] == wrong
