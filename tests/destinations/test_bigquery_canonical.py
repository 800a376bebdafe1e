"""BigQuery's SQL for canonical texts, against the words of `headrace.digests` in plain Python."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from devservers.google.bigquery_server import BigqueryServer
from headrace.destinations.bigquery_types import TYPES, type_name
from headrace.googlesql.canonical import canonical, hashed
from tests.digesting import canonical as in_words
from tests.digesting import digest_of
from tests.real_cloud import RealCloud

INFINITE = float("inf")
# Of the years that BigQuery has.
FIRST = datetime(1, 1, 1, 0, 0, 0, 1, UTC)
LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)
BEFORE_1970 = datetime(1969, 12, 31, 23, 59, 59, 999999, UTC)
WHOLE: Mapping[pa.DataType, list[Any]] = {
    pa.int8(): [-128, 127],
    pa.int16(): [-32768],
    pa.int32(): [-(2**31)],
    pa.int64(): [-(2**63), 2**63 - 1, 0],
    pa.uint8(): [255],
    pa.uint16(): [65535],
    pa.uint32(): [2**32 - 1],
}
VALUES: Mapping[pa.DataType, list[Any]] = {
    **WHOLE,
    pa.bool_(): [True, False],
    pa.float32(): [1.5, 3.4028234663852886e38, 1.401298464324817e-45],
    pa.float64(): [
        *[0.1, -0.1, 1.0, 2.0, 3.0, 4.0, 8.0, 0.125, -1e300, 1e-300, float(2**53 - 1), 1 / 3],
        *[0.0, 5e-324, 2.225073858507201e-308, 2.2250738585072014e-308, 1.7976931348623157e308],
        *[INFINITE, -INFINITE, float("nan")],
        *[x for n in (-1022, -1000, -1, 0, 1, 52, 53, 1000, 1023) for x in (2.0**n, -(2.0**n))],
    ],
    pa.date32(): [date(1, 1, 1), date(1969, 12, 31), date(9999, 12, 31)],
    pa.time64("us"): [time(0, 0), time(23, 59, 59, 999999)],
    pa.timestamp("us"): [at.replace(tzinfo=None) for at in (FIRST, BEFORE_1970, LAST)],
    pa.timestamp("us", "UTC"): [FIRST, BEFORE_1970, LAST],
    pa.string(): ["", "é\n\0'`", "😀"],
    pa.large_string(): ["x"],
    pa.binary(): [b"", b"\x00\xff"],
    pa.large_binary(): [b"\x01"],
    pa.decimal128(20, 2): [Decimal("1.50"), Decimal("-0.05"), Decimal("123456789012345678.99")],
    pa.decimal128(20, 0): [Decimal("12345678901234567890"), Decimal(-1), Decimal(0)],
    pa.list_(pa.int64()): [[1, -22], [7]],
    pa.list_(pa.string()): [["é", "", ",:"], ["N"]],
    pa.list_(pa.float64()): [[1.5, -INFINITE]],
    pa.list_(pa.decimal128(5, 2)): [[Decimal("1.50"), Decimal("-0.05")]],
}


@pytest.fixture(scope="module")
def told(
    request: pytest.FixtureRequest,
) -> Mapping[pa.DataType, list[tuple[str | None, int | None]]]:
    """By type what BigQuery says of each value and of NULL: its text, and its hash."""
    client = opened(request)
    dataset = f"canonical_{uuid4().hex}"
    client.create_dataset(dataset)
    named = {f"c{number}": kind for number, kind in enumerate(VALUES)}
    length = max(map(len, VALUES.values())) + 1
    columns = {
        name: pa.array(VALUES[kind] + [None] * (length - len(VALUES[kind])), kind)
        for name, kind in named.items()
    }
    file = io.BytesIO()
    pq.write_table(pa.table({"n": range(length), **columns}), file, store_decimal_as_integer=True)
    listed = ", ".join(f"{name} {type_name(kind)}" for name, kind in named.items())
    client.query_and_wait(f"CREATE TABLE {dataset}.t (n INT64, {listed})")
    client.load_table_from_file(file, f"{dataset}.t", rewind=True, job_config=as_lists()).result()
    texts = {name: canonical(name, kind) for name, kind in named.items()}
    asked = ", ".join(f"{text}, {hashed(text)}" for text in texts.values())
    rows = [
        list(row.values())
        for row in client.query_and_wait(f"SELECT {asked} FROM {dataset}.t ORDER BY n")
    ]
    client.delete_dataset(dataset, delete_contents=True)
    client.close()  # type: ignore[no-untyped-call]
    return {
        kind: [(row[2 * at], row[2 * at + 1]) for row in rows] for at, kind in enumerate(VALUES)
    }


def opened(request: pytest.FixtureRequest) -> bigquery.Client:
    if cloud := RealCloud.asked():
        return bigquery.Client(cloud.project, location=cloud.location)
    server: BigqueryServer = request.getfixturevalue("bigquery_server")
    return bigquery.Client(
        project="p",
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": server.url},
    )


def as_lists() -> bigquery.LoadJobConfig:
    options = bigquery.ParquetOptions()  # type: ignore[no-untyped-call]
    options.enable_list_inference = True
    return bigquery.LoadJobConfig(source_format="PARQUET", parquet_options=options)


@pytest.mark.parametrize("kind", VALUES, ids=str)
def test_each_value_has_the_text_and_the_hash_of_the_words(
    told: Mapping[pa.DataType, list[tuple[str | None, int | None]]], kind: pa.DataType
) -> None:
    values = VALUES[kind]

    assert [text for text, _ in told[kind][: len(values)]] == list(map(in_words, values))
    assert [h for _, h in told[kind][: len(values)]] == [digest_of([v]).total for v in values]
    # NULL has no text; a list that is NULL is an empty one here, which has none either.
    assert set(told[kind][len(values) :]) == {(None, None)}


def test_a_number_of_64_bits_without_sign_is_carried_as_a_decimal() -> None:
    assert type_name(pa.uint64()) == "NUMERIC(20, 0)"
    assert canonical("x", pa.uint64()) == canonical("x", pa.decimal128(20, 0))


def test_no_type_that_is_carried_is_left_out() -> None:
    assert TYPES.keys() <= {*VALUES, pa.uint64()}
    for kind in (*TYPES, pa.decimal128(38, 38), pa.decimal128(38, 0)):
        assert "x" in canonical("x", kind)
        assert "e" in canonical("x", pa.list_(kind))


def test_the_sign_of_zero_is_asked_of_the_one_function_that_tells_it() -> None:
    """The emulator's says otherwise of -0; BigQuery's text of it has no sign."""
    assert "IEEE_DIVIDE(1, x) > 0, '0000000000000000', '8000000000000000'" in canonical(
        "x", pa.float64()
    )
