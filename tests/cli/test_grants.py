"""`headrace grants`, and what the user that it makes may extract."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest

from headrace.sources.postgres.grants import PLACEHOLDER
from tests.cli.conftest import Headrace
from tests.conftest import Database

PASSWORD = "generated-7391"


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_three_scripts_are_printed_without_a_connection(headrace: Headrace, scheme: str) -> None:
    url = f"{scheme}://admin:geheim-4711@nowhere.invalid/shop"
    done = headrace("grants", url, "orders", "sales.deals", "--user", "analyst")
    assert done.returncode == 0, done.stderr
    for part in ("1. Make the user", "2. See what it may do", "3. Take it back"):
        assert part in done.stdout
    assert "analyst" in done.stdout
    assert "geheim-4711" not in done.stdout + done.stderr
    as_json = json.loads(headrace("grants", url, "orders", "--json").stdout)
    assert as_json.keys() == {"create", "verify", "revoke"}


def test_columns_are_for_one_table(headrace: Headrace) -> None:
    done = headrace("grants", "postgresql://a@h/d", "orders", "deals", "--column", "id")
    assert done.returncode == 1
    assert "invalid_input" in done.stderr


def test_a_name_that_no_user_can_have(headrace: Headrace) -> None:
    done = headrace("grants", "postgresql://a@h/d", "orders", "--user", "a\nb", "--json")
    assert done.returncode == 1
    assert json.loads(done.stderr)["fields"][0]["path"] == "user"


def test_the_user_extracts_what_was_granted_and_nothing_else(
    headrace: Headrace, database: Database, tmp_path: Path
) -> None:
    database.execute(
        "CREATE TABLE orders (id int, card text); INSERT INTO orders VALUES (1, 'x'), (2, 'y');"
        "CREATE TABLE customers (id int)"
    )
    user = f"reader_{uuid4().hex}"
    chosen = ("orders", "--column", "id")
    done = headrace("grants", database.url, *chosen, "--user", user, "--json")
    grants = json.loads(done.stdout)
    database.execute(grants["create"].replace(PLACEHOLDER, f"'{PASSWORD}'"))
    server = database.server
    url = f"postgresql://{user}@{server.host}:{server.port}/{database.name}?sslmode=disable"
    to = ("--to", f"duckdb://{tmp_path}/warehouse.duckdb")

    def run(*arguments: str) -> int:
        return headrace(arguments[0], url, *arguments[1:], PGPASSWORD=PASSWORD).returncode

    try:
        assert run("test", *chosen) == 0
        assert run("test", "orders") == run("test", "customers") == 1
        assert run("extract", *chosen, *to) == 0
        assert run("extract", "orders", *to) == run("extract", "customers", *to) == 1
    finally:
        database.execute(grants["revoke"])
    assert run("test", *chosen) == 1
