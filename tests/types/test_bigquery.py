"""Each type of BigQuery, from a file of tests/types/bigquery, all the way to DuckDB.

A file has the SQL type, the Arrow type that carries it, its note if it has one, and values as SQL
and as they arrive. NULL is tried for every type; `null` says what arrives if that is not NULL. All
types are columns of one table, which is read once.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

from devservers.google.bigquery_server import BigqueryServer
from headrace.model import UnfitPolicy
from headrace.tables import Column
from tests.sources.bigquery.warehouse import Warehouse, opened, read, ref, selected
from tests.types.carrying import exact, from_duckdb, from_parquet, shown, staged

CASES = {
    path.stem: tomllib.loads(path.read_text())
    for path in sorted((Path(__file__).parent / "bigquery").glob("*.toml"))
}
Read = tuple[pa.Table, dict[str, Column], dict[str, Any]]


@pytest.fixture(scope="module")
def everything(bigquery_server: BigqueryServer) -> Read:
    """The table, its columns as they are described, and their digests."""
    warehouse = Warehouse(bigquery_server, f"p{uuid4().hex[:12]}")
    warehouse.make()
    columns = ", ".join(f"`v_{name}` {case['type']}" for name, case in CASES.items())
    warehouse.execute(f"CREATE TABLE t (n INT64, {columns})")
    most = max(len(case["values"]) for case in CASES.values())
    rows = []
    for n in range(most + 1):
        literals = [["NULL", *case["values"]] for case in CASES.values()]
        values = [each[n] if n < len(each) else "NULL" for each in literals]
        rows.append(f"({n}, {', '.join(values)})")
    warehouse.execute(f"INSERT INTO t VALUES {', '.join(rows)}")
    with opened(warehouse) as database:
        described = database.describe_table(ref("t"), type_name=str).columns
        table = read(database, selected("t")).sort_by("n")
        digests = database.digest(selected("t"), UnfitPolicy.FAIL)
    return table, {column.name: column for column in described}, dict(digests)


@pytest.mark.parametrize("name", CASES)
def test_all_values_arrive(everything: Read, name: str, tmp_path: Path) -> None:
    table, described, _ = everything
    case = CASES[name]
    column = table.column(f"v_{name}").slice(0, 1 + len(case["values"]))
    about = described[f"v_{name}"]

    assert str(column.type) == case["arrow"] == about.arrow_type
    assert about.note == case.get("note")
    expected = [case.get("null"), *case["values"].values()]
    assert [shown(value) for value in column.to_pylist()] == expected
    file = staged(pa.table({"v": column}), tmp_path)
    assert exact(from_parquet(file).column("v")) == exact(column)
    assert exact(from_duckdb(file).column("v").cast(column.type)) == exact(column)
