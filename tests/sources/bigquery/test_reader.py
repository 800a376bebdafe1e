"""Reading tables and views."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from google.api_core.exceptions import ServiceUnavailable
from google.cloud.bigquery_storage_v1.types import ReadSession

from headrace.errors import (
    COLUMN_NOT_FOUND,
    CONNECTION_LOST,
    FILTER_NOT_USABLE,
    TABLE_NOT_FOUND,
    VALUE_NOT_CARRIED,
    VIEW_INVALID,
    HeadraceError,
)
from headrace.filters import Comparison, Condition
from headrace.model import DecimalType, UnfitPolicy
from headrace.sources.bigquery.reader import wanted
from headrace.sources.bigquery.rows import rows
from tests.sources.bigquery.warehouse import Warehouse, opened, read, ref, selected, session

# More than one message of the emulator's.
MANY = 200_000
NUMBERS = "CREATE TABLE numbers AS SELECT id, CAST(id AS STRING) AS name FROM "


@pytest.fixture
def numbers(warehouse: Warehouse) -> Warehouse:
    warehouse.execute(f"{NUMBERS} UNNEST(GENERATE_ARRAY(1, 5000)) AS id")
    warehouse.execute("CREATE VIEW odd AS SELECT id, name FROM numbers WHERE MOD(id, 2) = 1")
    return warehouse


def test_a_table_is_read_in_the_order_of_the_columns(numbers: Warehouse) -> None:
    with opened(numbers) as database:
        table = read(database, selected("numbers", ["name", "id"]))

    assert table.column_names == ["name", "id"]
    assert sorted(table.column("id").to_pylist()) == list(range(1, 5001))
    assert table.column("name").to_pylist() == list(map(str, table.column("id").to_pylist()))
    assert table.schema.field("id").metadata == {b"headrace.source_type": b"INT64"}


def test_a_view_is_read_by_a_statements_result(numbers: Warehouse) -> None:
    with opened(numbers) as database:
        table = read(database, selected("odd"))
        assert database.schema(selected("odd"), UnfitPolicy.FAIL) == table.schema

    assert sorted(table.column("id").to_pylist()) == list(range(1, 5001, 2))


def test_an_empty_table_is_empty(warehouse: Warehouse) -> None:
    warehouse.execute("CREATE TABLE nothing (id INT64)")
    with opened(warehouse) as database:
        table = read(database, selected("nothing"))
    assert (table.num_rows, table.schema.types) == (0, [pa.int64()])


@pytest.mark.parametrize(
    ("comparison", "values", "expected"),
    [
        (Comparison.AT_MOST, ("2",), [1, 2]),
        (Comparison.ONE_OF, ("3", "4999", "9000"), [3, 4999]),
        (Comparison.IS_NULL, (), []),
    ],
)
@pytest.mark.parametrize("name", ["numbers", "odd"])
def test_a_filter_lets_rows_through(
    numbers: Warehouse,
    name: str,
    comparison: Comparison,
    values: tuple[str, ...],
    expected: list[int],
) -> None:
    condition = Condition(column="id", comparison=comparison, values=values)
    with opened(numbers) as database:
        table = read(database, selected(name, filter=(condition,)))
    of_odd = [number for number in expected if name == "numbers" or number % 2]
    assert sorted(table.column("id").to_pylist()) == of_odd


def test_text_in_a_filter_is_text(warehouse: Warehouse) -> None:
    text = 'it\'s \\ `x`\n"y"'
    warehouse.execute("CREATE TABLE texts AS SELECT " + repr(text) + " AS v UNION ALL SELECT 'b'")
    condition = Condition(column="v", comparison=Comparison.EQUAL, values=(text,))
    with opened(warehouse) as database:
        table = read(database, selected("texts", filter=(condition,)))
    assert table.column("v").to_pylist() == [text]


@pytest.mark.parametrize(("column", "value"), [("id", "x"), ("tags", "x")])
def test_a_filter_that_is_none(warehouse: Warehouse, column: str, value: str) -> None:
    warehouse.execute("CREATE TABLE t (id INT64, tags ARRAY<STRING>)")
    condition = Condition(column=column, comparison=Comparison.EQUAL, values=(value,))
    with opened(warehouse) as database, pytest.raises(HeadraceError) as caught:
        read(database, selected("t", ["id"], filter=(condition,)))
    assert caught.value.kind is FILTER_NOT_USABLE


def test_what_is_not_there(numbers: Warehouse) -> None:
    with opened(numbers) as database:
        with pytest.raises(HeadraceError) as table:
            read(database, selected("gone"))
        with pytest.raises(HeadraceError) as column:
            read(database, selected("numbers", ["gone"]))
    assert (table.value.kind, column.value.kind) == (TABLE_NOT_FOUND, COLUMN_NOT_FOUND)


def test_a_view_whose_table_is_gone(numbers: Warehouse) -> None:
    with opened(numbers) as database:
        database.schema(selected("odd"), UnfitPolicy.FAIL)
        numbers.execute("DROP TABLE numbers")
        with pytest.raises(HeadraceError) as caught:
            read(database, selected("odd"))
    assert caught.value.kind is VIEW_INVALID
    assert "shop.odd" in caught.value.detail


def test_all_tables_are_read_as_of_one_moment(
    numbers: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator takes no notice of the moment, so what it is asked for is looked at."""
    asked: list[ReadSession] = []
    with session(numbers) as first:
        at = datetime.fromisoformat(first.snapshot()).astimezone(UTC)
        create = first.clients.storage.create_read_session

        def create_read_session(*, read_session: ReadSession, **rest: Any) -> ReadSession:
            asked.append(read_session)
            return create(read_session=read_session, **rest)

        monkeypatch.setattr(first.clients.storage, "create_read_session", create_read_session)
        first.read_session("Reading", first.stored(ref("numbers")), ["id"], "id > 1")
        assert "FOR SYSTEM_TIME AS OF TIMESTAMP '" in first.from_(ref("numbers"))
        assert "SYSTEM_TIME" not in first.from_(ref("odd"))
    (request,) = asked
    assert request.table_modifiers.snapshot_time == at
    assert list(request.read_options.selected_fields) == ["id"]
    assert request.read_options.row_restriction == "id > 1"
    with opened(numbers, "2020-01-01 00:00:00.000001+00") as second:
        assert second.snapshot() == "2020-01-01 00:00:00.000001+00"


