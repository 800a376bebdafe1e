"""`headrace tables URL`."""

from __future__ import annotations

import json

from tests.cli.conftest import Headrace
from tests.conftest import Database


def test_lines_for_programs(headrace: Headrace, database: Database) -> None:
    database.execute(
        "CREATE TABLE orders (id int PRIMARY KEY); COMMENT ON TABLE orders IS 'What was bought';"
        "INSERT INTO orders SELECT generate_series(1, 1500); ANALYZE orders"
    )
    done = headrace("tables", database.url)
    assert done.returncode == 0, done.stderr
    table, kind, rows, _, key, comment = done.stdout.rstrip("\n").split("\t")
    assert (table, kind, rows) == ("public.orders", "table", "1,500")
    assert (key, comment) == ("id", "What was bought")


def test_json(headrace: Headrace, database: Database) -> None:
    database.execute('CREATE TABLE "Odd ""name" (a int)')
    done = headrace("tables", database.url, "--json")
    (table,) = json.loads(done.stdout)["tables"]
    assert table["table_name"] == 'Odd "name'
    assert table["estimated_rows"] is None


def test_unknown_database_is_a_problem(headrace: Headrace, database: Database) -> None:
    done = headrace("tables", database.server.url("nowhere"), "--json")
    assert done.returncode == 1
    assert json.loads(done.stderr)["code"] == "database_not_found"
