"""A source's digest of each type is that of the rows as they are staged and as they are loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from headrace import sources
from headrace.destinations.duckdb import DuckDB
from headrace.destinations.duckdb_digests import digests, staged_digests
from headrace.digests import Digest
from headrace.model import Selection, UnfitPolicy
from tests.conftest import Database, MariadbDatabase
from tests.sources import reading
from tests.sources.mysql import reading as mysql_reading
from tests.types import test_mysql, test_postgres
from tests.types.carrying import staged

case = test_mysql.case  # of MariaDB's tests; those of PostgreSQL's are parameters of their own


def hold(database: sources.Database, selection: Selection, directory: Path) -> Digest:
    """The digest of column `v`, which is the same in all three places."""
    with database.read(selection, UnfitPolicy.FAIL) as reader:
        table = pa.Table.from_batches(list(reader), reader.schema)
    (told,) = database.digest(selection, UnfitPolicy.FAIL).values()
    file, arrow = staged(table, directory), table.schema.field("v").type
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        connection.execute(f"CREATE TABLE t (v {DuckDB(file).type_name(arrow)})")
        connection.execute("INSERT INTO t SELECT * FROM read_parquet($1)", [str(file)])
        assert staged_digests(connection, [str(file)], {"v": arrow}) == {"v": told}
        assert digests(connection, "t", {"v": arrow}) == {"v": told}
    assert told.values == len(table) - table.column("v").null_count
    return told


@test_postgres.over("values")
def test_postgres_and_duckdb_agree(
    database: Database, case: dict[str, Any], tmp_path: Path
) -> None:
    literals = ["NULL", *case["values"], *case.get("beyond", {})]
    test_postgres.make(database, case)
    test_postgres.fill(database, case, literals)
    with reading.opened(database) as connected:
        told = hold(connected, reading.selected("t", ["v"]), tmp_path)
    assert told.values == len(literals) - 1


@test_postgres.over("unfit")
@pytest.mark.parametrize("policy", [UnfitPolicy.NULL, UnfitPolicy.TEXT])
def test_postgres_and_duckdb_agree_on_what_does_not_fit(
    database: Database, case: dict[str, Any], policy: UnfitPolicy, tmp_path: Path
) -> None:
    literals = ["NULL", *case["unfit"], *case.get("values", {})]
    test_postgres.make(database, case)
    test_postgres.fill(database, case, literals)
    selection = reading.selected("t", ["v"])
    with reading.opened(database) as connected:
        told = hold(connected, selection.model_copy(update=_unfit(policy)), tmp_path)
    replaced = len(case["unfit"]) if policy is UnfitPolicy.NULL else 0
    assert told.values == len(literals) - 1 - replaced


def test_mariadb_and_duckdb_agree(
    mariadb_database: MariadbDatabase,
    case: dict[str, Any],
    tmp_path: Path,
) -> None:
    column = case.get("given", "v").split()[0]
    literals = ["NULL", *case["values"]]
    test_mysql.fill(mariadb_database, *literals, column=column)
    with mysql_reading.opened(mariadb_database) as connected:
        told = hold(connected, mysql_reading.selected(mariadb_database, "t", ["v"]), tmp_path)
    assert told.values == len(literals) - 1


@pytest.mark.parametrize("policy", [UnfitPolicy.NULL, UnfitPolicy.TEXT])
def test_mariadb_and_duckdb_agree_on_what_does_not_fit(
    mariadb_database: MariadbDatabase,
    case: dict[str, Any],
    policy: UnfitPolicy,
    tmp_path: Path,
) -> None:
    invalid = case.get("invalid", []) if policy is UnfitPolicy.NULL else []
    unfit = [*case.get("unfit", {}), *invalid]
    literals = ["NULL", *unfit, *case["values"]]
    test_mysql.fill(mariadb_database, *literals, column=case.get("given", "v").split()[0])
    selection = mysql_reading.selected(mariadb_database, "t", ["v"])
    with mysql_reading.opened(mariadb_database) as connected:
        told = hold(connected, selection.model_copy(update=_unfit(policy)), tmp_path)
    replaced = len(unfit) if policy is UnfitPolicy.NULL else 0
    assert told.values == len(literals) - 1 - replaced


def _unfit(policy: UnfitPolicy) -> dict[str, object]:
    return {"unfit_columns": {"v": policy}}
