"""`headrace extract … --mode append|merge`, time after time; and what stored runs show of it."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from headrace.api.save_draft import SaveDraft, save_draft
from headrace.model import DetectDeletes, DriftPolicy, Selection
from headrace.services import Services
from headrace.settings import Settings
from headrace.tables import Mode
from tests.cli.conftest import Headrace
from tests.conftest import Database

ORDERS = """
CREATE TABLE orders (id int PRIMARY KEY, created date, updated timestamptz, total int);
INSERT INTO orders VALUES
    (1, '2026-01-01', NULL, 10), (2, '2026-01-02', '2026-01-03 12:00Z', 20), (3, NULL, NULL, 30)
"""


def test_the_second_call_takes_what_is_new(
    headrace: Headrace, database: Database, tmp_path: Path
) -> None:
    database.execute(ORDERS)
    command = (
        "extract", database.url, "orders", "--to", f"duckdb://{tmp_path}/w.duckdb",
        "--dataset", "shop", "--mode", "merge", "--cursor", "updated", "--key", "id",
        "--lag", "0", "--look-back", "3600",
    )  # fmt: skip
    first = headrace(*command)
    assert first.returncode == 0, first.stderr
    table = first.stdout.splitlines()[0].split("\t")
    assert (table[0], table[2]) == ("public.orders", "1")
    assert table[6] == "updated: after the start, up to 2026-01-03 12:00:00+00"
    assert table[7].startswith("2 rows without updated not taken.")

    database.execute(
        "UPDATE orders SET updated = '2026-02-01 00:00Z', total = 11 WHERE id = 1;"
        "ALTER TABLE orders ADD COLUMN note text"
    )
    refused = headrace(*command, "--drift", "fail", "--json")
    assert json.loads(refused.stderr)["code"] == "schema_changed"
    second = headrace(*command, "--drift", "freeze", "--json")
    assert second.returncode == 0, second.stderr
    (told,) = json.loads(second.stdout)["tables"]
    # The row of the checkpoint is read once more, since the look-back reaches beyond it.
    assert (told["rows"], told["window"]["read_after"]) == (2, "2026-01-03 11:00:00+00")
    third = headrace(*command)
    assert "updated: nothing new after 2026-02-01 00:00:00+00" in third.stdout
    with duckdb.connect(f"{tmp_path}/w.duckdb", read_only=True) as connection:
        assert connection.execute("SELECT id, total FROM shop.orders ORDER BY id").fetchall() == [
            (1, 11), (2, 20),
        ]  # fmt: skip


def test_deleted_rows_are_marked_and_told_of(
    headrace: Headrace, database: Database, tmp_path: Path
) -> None:
    database.execute(ORDERS)
    command = (
        "extract", database.url, "orders", "--to", f"duckdb://{tmp_path}/w.duckdb",
        "--dataset", "shop", "--mode", "merge", "--cursor", "id", "--detect-deletes", "soft",
    )  # fmt: skip
    assert headrace(*command).returncode == 0
    database.execute("DELETE FROM orders WHERE id = 2")
    second = headrace(*command)
    remarks = second.stdout.splitlines()[0].split("\t")[7]
    assert remarks.startswith("1 row found deleted. ")
    assert remarks.endswith(" B received to look for deleted rows.")
    with duckdb.connect(f"{tmp_path}/w.duckdb", read_only=True) as connection:
        deleted = "SELECT id FROM shop.orders WHERE _headrace_deleted_at IS NOT NULL"
        assert connection.execute(deleted).fetchall() == [(2,)]


def test_several_tables_are_taken_in_one_way(
    headrace: Headrace, database: Database, tmp_path: Path
) -> None:
    database.execute(
        "CREATE TABLE a AS SELECT 1 AS id; CREATE TABLE b AS SELECT generate_series(1, 2) AS id"
    )
    command = (
        "extract", database.url, "a", "b", "--to", f"parquet://{tmp_path}/lake",
        "--mode", "append", "--cursor", "id", "--json",
    )  # fmt: skip
    for expected in ([1, 2], [0, 0]):
        done = headrace(*command)
        assert [table["rows"] for table in json.loads(done.stdout)["tables"]] == expected
    database.execute("INSERT INTO b VALUES (3)")
    tables = json.loads(headrace(*command).stdout)["tables"]
    assert [table["rows"] for table in tables] == [0, 1]


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        (("--mode", "append"), ["cursor"]),
        (("--cursor", "id"), ["cursor"]),
        (("--mode", "append", "--cursor", "id", "--key", "id", "--look-back", "1"),
         ["key", "look_back"]),
        (("--detect-deletes", "hard"), ["detect_deletes"]),
        (("--mode", "merge", "--cursor", "id,id"), ["cursor"]),
        (("--mode", "merge", "--cursor", ""), ["cursor"]),
        (("--mode", "merge", "--cursor", "id", "--lag", "-1"), ["lag_seconds"]),
        (("--mode", "merge", "--cursor", "id", "--key", "a", "--column", "id"), ["key"]),
    ],
)  # fmt: skip
def test_what_does_not_go_together(
    headrace: Headrace, database: Database, options: tuple[str, ...], paths: list[str]
) -> None:
    done = headrace("extract", database.url, "t", "--to", "duckdb:///x", *options, "--json")
    assert done.returncode == 1
    problem = json.loads(done.stderr)
    assert problem["code"] == "invalid_input"
    assert [field["path"] for field in problem["fields"]] == paths


def test_a_mode_that_the_destination_lacks(
    headrace: Headrace, database: Database, tmp_path: Path
) -> None:
    database.execute(ORDERS)
    options = ("--to", f"parquet://{tmp_path}/lake", "--mode", "merge", "--cursor", "id")
    done = headrace("extract", database.url, "orders", *options, "--json")
    assert done.returncode == 1
    assert json.loads(done.stderr)["code"] == "mode_not_supported"


def test_a_layout_that_the_destination_lacks(
    headrace: Headrace, database: Database, tmp_path: Path
) -> None:
    database.execute('CREATE TABLE t (day date, "Day" int)')
    command = ("extract", database.url, "t", "--to", f"duckdb://{tmp_path}/w", "--json")
    for option, words in (
        (("--partition-by", "day=month"), "can be partitioned by the month of 'day', a DATE"),
        # What it is called in the destination.
        (("--cluster-by", "Day"), "can be clustered by 'Day_"),
    ):
        done = headrace(*command, *option)
        assert done.returncode == 1
        problem = json.loads(done.stderr)
        assert problem["code"] == "layout_not_possible"
        assert words in problem["detail"]


def test_what_is_stored_is_shown(headrace: Headrace, database: Database, tmp_path: Path) -> None:
    database.execute(ORDERS)
    selection = Selection(
        schema_name="public", table_name="orders", mode=Mode.MERGE, cursor=("updated",),
        lag_seconds=5, look_back=3600, detect_deletes=DetectDeletes.HARD,
    )  # fmt: skip
    source = save_draft(
        Services(Settings.read(data=tmp_path / "data")),
        SaveDraft(
            model_id="m1",
            name="Shop",
            connection=database.connection,
            credentials=database.credentials,
            selection=(selection,),
            drift=DriftPolicy.FREEZE,
        ),
    )
    reference = ("m1", source.source_id)
    shown = headrace("sources", "get", *reference).stdout
    assert shown.splitlines()[0].endswith("\tshop\tfreeze")
    assert "\tmerge\tshop.orders\tupdated\tprimary key\t5 s\t3600\thard\n" in shown

    headrace("sources", "activate", *reference)
    run = json.loads(headrace("runs", "start", *reference, "--wait", "--json").stdout)
    got = headrace("runs", "get", *reference, run["run_id"]).stdout
    assert "\tupdated: after the start, up to 2026-01-03 12:00:00+00\t" in got
    assert "2 rows without updated not taken." in got

    database.execute("UPDATE orders SET total = 21 WHERE id = 2")
    bounds = ("--from", "2026-01-01", "--to", "2026-01-03 12:00Z")
    done = headrace("sources", "backfill", *reference, "orders", *bounds, "--wait")
    assert done.returncode == 0, done.stderr
    again = "taken again after 2026-01-01 00:00:00+00, up to 2026-01-03 12:00:00+00"
    assert f"\tupdated: {again}\t" in done.stdout
    with duckdb.connect(f"{tmp_path}/data/warehouse.duckdb", read_only=True) as connection:
        assert connection.execute("SELECT id, total FROM shop.orders").fetchall() == [(2, 21)]
    bounds = ("--from", "2026-01-01", "--to", "tomorrows")
    wrong = headrace("sources", "backfill", *reference, "orders", *bounds, "--json")
    assert [field["path"] for field in json.loads(wrong.stderr)["fields"]] == ["upto"]

    told = headrace("sources", "moved", *reference)
    assert told.stdout == "The next run of Shop goes on where its tables stand.\n"
    stored = json.loads(headrace("sources", "get", *reference, "--json").stdout)
    assert stored["created_at"] < stored["moved_at"] <= stored["updated_at"]

    told = headrace("sources", "resync", *reference, "orders")
    assert told.stdout == "The next run of Shop brings public.orders from the start.\n"
    run = json.loads(headrace("runs", "start", *reference, "--wait", "--json").stdout)
    assert run["tables"][0]["window"]["after"] is None
    wrong = headrace("sources", "resync", *reference, "other", "--json")
    assert (wrong.returncode, json.loads(wrong.stderr)["code"]) == (1, "invalid_input")
