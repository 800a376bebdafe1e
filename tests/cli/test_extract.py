"""`headrace extract URL TABLE… --to DESTINATION`."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Headrace
from tests.conftest import Database


def test_tables_into_duckdb(headrace: Headrace, database: Database, tmp_path: Path) -> None:
    database.execute(
        'CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id; CREATE SCHEMA "Sales EU";'
        'CREATE TABLE "Sales EU"."odd.name" AS SELECT 1.50::numeric(5, 2) AS amount'
    )
    file = tmp_path / "warehouse.duckdb"
    command = (
        "extract", database.url, "orders", '"Sales EU"."odd.name"',
        "--to", f"duckdb://{file}", "--dataset", "shop",
    )  # fmt: skip
    for _ in range(2):  # the second replaces what the first brought
        done = headrace(*command, "--json")
        assert done.returncode == 0, done.stderr
    assert [table["rows"] for table in json.loads(done.stdout)["tables"]] == [1000, 1]
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute("SELECT sum(id) FROM shop.orders").fetchone() == (500500,)
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'shop'"
        ).fetchall()
    assert sorted(tables) == [("orders",), ("sales_eu_odd_name",)]


def test_a_table_in_chunks(headrace: Headrace, database: Database, tmp_path: Path) -> None:
    database.execute(
        "CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id;"
        "ALTER TABLE orders ADD PRIMARY KEY (id); ANALYZE orders"
    )
    to = ("--to", f"duckdb://{tmp_path}/warehouse.duckdb", "--dataset", "shop")
    options = ("--chunk-rows", "100", "--parallel", "2", "--verify", "digest")
    done = headrace("extract", database.url, "orders", *to, *options, "--json")
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["tables"]
    assert (told["rows"], told["chunks"]) == (1000, told["chunks_done"])
    assert told["chunks"] > 1
    assert headrace("extract", database.url, "orders", *to, "--parallel", "99").returncode == 2


def test_a_table_into_parquet(headrace: Headrace, database: Database, tmp_path: Path) -> None:
    database.execute("CREATE TABLE orders AS SELECT generate_series(1, 10) AS id")
    done = headrace("extract", database.url, "orders", "--to", f"parquet://{tmp_path}/lake")
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "lake").rglob("*.parquet")
    assert pq.read_table(file).num_rows == 10


def test_what_becomes_of_values_that_do_not_fit(
    headrace: Headrace, database: Database, tmp_path: Path
) -> None:
    database.execute("CREATE TABLE t AS SELECT unnest(ARRAY['infinity', '2026-01-01'])::date AS d;")
    command = ("extract", database.url, "t", "--to", f"duckdb://{tmp_path}/warehouse.duckdb")
    failed = headrace(*command, "--dataset", "odd", "--json")
    assert failed.returncode == 1
    assert json.loads(failed.stderr)["code"] == "value_not_carried"
    nulled = headrace(*command, "--dataset", "odd", "--unfit", "null", "--json")
    assert json.loads(nulled.stdout)["tables"][0]["unfit"] == {"d": 1}
    shown = headrace(*command, "--dataset", "odd", "--unfit", "null")
    assert "1 value of d replaced by NULL" in shown.stdout
    assert headrace(*command, "--dataset", "odd", "--unfit", "text").returncode == 0
    with duckdb.connect(f"{tmp_path}/warehouse.duckdb", read_only=True) as connection:
        rows = connection.execute("SELECT d FROM odd.t ORDER BY d").fetchall()
    assert rows == [("2026-01-01",), ("infinity",)]


def test_what_is_chosen_of_a_table_s_columns(
    headrace: Headrace, database: Database, tmp_path: Path
) -> None:
    database.execute(
        'CREATE TABLE t (n numeric, "a=b" numeric, d date, later date, secret text);'
        "INSERT INTO t VALUES (1.5, 1e20, 'infinity', 'infinity', 'x')"
    )
    to = ("--to", f"duckdb://{tmp_path}/warehouse.duckdb", "--dataset", "chosen")
    columns = ("--column", "n", "--column", "a=b", "--column", "d", "--column", "later")
    policies = ("--unfit", "null", "--unfit-column", "later=text")
    decimals = ("--decimal", "n=38,9", "--decimal", "a=b=21")

    done = headrace("extract", database.url, "t", *to, *columns, *policies, *decimals, "--json")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tables"][0]["unfit"] == {"d": 1}
    with duckdb.connect(f"{tmp_path}/warehouse.duckdb", read_only=True) as connection:
        relation = connection.execute("SELECT * FROM chosen.t")
        assert [(name, str(kind)) for name, kind, *_ in relation.description or ()] == [
            ("n", "DECIMAL(38,9)"), ("a=b", "DECIMAL(21,0)"), ("d", "DATE"), ("later", "VARCHAR"),
        ]  # fmt: skip
        assert relation.fetchall() == [(Decimal("1.5"), Decimal(10**20), None, "infinity")]


def test_a_number_that_does_not_fit_its_decimal(
    headrace: Headrace, database: Database, tmp_path: Path
) -> None:
    database.execute("CREATE TABLE t AS SELECT 1.23456::numeric AS n")
    to = ("--to", f"duckdb://{tmp_path}/warehouse.duckdb")
    done = headrace("extract", database.url, "t", *to, "--decimal", "n=38,4", "--json")
    assert done.returncode == 1
    assert json.loads(done.stderr)["code"] == "value_not_carried"
    assert headrace("extract", database.url, "t", *to, "--decimal", "n=38,5").returncode == 0


@pytest.mark.parametrize(
    ("options", "path"),
    [
        (("--decimal", "n"), "--decimal"),
        (("--decimal", "n=39"), "decimal_columns.n.precision"),
        (("--decimal", "n=x,1"), "decimal_columns.n.precision"),
        (("--unfit-column", "d=drop"), "unfit_columns.d"),
        (("--column", "a", "--column", "a"), "columns"),
    ],
)
def test_a_choice_that_is_none(
    headrace: Headrace, database: Database, options: tuple[str, ...], path: str
) -> None:
    done = headrace("extract", database.url, "t", "--to", "duckdb:///x", *options, "--json")
    assert done.returncode == 1
    problem = json.loads(done.stderr)
    assert problem["code"] == "invalid_input"
    assert [field["path"] for field in problem["fields"]] == [path]


def test_columns_of_several_tables_are_not_chosen(headrace: Headrace, database: Database) -> None:
    options = ("--to", "duckdb:///x", "--column", "id")
    done = headrace("extract", database.url, "a", "b", *options, "--json")
    assert done.returncode == 1
    assert "one table" in json.loads(done.stderr)["fields"][0]["message"]


def test_one_missing_table_brings_nothing(
    headrace: Headrace, database: Database, tmp_path: Path
) -> None:
    database.execute("CREATE TABLE orders AS SELECT 1 AS id")
    to = ("--to", f"duckdb://{tmp_path}/shop.duckdb", "--dataset", "shop")
    done = headrace("extract", database.url, "orders", "missing", *to, "--json")
    assert done.returncode == 1
    assert json.loads(done.stderr)["code"] == "table_not_found"
    assert "missing" in json.loads(done.stderr)["detail"]
    assert not (tmp_path / "shop.duckdb.staging").exists() or not list(
        (tmp_path / "shop.duckdb.staging").iterdir()
    )


def test_every_wrong_name_is_told_at_once(headrace: Headrace, database: Database) -> None:
    done = headrace(
        "extract", database.url, "a.b.c", "", "--to", "duckdb:///x", "--dataset", "a b", "--json"
    )
    assert done.returncode == 1
    assert [field["path"] for field in json.loads(done.stderr)["fields"]] == [
        "a.b.c", "", "dataset",
    ]  # fmt: skip


def test_destination_that_is_none(headrace: Headrace, database: Database) -> None:
    done = headrace("extract", database.url, "t", "--to", "shop.duckdb", "--json")
    assert done.returncode == 1
    problem = json.loads(done.stderr)
    assert problem["code"] == "settings_invalid"
    assert "duckdb://" in problem["detail"]
    assert "HEADRACE_DESTINATION" not in done.stderr
