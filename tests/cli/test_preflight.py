"""`headrace preflight URL TABLE`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from tests.cli.conftest import Headrace
from tests.conftest import Database, MariadbDatabase

ODD = """
CREATE TABLE t (id int, "valid to" date, amount numeric);
INSERT INTO t VALUES (1, 'infinity', 1.25), (2, '2026-01-01', 'NaN')
"""


def test_lines_for_programs(headrace: Headrace, database: Database, tmp_path: Path) -> None:
    database.execute(ODD)
    done = headrace("preflight", database.url, "t", "--to", f"duckdb://{tmp_path}/w.duckdb")
    assert done.returncode == 1  # a run would fail
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines[0] == ["id", "integer", "INTEGER", "Arrives as it is.", ""]
    assert lines[1][:4] == [
        "valid to",
        "date",
        "DATE",
        "The run fails: 1 of 2 rows holds infinity.",
    ]
    assert lines[2][4] == "--decimal amount=38,2 --unfit-column amount=null"
    assert "All 2 rows of the table were looked at." in done.stderr
    assert not (tmp_path / "w.duckdb").exists()


def test_the_advice_can_be_followed(headrace: Headrace, database: Database, tmp_path: Path) -> None:
    database.execute(ODD)
    command = (database.url, "t", "--to", f"duckdb://{tmp_path}/w.duckdb")
    (line,) = [
        line.removeprefix("All of it: ")
        for line in headrace("preflight", *command).stderr.splitlines()
        if line.startswith("All of it: ")
    ]
    options = shlex.split(line)
    checked = headrace("preflight", *command, *options, "--json")
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["status"] == "warned"
    done = headrace("extract", *command, *options, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tables"][0]["unfit"] == {"valid to": 1, "amount": 1}


def test_a_table_of_which_all_arrives(headrace: Headrace, database: Database) -> None:
    database.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS id")
    done = headrace("preflight", database.url, "t", "--rows", "10")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "id\tinteger\tint32\tArrives as it is.\t\n"
    assert "The first 10 rows were looked at." in done.stderr
    assert "→" not in done.stderr


def test_json(headrace: Headrace, mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (d date); INSERT INTO t VALUES ('0000-00-00')")
    done = headrace("preflight", mariadb_database.url, "t", "--json")
    assert done.returncode == 1
    (column,) = json.loads(done.stdout)["columns"]
    assert (column["unfit_values"], column["destination_type"]) == ({"zero dates": 1}, None)
    assert done.stderr == ""


def test_what_is_chosen_is_judged(headrace: Headrace, database: Database) -> None:
    database.execute(ODD)
    chosen = ("--column", "amount", "--unfit", "null", "--decimal", "amount=38,1")
    done = headrace("preflight", database.url, "t", *chosen, "--json")
    (column,) = json.loads(done.stdout)["columns"]
    assert (done.returncode, column["status"], column["unfit_rows"]) == (0, "warned", 2)


def test_a_name_that_would_steer_a_terminal(headrace: Headrace, database: Database) -> None:
    database.execute("CREATE TABLE t (\"\x1b[31m\" date); INSERT INTO t VALUES ('infinity')")
    done = headrace("preflight", database.url, "t")
    assert "\x1b" not in done.stdout + done.stderr
    assert "\\x1b" in done.stdout
    assert "\\x1b" in done.stderr


def test_a_table_that_is_not_there(headrace: Headrace, database: Database) -> None:
    done = headrace("preflight", database.url, "missing", "--json")
    assert done.returncode == 1
    assert json.loads(done.stderr)["code"] == "table_not_found"
