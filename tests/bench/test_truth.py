"""What a reader lost is found, and nothing is found where nothing was lost."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.truth import examine

HEADER = "id,ts_tz,ts,flag,score,amount,uid,doc,body,tags,tags_text,raw,note,cnt,d\n"
ROWS = (
    '1,2020-01-01 00:00:00+00,2020-01-01 00:00:00,t,0.1,1.500000000,{u},"{{""a"": 1.10}}",'
    '"x ","[""a"", null]","{{a,NULL}}",00ff,"",1,2020-01-01\n'
    "2,,,,,,,,,,,,,,\n"
)
UUID = "a97da629-b098-b75c-294d-ffdc3e463904"


def exact() -> dict[str, pa.Array]:
    return {
        "id": pa.array([1, 2], pa.int64()),
        "ts_tz": pa.array([1577836800000000, None], pa.timestamp("us", "UTC")),
        "ts": pa.array([1577836800000000, None], pa.timestamp("us")),
        "flag": pa.array([True, None]),
        "score": pa.array([0.1, None]),
        "amount": pa.array([Decimal("1.500000000"), None], pa.decimal128(38, 9)),
        "uid": pa.array([UUID, None]),
        "doc": pa.array(['{"a": 1.10}', None]),
        "body": pa.array(["x ", None]),
        "tags": pa.array([["a", None], None], pa.list_(pa.string())),
        "raw": pa.array([b"\x00\xff", None]),
        "note": pa.array(["", None]),
        "cnt": pa.array([1, None], pa.int32()),
        "d": pa.array([18262, None], pa.date32()),
    }


@pytest.fixture
def losses(tmp_path: Path) -> Callable[..., tuple[str, ...]]:
    def find(compression: str = "zstd", **changed: pa.Array | None) -> tuple[str, ...]:
        truth = tmp_path / "truth.csv"
        truth.write_text(HEADER + ROWS.format(u=UUID))
        columns = {name: a for name, a in (exact() | changed).items() if a is not None}
        pq.write_table(pa.table(columns), tmp_path / "rows.parquet", compression=compression)
        return examine([tmp_path / "rows.parquet"], truth, "wide", frozenset()).losses

    return find


def test_nothing_is_lost(losses: Callable[..., tuple[str, ...]]) -> None:
    assert losses() == ()
    assert losses(uid=pa.array([bytes.fromhex(UUID.replace("-", "")), None])) == ("uid as bytes",)


@pytest.mark.parametrize(
    ("column", "values", "loss"),
    [
        ("note", pa.array([None, None], pa.string()), "note (50% of the values differ)"),
        ("note", pa.array(["", ""]), "note (50% of the values differ)"),
        ("doc", pa.array(['{"a":1.1}', None]), "doc (50% of the values differ)"),
        ("body", pa.array(["x", None]), "body without trailing spaces"),
        ("amount", pa.array(["1.5", None]), "amount as text"),
        ("amount", pa.array([1.25, None]), "amount as double (50% of the values differ)"),
        ("ts_tz", exact()["ts"], "ts_tz as timestamp without zone"),
        ("tags", pa.array(["{a,NULL}", None]), "tags as text"),
        ("tags", pa.array([["a", ""], None]), "tags (50% of the values differ)"),
        ("d", None, "d left out"),
    ],
)
def test_a_loss_is_named(
    losses: Callable[..., tuple[str, ...]], column: str, values: pa.Array | None, loss: str
) -> None:
    assert losses(**{column: values}) == (loss,)


def test_rows_and_compression(losses: Callable[..., tuple[str, ...]]) -> None:
    assert losses("snappy") == ("snappy instead of zstd",)
    moved = losses(id=pa.array([1, 3], pa.int64()))
    assert moved == ("2 rows of those compared are missing or made up",)
