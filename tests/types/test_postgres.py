"""Each type of PostgreSQL, from a file of tests/types/postgres: what arrives, and what is refused.

A file has the SQL type, the Arrow type that carries it, its note if it has one, values as SQL
and as they arrive, and values that Arrow can't hold. NULL is tried for every type.
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headrace.errors import VALUE_NOT_CARRIED, HeadraceError
from tests.conftest import Database
from tests.sources.reading import opened, read_all, ref

CASES = sorted((Path(__file__).parent / "postgres").glob("*.toml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_type(database: Database, path: Path) -> None:
    case = tomllib.loads(path.read_text())
    inserts = [f"INSERT INTO t VALUES ({literal})" for literal in ("NULL", *case["values"])]
    database.execute(
        ";\n".join([case.get("setup", ""), f"CREATE TABLE t (v {case['type']})", *inserts])
    )

    column = read_all(database, "t").column("v")
    assert str(column.type) == case["arrow"]
    assert [shown(value) for value in column.to_pylist()] == [None, *case["values"].values()]
    with opened(database) as connected:
        (described,) = connected.describe_table(ref("t"), type_name=str).columns
    assert described.arrow_type == case["arrow"]
    assert described.note == case.get("note")

    for literal in case.get("refused", []):
        database.execute(f"TRUNCATE t; INSERT INTO t VALUES ({literal})")
        with pytest.raises(HeadraceError) as caught:
            read_all(database, "t")
        assert caught.value.kind is VALUE_NOT_CARRIED, literal
        assert "'v'" in caught.value.detail


def shown(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bytes():
            return value.hex()
        case bool() | int() | float() | str() | Decimal() | date() | datetime() | time():
            return str(value)
    raise TypeError(type(value))
