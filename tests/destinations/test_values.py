"""Values, names and types arrive as they left."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest

from headrace.destinations import Destination, Target
from headrace.errors import COLUMNS_CLASH, TYPE_NOT_CARRIED, HeadraceError
from tests.destinations.staging import LOCAL_SCHEMES, Place, bring, of

ORDERS = Target("shop", "orders")

MOMENT = datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)
CASES: dict[str, tuple[pa.DataType, list[object]]] = {
    "bool": (pa.bool_(), [True, False, None]),
    "int16": (pa.int16(), [-(2**15), 2**15 - 1, None]),
    "int32": (pa.int32(), [-(2**31), 2**31 - 1, None]),
    "int64": (pa.int64(), [-(2**63), 2**63 - 1, None]),
    "float32": (pa.float32(), [1.5, float("inf"), None]),
    "float64": (pa.float64(), [0.1, -5e-324, None]),
    "decimal": (pa.decimal128(12, 2), [Decimal("-9999999999.99"), Decimal("0.01"), None]),
    "wide_decimal": (pa.decimal128(38, 10), [Decimal("1234567890123456789012345678.0000000001")]),
    "date": (pa.date32(), [date(1, 1, 1), date(9999, 12, 31), None]),
    "time": (pa.time64("us"), [time(0), time(23, 59, 59, 999999), None]),
    "timestamp": (pa.timestamp("us"), [MOMENT.replace(tzinfo=None), None]),
    "moment": (pa.timestamp("us", tz="UTC"), [MOMENT, None]),
    "text": (pa.string(), ["", "é ☃ 𝄞", "a\nb\t'\"", None]),
    "bytes": (pa.binary(), [b"", b"\x00\xff", None]),
    "list": (pa.list_(pa.int32()), [[1, None, 3], [], None]),
    "decimals": (pa.list_(pa.decimal128(38, 2)), [[Decimal("0.01"), None], [], None]),
    "moments": (pa.list_(pa.timestamp("us", tz="UTC")), [[MOMENT, None], None]),
}


# BigQuery's emulator has room for fewer digits than BIGNUMERIC has.
IN_EMULATOR: dict[str, list[object]] = {
    "wide_decimal": [Decimal("12345678901234567890.0000000001")]
}


@pytest.mark.parametrize("case", CASES)
def test_values_are_exact(place: Place, destination: Destination, case: str) -> None:
    arrow_type, values = CASES[case]
    if place.scheme == "bigquery":
        values = IN_EMULATOR.get(case, values)
        values = [_without_nulls(value, arrow_type) for value in values]
    content = pa.table({"n": range(len(values)), "value": pa.array(values, arrow_type)})

    bring(destination, content)

    published = place.read(ORDERS)
    assert published["value"].cast(arrow_type).to_pylist() == values
    assert destination.type_name(arrow_type)


def _without_nulls(value: object, arrow_type: pa.DataType) -> object:
    """What BigQuery has of lists: none that is NULL, and no NULL in them."""
    if not pa.types.is_list(arrow_type):
        return value
    return [each for each in value if each is not None] if isinstance(value, list) else []


def test_column_names_are_kept(place: Place, destination: Destination) -> None:
    names = ["id", "select", "with space", "prix à", "%s", "x" * 63]
    if place.scheme != "bigquery":  # which has no such names
        names += ['a "quoted" name', "prix €", "%s $1 ?"]
    bring(destination, pa.table({name: [number] for number, name in enumerate(names)}))

    assert place.read(ORDERS).to_pylist() == [{name: n for n, name in enumerate(names)}]


def test_columns_that_differ_in_case_alone_are_refused(destination: Destination) -> None:
    with pytest.raises(HeadraceError, match=r"public\.orders .* Total, total") as refused:
        bring(destination, pa.table({"Total": [1], "total": [2], "id": [3]}))

    assert refused.value.kind is COLUMNS_CLASH
    assert destination.count(ORDERS) is None


def test_a_type_without_a_place_is_refused(destination: Destination) -> None:
    with pytest.raises(HeadraceError) as refused:
        destination.type_name(pa.list_(pa.duration("s")))
    assert refused.value.kind is TYPE_NOT_CARRIED


@of(*LOCAL_SCHEMES)
def test_values_of_megabytes_fit(place: Place, destination: Destination) -> None:
    """More than DuckDB's first memory limit in a single row group."""
    bring(destination, pa.table({"id": range(50), "text": ["x" * 5_000_000] * 50}))

    assert destination.count(ORDERS) == 50
