"""`headrace describe URL TABLE`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from tests.cli.conftest import Headrace
from tests.conftest import Database, MariadbDatabase

ORDERS = """
CREATE TABLE orders (
    id int PRIMARY KEY, "changed, last" timestamptz NOT NULL DEFAULT now(), note text
);
INSERT INTO orders VALUES (1, now() - interval '1 h', 'a'), (2, now() - interval '2 h', NULL)
"""


def test_text_for_a_person(headrace: Headrace, database: Database) -> None:
    database.execute(ORDERS)
    done = headrace("describe", database.url, "orders", "--sample", "1")
    assert done.returncode == 0, done.stderr
    assert "public.orders: table, about unknown rows" in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "id\tinteger\t\tint32\t"
    assert lines[2] == "note\ttext\tmay be NULL\tstring\t"
    assert lines[3].startswith("1 | ")
    assert "Cursors, the best one first:" in lines
    assert "  changed, last" in lines
    assert "    + Its default is now()." in lines
    assert "    - Misses: deletes: the rows stay in the destination." in lines
    assert "    - Without an index for it, each run reads the whole table in the source." in lines
    assert lines.index("  merge") < lines.index("  full")
    assert "  append: not for this table" in lines


def test_the_advice_can_be_followed(headrace: Headrace, database: Database, tmp_path: Path) -> None:
    database.execute(ORDERS)
    command = (database.url, "orders", "--to", f"duckdb://{tmp_path}/w.duckdb")
    shown = headrace("describe", *command)
    (options,) = [line for line in shown.stdout.splitlines() if "--mode merge" in line]
    assert "INTEGER" in shown.stdout
    for rows in (2, 0):
        done = headrace("extract", *command, *shlex.split(options), "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["tables"][0]["rows"] == rows


def test_what_the_destination_can_not_do_is_not_advised(
    headrace: Headrace, database: Database, tmp_path: Path
) -> None:
    database.execute(ORDERS)
    to = ("--to", f"parquet://{tmp_path}/lake")
    done = headrace("describe", database.url, "orders", *to, "--json")
    modes = json.loads(done.stdout)["modes"]
    assert [(mode["mode"], mode["sound"]) for mode in modes] == [
        ("full", True), ("merge", False), ("append", False),
    ]  # fmt: skip
    assert modes[1]["reason"] == "The destination can't do it."


def test_a_table_without_any_cursor(headrace: Headrace, mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (note text)")
    done = headrace("describe", mariadb_database.url, "t")
    assert done.returncode == 0, done.stderr
    assert "No column can be a cursor." in done.stdout
    assert "    --mode full" in done.stdout


def test_a_table_that_is_not_there(headrace: Headrace, database: Database) -> None:
    done = headrace("describe", database.url, "missing", "--json")
    assert done.returncode == 1
    assert json.loads(done.stderr)["code"] == "table_not_found"
