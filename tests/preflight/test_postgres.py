"""What a preflight says of tables in PostgreSQL, and that a run then does so."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from duckdb import connect

from headrace.destinations import duckdb
from headrace.errors import DATABASE_ERROR, VALUE_NOT_CARRIED, HeadraceError
from headrace.model import DecimalType, UnfitPolicy
from tests.conftest import Database
from tests.preflight.judging import (
    FAILED,
    PASSED,
    WARNED,
    brought,
    by_name,
    login,
    options,
    told,
    warehouse,
)
from tests.sources.reading import selected, user_without_rights

LEFT_OUT = ("--column, for each of the others",)

ODD = """
CREATE TABLE t (
    id int, until date, late timestamptz, opens time, price numeric(9, 2), amount numeric,
    rate numeric, wide numeric, boards int[], shifted int[], days date[], fine text
);
INSERT INTO t (id, amount, wide) SELECT n, n / 8.0, 1e30 FROM generate_series(1, 97) n;
INSERT INTO t VALUES
    (98, 'infinity', '294270-01-01', '24:00', 'NaN', 1.5, 0.5, 1e-20, '{{1,2},{3,4}}',
     '[0:1]={1,2}', '{infinity}', 'fine'),
    (99, '-infinity', 'infinity', '12:00', 1, 12345, 'NaN', 1, '{1}', '{1}', '{2026-01-01}', ''),
    (100, 'infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
"""


def test_a_table_of_which_all_arrives(database: Database, tmp_path: Path) -> None:
    database.execute(
        "CREATE TABLE t (id bigint, label text, due date, price numeric(9, 2), tags text[]);"
        "INSERT INTO t VALUES (1, 'x', '2026-01-01', 1.5, '{a}'); ANALYZE t"
    )
    report = told(login(database), selected("t"), warehouse(tmp_path))
    assert (report.status, report.obstacles) == (PASSED, ())
    assert report.sample.found == "All 1 row of the table were looked at."
    assert (report.dataset, report.destination_table) == ("shop", "t")
    assert {column.outcome for column in report.columns} == {"Arrives as it is."}
    assert [column.destination_type for column in report.columns] == [
        "BIGINT", "VARCHAR", "DATE", "DECIMAL(9,2)", "VARCHAR[]",
    ]  # fmt: skip
    assert report.suggested == selected("t")
    assert by_name(report)["due"].null_fraction == 0


def test_a_table_of_odd_values(database: Database, tmp_path: Path) -> None:
    database.execute(ODD)
    destination = warehouse(tmp_path)

    report = told(login(database), selected("t"), destination)

    assert report.status is FAILED
    columns = by_name(report)
    assert {name: column.status for name, column in columns.items()} == {
        "id": PASSED, "until": FAILED, "late": FAILED, "opens": FAILED, "price": FAILED,
        "amount": PASSED, "rate": PASSED, "wide": PASSED, "boards": FAILED, "shifted": FAILED,
        "days": FAILED, "fine": PASSED,
    }  # fmt: skip
    assert columns["until"].outcome == (
        "The run fails: 3 of 100 rows hold infinity (2), -infinity (1)."
    )
    assert columns["until"].unfit_values == {"infinity": 2, "-infinity": 1}
    assert options(report) == {
        "until": ("--unfit-column until=null",),
        "late": ("--unfit-column late=text",),
        "opens": ("--unfit-column opens=text",),
        "price": ("--unfit-column price=null",),
        "amount": ("--decimal amount=38,3",),
        "rate": ("--decimal rate=38,1", "--unfit-column rate=null"),
        "boards": ("--unfit-column boards=text",),
        "shifted": ("--unfit-column shifted=text",),
        "days": ("--unfit-column days=null",),
    }
    assert "there is NaN too" in columns["rate"].outcome
    assert (columns["rate"].unfit_rows, columns["rate"].unfit_values) == (0, {})
    assert "31 digits before the point and 20 after" in columns["wide"].outcome

    followed = told(login(database), report.suggested or selected("t"), destination)
    assert followed.status is WARNED
    assert options(followed) == {}
    done = brought(login(database), report.suggested, destination, UnfitPolicy.FAIL)
    assert done.rows == 100
    nulled = {
        column.name: column.unfit_rows for column in followed.columns if column.status is WARNED
    }
    assert done.unfit == nulled == {"until": 3, "price": 1, "rate": 1, "days": 1}


@pytest.mark.parametrize("column", ["until", "late", "opens", "price", "boards", "shifted", "days"])
def test_what_is_said_to_fail_does(database: Database, tmp_path: Path, column: str) -> None:
    database.execute(ODD)
    with pytest.raises(HeadraceError) as caught:
        brought(login(database), selected("t", [column]), warehouse(tmp_path), UnfitPolicy.FAIL)
    assert caught.value.kind is VALUE_NOT_CARRIED


def test_a_decimal_that_was_chosen_too_narrow(database: Database, tmp_path: Path) -> None:
    """Another decimal loses less than text does."""
    database.execute(ODD)
    chosen = {name: DecimalType(precision=9, scale=0) for name in ("amount", "rate", "wide")}
    selection = selected("t", list(chosen)).model_copy(update={"decimal_columns": chosen})
    report = told(login(database), selection)
    assert {column.status for column in report.columns} == {FAILED}
    assert options(report) == {
        "amount": ("--decimal amount=38,3",),
        "rate": ("--decimal rate=38,1", "--unfit-column rate=null"),
        "wide": ("--unfit-column wide=text",),
    }
    followed = told(login(database), report.suggested or selection)
    assert (followed.status, options(followed)) == (WARNED, {})
    done = brought(login(database), report.suggested, warehouse(tmp_path), UnfitPolicy.FAIL)
    assert (done.rows, done.unfit) == (100, {"rate": 1})


def test_the_policies_of_the_source(database: Database) -> None:
    database.execute("CREATE TABLE t (d date); INSERT INTO t VALUES ('infinity'), (NULL)")
    nulled = told(login(database), selected("t"), unfit=UnfitPolicy.NULL)
    assert nulled.status is WARNED
    assert "NULL takes the place" in nulled.columns[0].outcome
    text = told(login(database), selected("t"), unfit=UnfitPolicy.TEXT)
    assert (text.status, text.columns[0].arrow_type) == (PASSED, "string")
    assert text.columns[0].outcome == "Is carried as text, as chosen."
    assert options(nulled) == options(text) == {}


def test_values_that_only_the_statistics_know(database: Database) -> None:
    database.execute(
        "CREATE TABLE t AS SELECT DATE '2020-01-01' + n AS d FROM generate_series(1, 1000) n;"
        "INSERT INTO t VALUES ('infinity'); ANALYZE t"
    )
    report = told(login(database), selected("t"), rows=10)
    assert report.sample.found == "The first 10 rows of about 1,001 were looked at."
    assert report.columns[0].outcome == "The run fails: the statistics list infinity."
    assert (report.columns[0].unfit_rows, report.columns[0].unfit_in_statistics) == (
        0, ("infinity",),
    )  # fmt: skip
    assert options(report) == {"d": ("--unfit-column d=null",)}


def test_values_that_were_not_seen_but_may_be_there(database: Database) -> None:
    database.execute("CREATE TABLE t AS SELECT DATE '2020-01-01' AS d FROM generate_series(1, 99)")
    report = told(login(database), selected("t"), rows=10)
    assert report.status is PASSED
    assert "would fail the run: infinity and -infinity." in report.columns[0].outcome
    assert report.statistics.startswith("There are no statistics")
    unread = told(login(database), selected("t"), rows=0)
    assert unread.sample.found == "No row was looked at."
    assert unread.columns[0].unfit_rows is None


def test_an_empty_table_and_a_view(database: Database, tmp_path: Path) -> None:
    database.execute("CREATE TABLE t (d date, n numeric); CREATE VIEW v AS SELECT * FROM t")
    for name in ("t", "v"):
        report = told(login(database), selected(name), warehouse(tmp_path))
        assert (report.status, report.sample.found) == (PASSED, "The table is empty.")
        assert (options(report), report.columns[0].unfit_rows) == ({}, 0)
        assert report.statistics.startswith("There are no statistics")


def test_a_view_that_raises(database: Database) -> None:
    database.execute("CREATE VIEW v AS SELECT 1 / (n - 50) AS share FROM generate_series(1, 99) n")
    with pytest.raises(HeadraceError) as caught:
        told(login(database), selected("v"))
    assert caught.value.kind is DATABASE_ERROR
    assert "public.v" in caught.value.detail


def test_a_sample_at_random(database: Database) -> None:
    database.execute("CREATE TABLE t AS SELECT generate_series(1, 100000) AS n; ANALYZE t")
    report = told(login(database), selected("t"), rows=10_000)
    assert report.sample.random
    assert report.sample.found.endswith(
        "of about 100,000 were looked at, on pages chosen at random."
    )


def test_a_large_value(database: Database) -> None:
    database.execute("CREATE TABLE t AS SELECT repeat('x', 17000000) AS a, 'x' AS b")
    report = told(login(database), selected("t"))
    assert [column.status for column in report.columns] == [WARNED, PASSED]
    assert "17.0 MB" in report.columns[0].outcome
    assert report.columns[0].largest_bytes == 17_000_000


def test_names_that_the_destination_tells_apart(database: Database, tmp_path: Path) -> None:
    database.execute('CREATE TABLE t AS SELECT 1 AS a, 2 AS "A", 3 AS b')
    destination = warehouse(tmp_path)
    report = told(login(database), selected("t"), destination)
    assert (report.status, options(report)) == (PASSED, {})
    names = [column.destination_name for column in report.columns]
    assert f"Is called '{names[1]}' in the destination" in report.columns[1].outcome
    brought(login(database), selected("t"), destination, UnfitPolicy.FAIL)
    destination.close()
    with connect(f"{tmp_path}/warehouse.duckdb", read_only=True) as connection:
        described = connection.execute("SELECT * FROM shop.t").description or ()
    assert [name for name, *_ in described] == names == ["a", names[1], "b"]


def test_a_type_that_the_destination_lacks(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute("CREATE TABLE t AS SELECT 'x'::text AS a, 1 AS b")
    monkeypatch.setattr(duckdb, "TYPES", {k: v for k, v in duckdb.TYPES.items() if v != "VARCHAR"})
    report = told(login(database), selected("t"), warehouse(tmp_path))
    assert report.columns[0].destination_type is None
    assert "has no type for string" in report.columns[0].outcome
    assert report.suggested == selected("t", ["b"])
    alone = told(login(database), selected("t", ["a"]), warehouse(tmp_path))
    assert (alone.status, alone.suggested) == (FAILED, None)


def test_a_column_that_may_not_be_read(database: Database, tmp_path: Path) -> None:
    database.execute("CREATE TABLE t (a int, secret text); INSERT INTO t VALUES (1, 'x')")
    destination = warehouse(tmp_path)
    with user_without_rights(database) as reader:
        database.execute(f"GRANT SELECT (a) ON t TO {reader[0].user}")
        report = told(reader, selected("t"), destination)
        assert report.columns[0].status is PASSED
        assert report.columns[1].outcome == "The run fails: the user may not read the column."
        assert report.columns[1].unfit_rows is None
        assert options(report) == {"secret": LEFT_OUT}
        assert brought(reader, report.suggested, destination, UnfitPolicy.FAIL).rows == 1


@pytest.mark.parametrize("name", ["a'b", 'a"b', "a b", "ä", "x=y"])
def test_an_option_says_exactly_the_column(database: Database, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    database.execute(f"CREATE TABLE t ({quoted} date); INSERT INTO t VALUES ('infinity')")
    ((advice,),) = [column.advice for column in told(login(database), selected("t")).columns]
    assert shlex.split(advice.option) == ["--unfit-column", f"{name}=null"]
    field, _, value = advice.setting.partition(": ")
    assert (field, json.loads(value)) == ("unfit_columns", {name: "null"})
