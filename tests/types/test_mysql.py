"""Each type of MariaDB, from a file of tests/types/mysql, all the way to DuckDB.

The table's description, the source's digest and a survey have to agree with what arrives.

A file has the SQL type, the Arrow type that carries it, its note if it has one, and values as SQL
and as they arrive; in `unfit` those that the Arrow type can't hold, and their text, in `invalid`
text that is none. NULL is tried for every type. `given` declares another column, which is given
the values instead.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from headrace import sources
from headrace.errors import VALUE_NOT_CARRIED, HeadraceError
from headrace.model import UnfitPolicy
from tests.conftest import MariadbDatabase
from tests.sources.mysql.reading import opened, read_all, ref, selected
from tests.types.carrying import (
    digested_alike,
    exact,
    from_duckdb,
    from_parquet,
    shown,
    staged,
    surveyed_alike,
)

CASES = sorted((Path(__file__).parent / "mysql").glob("*.toml"))
# The session that fills the table is as unlike the one that reads it as can be.
INSERTING = "SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+05:00';"


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest, mariadb_database: MariadbDatabase) -> dict[str, Any]:
    case = tomllib.loads(request.param.read_text())
    given = f"{case['given']}, " if "given" in case else ""
    mariadb_database.execute(f"CREATE TABLE t (n serial, {given}v {case['type']})")
    return case


def fill(database: MariadbDatabase, *literals: str, column: str = "v") -> None:
    rows = "".join(f"INSERT INTO t ({column}) VALUES ({literal});\n" for literal in literals)
    database.execute(f"{INSERTING} TRUNCATE t; {rows}")


def test_all_values_arrive(
    mariadb_database: MariadbDatabase, case: dict[str, Any], tmp_path: Path
) -> None:
    column_given = case.get("given", "v").split()[0]
    fill(mariadb_database, "NULL", *case["values"], column=column_given)

    table = read_all(mariadb_database, "t", ["v"])

    column = table.column("v")
    assert str(column.type) == case["arrow"]
    assert [shown(value) for value in column.to_pylist()] == [None, *case["values"].values()]
    file = staged(table, tmp_path)
    assert exact(from_parquet(file).column("v")) == exact(column)
    assert exact(from_duckdb(file).column("v").cast(column.type)) == exact(column)
    selection = selected(mariadb_database, "t", ["v"])
    with opened(mariadb_database) as connected:
        described_alike(connected, mariadb_database, case)
        digested_alike(connected, selection, UnfitPolicy.FAIL, tmp_path / "digested")
        surveyed_alike(connected, selection, len(table), 0)


def described_alike(
    connected: sources.Database, database: MariadbDatabase, case: dict[str, Any]
) -> None:
    described = connected.describe_table(ref(database, "t"), type_name=str).columns[-1]
    assert described.arrow_type == case["arrow"]
    assert described.note == case.get("note")
    assert described.generated == ("GENERATED" in case["type"])


def test_values_that_do_not_fit(
    mariadb_database: MariadbDatabase, case: dict[str, Any], tmp_path: Path
) -> None:
    """And text that is none, which can't be had as text either."""
    unfit, invalid = case.get("unfit", {}), case.get("invalid", [])
    for literal in (*unfit, *invalid):
        fill(mariadb_database, literal, "NULL")
        refused(mariadb_database)
        assert read_as(mariadb_database, UnfitPolicy.NULL) == ([None, None], {"v": 1})
        if literal in unfit:
            assert read_as(mariadb_database, UnfitPolicy.TEXT) == ([unfit[literal], None], {})
    selection = selected(mariadb_database, "t", ["v"])
    column = case.get("given", "v").split()[0]
    with_text, with_null = (*unfit, *case["values"]), (*invalid, *unfit, *case["values"], "NULL")
    for policy, literals in ((UnfitPolicy.TEXT, with_text), (UnfitPolicy.NULL, with_null)):
        fill(mariadb_database, *literals, column=column)
        chosen = selection.model_copy(update={"unfit_columns": {"v": policy}})
        with opened(mariadb_database) as connected:
            digested_alike(connected, chosen, UnfitPolicy.FAIL, tmp_path / policy)
    with opened(mariadb_database) as connected:
        surveyed_alike(connected, selection, len(with_null), len(unfit) + len(invalid))


def refused(database: MariadbDatabase) -> None:
    with pytest.raises(HeadraceError) as caught:
        read_all(database, "t")
    assert caught.value.kind is VALUE_NOT_CARRIED
    assert "'v'" in caught.value.detail


def read_as(database: MariadbDatabase, policy: UnfitPolicy) -> tuple[list[Any], dict[str, int]]:
    selection = selected(database, "t").model_copy(update={"unfit_columns": {"v": policy}})
    with opened(database) as connected, connected.read(selection, UnfitPolicy.FAIL) as reader:
        values = [value for batch in reader for value in batch.column("v").to_pylist()]
        return values, dict(reader.unfit_counts)