class _Breaking:
    """A stream that breaks after its first message."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def __iter__(self) -> Iterator[Any]:
        yield next(iter(self._call))
        raise ServiceUnavailable("broken")  # type: ignore[no-untyped-call]

    def cancel(self) -> None:
        self._call.cancel()


def test_a_broken_stream_is_gone_on_with_where_it_broke(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.execute(f"{NUMBERS} UNNEST(GENERATE_ARRAY(1, {MANY})) AS id")
    with session(warehouse) as connected:
        real, offsets = connected.clients.storage.read_rows, []

        def read_rows(*, read_stream: str, offset: int) -> Any:
            offsets.append(offset)
            call = real(read_stream=read_stream, offset=offset)
            return call if offset else _Breaking(call)

        monkeypatch.setattr(connected.clients.storage, "read_rows", read_rows)
        part = wanted(connected, selected("numbers", ["id"]), UnfitPolicy.FAIL, None)
        with rows(connected, "Reading", part) as reader:
            table = pa.Table.from_batches(list(reader), reader.schema)

    assert offsets[0] == 0
    assert offsets[1] > 0
    assert len(offsets) == 2
    assert sorted(table.column("id").to_pylist()) == list(range(1, MANY + 1))
    assert reader.rows_sent == MANY


def test_work_that_is_broken_off_ends(numbers: Warehouse) -> None:
    with opened(numbers) as database:
        database.abandon()
        with pytest.raises(HeadraceError) as caught:
            database.snapshot()
    assert caught.value.kind is CONNECTION_LOST


def test_numbers_that_a_chosen_decimal_does_not_hold(warehouse: Warehouse) -> None:
    warehouse.execute(
        "CREATE TABLE t AS SELECT BIGNUMERIC '1.5' AS v UNION ALL SELECT BIGNUMERIC '1.23'"
    )
    chosen: Any = {"decimal_columns": {"v": DecimalType(precision=3, scale=1)}}
    with opened(warehouse) as database, pytest.raises(HeadraceError) as caught:
        read(database, selected("t", **chosen))
    with opened(warehouse) as database:
        nulled = selected("t", **chosen, unfit_columns={"v": UnfitPolicy.NULL})
        with database.read(nulled, UnfitPolicy.FAIL) as reader:
            values = [value for batch in reader for value in batch.column("v").to_pylist()]
        counted = dict(reader.unfit_counts)
    assert caught.value.kind is VALUE_NOT_CARRIED
    assert sorted(map(str, values)) == ["1.5", "None"]
    assert counted == {"v": 1}
    with opened(warehouse) as database:
        as_text = selected("t", **chosen, unfit_columns={"v": UnfitPolicy.TEXT})
        assert sorted(read(database, as_text).column("v").to_pylist()) == ["1.23", "1.5"]
