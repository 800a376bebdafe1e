"""From what BigQuery sends to what is carried, in the forms that its emulator does not send."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from headrace.sources.bigquery.types import ColumnType, carried, column_type
from headrace.sources.bigquery.values import convert, digits


def arrived(name: str, values: list[Any], sent: pa.DataType, **more: Any) -> list[Any]:
    type_ = ColumnType(name, **more)
    found: list[Any] = convert(pa.array(values, sent), type_, carried(type_)).to_pylist()
    return found


def test_numbers_of_77_digits_keep_them() -> None:
    whole, after = (
        "57896044618658097711785492504343953926",
        "63499233282028201972879200395656481996",
    )
    written = [f"-{whole}.{after}", f"0.{'0' * 37}1", "0", "100"]
    values = [Decimal(text) for text in written]
    assert arrived("BIGNUMERIC", [*values, None], pa.decimal256(76, 38)) == [*written, None]


def test_a_number_that_its_decimal_does_not_hold_fails() -> None:
    with pytest.raises(pa.ArrowInvalid):
        arrived("NUMERIC", [Decimal("1.23")], pa.decimal128(38, 9), parameters=(10, 1))


def test_intervals_are_written_as_bigquery_writes_them() -> None:
    sent = pa.month_day_nano_interval()
    values = [(14, 3, 4 * 3600 * 10**9 + 5 * 10**9 + 6000), (-14, -3, -(10**9) // 2), (0, 0, 0)]
    assert arrived("INTERVAL", [*values, None], sent) == [
        *("1-2 3 4:0:5.000006", "-1-2 -3 -0:0:0.5", "0-0 0 0:0:0", None),
    ]


def test_ranges_are_written_as_bigquery_writes_them() -> None:
    sent = pa.struct([("start", pa.timestamp("us", "UTC")), ("end", pa.timestamp("us", "UTC"))])
    at = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert arrived("RANGE", [{"start": at, "end": None}], sent, bounds="TIMESTAMP") == [
        "[2020-01-02 03:04:05+00, UNBOUNDED)"
    ]


def test_what_is_within_a_struct_is_written_as_json() -> None:
    fields = {
        "f": ColumnType("FLOAT64"),
        "j": ColumnType("JSON"),
        "r": ColumnType("RANGE", bounds="DATE"),
        "n": ColumnType("STRUCT", fields={"at": ColumnType("DATETIME")}, repeated=True),
    }
    ends = pa.struct([("start", pa.date32()), ("end", pa.date32())])
    inner = pa.list_(pa.struct([("at", pa.timestamp("us"))]))
    sent = pa.struct([("f", pa.float64()), ("j", pa.string()), ("r", ends), ("n", inner)])
    value = {
        "f": float("-inf"),
        "j": '{"a":1}',
        "r": {"start": date(2020, 1, 1), "end": None},
        "n": [{"at": datetime.fromisoformat("2020-01-02T03:04:05.000006")}, {"at": None}],
    }
    assert arrived("STRUCT", [value], sent, fields=fields) == [
        '{"f":"-Infinity","j":{"a":1},"r":"[2020-01-01, UNBOUNDED)",'
        '"n":[{"at":"2020-01-02T03:04:05.000006"},{"at":null}]}'
    ]


@pytest.mark.parametrize(
    ("described", "written"),
    [
        ({"type": "RECORD", "fields": [{"name": "x", "type": "FLOAT"}]}, "STRUCT<x FLOAT64>"),
        ({"type": "STRING", "maxLength": "10", "mode": "REPEATED"}, "ARRAY<STRING(10)>"),
        ({"type": "BIGNUMERIC", "precision": "40", "scale": "2"}, "BIGNUMERIC(40, 2)"),
        ({"type": "RANGE", "rangeElementType": {"type": "DATE"}}, "RANGE<DATE>"),
    ],
)
def test_types_are_written_as_in_sql(described: dict[str, Any], written: str) -> None:
    assert str(column_type(described)) == written


@pytest.mark.parametrize(
    ("type_", "arrow"),
    [
        (ColumnType("NUMERIC", (5,)), "decimal128(5, 0)"),
        (ColumnType("BIGNUMERIC", (38, 10)), "decimal128(38, 10)"),
        (ColumnType("BIGNUMERIC", (39,)), "string"),
        (ColumnType("BIGNUMERIC", repeated=True), "string"),
        (ColumnType("SOMETHING NEW"), "string"),
    ],
)
def test_a_decimal_is_one_as_far_as_it_goes(type_: ColumnType, arrow: str) -> None:
    assert str(carried(type_).arrow) == arrow


def test_digits_are_counted_without_zeros_around_them() -> None:
    assert [digits(Decimal(text)) for text in ("0", "0.50", "-120.0", "1e-38")] == [
        *((0, 0), (0, 1), (3, 0), (0, 38)),
    ]
