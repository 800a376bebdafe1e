"""Each type of PostgreSQL, from a file of tests/types/postgres, all the way to DuckDB.

A file has the SQL type, the Arrow type that carries it, its note if it has one, and values as SQL
and as they arrive; in `beyond` those that Python can't show, as the number that stands for them,
in `unfit` those that the Arrow type can't hold, and their text. NULL is tried for every type.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from headrace.errors import VALUE_NOT_CARRIED, HeadraceError
from headrace.model import UnfitPolicy
from tests.conftest import Database
from tests.sources.reading import opened, read_all, ref, selected
from tests.types.carrying import exact, from_duckdb, from_parquet, shown, staged

CASES = sorted((Path(__file__).parent / "postgres").glob("*.toml"))


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest, database: Database) -> dict[str, Any]:
    case = tomllib.loads(request.param.read_text())
    database.execute(f"{case.get('setup', '')};\nCREATE TABLE t (n serial, v {case['type']})")
    return case


def fill(database: Database, *literals: str) -> None:
    rows = "".join(f"INSERT INTO t (v) VALUES ({literal});\n" for literal in literals)
    database.execute(f"TRUNCATE t; {rows}")


def test_all_values_arrive(database: Database, case: dict[str, Any], tmp_path: Path) -> None:
    beyond = case.get("beyond", {})
    fill(database, "NULL", *case["values"], *beyond)

    table = read_all(database, "t", ["v"])

    column = table.column("v")
    assert str(column.type) == case["arrow"]
    within = column.slice(0, 1 + len(case["values"]))
    assert [shown(value) for value in within.to_pylist()] == [None, *case["values"].values()]
    assert exact(column)[len(within) :] == list(beyond.values())
    file = staged(table, tmp_path)
    assert exact(from_parquet(file).column("v")) == exact(column)
    assert exact(from_duckdb(file).column("v").cast(column.type)) == exact(column)


def test_the_description_says_the_same(database: Database, case: dict[str, Any]) -> None:
    with opened(database) as connected:
        described = connected.describe_table(ref("t"), type_name=str).columns[1]
    assert described.arrow_type == case["arrow"]
    assert described.note == case.get("note")


def test_values_that_do_not_fit(database: Database, case: dict[str, Any]) -> None:
    for literal, text in case.get("unfit", {}).items():
        fill(database, literal, "NULL")
        with pytest.raises(HeadraceError) as caught:
            read_all(database, "t")
        assert caught.value.kind is VALUE_NOT_CARRIED, literal
        assert "'v'" in caught.value.detail

        assert read_as(database, UnfitPolicy.NULL) == ([None, None], {"v": 1})
        assert read_as(database, UnfitPolicy.TEXT) == ([text, None], {})


def read_as(database: Database, policy: UnfitPolicy) -> tuple[list[Any], dict[str, int]]:
    selection = selected("t").model_copy(update={"unfit_columns": {"v": policy}})
    with opened(database) as connected, connected.read(selection, UnfitPolicy.FAIL) as reader:
        values = [value for batch in reader for value in batch.column("v").to_pylist()]
        return values, dict(reader.unfit_counts)
