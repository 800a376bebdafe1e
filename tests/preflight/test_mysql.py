"""What a preflight says of tables in MariaDB, and that a run then does so."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.errors import DATABASE_ERROR, HeadraceError
from headrace.model import UnfitPolicy
from tests.conftest import MariadbDatabase
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
from tests.sources.mysql.reading import selected, user_without_rights

ODD = """
SET sql_mode = 'ALLOW_INVALID_DATES';
CREATE TABLE t (
    id int, zero date, partial datetime, absent date, took time, label text CHARACTER SET cp1251,
    amount decimal(65, 30), wide decimal(65, 30), fine text
);
INSERT INTO t (id, amount, wide) SELECT seq, seq / 8, repeat('9', 30) FROM seq_1_to_98;
INSERT INTO t VALUES
    (99, '0000-00-00', '2024-00-10', '2024-02-31', '36:00:00', X'98', -1234.5, 0, 'fine'),
    (100, '2024-01-01', NULL, NULL, '-01:00:00', 'Ж', NULL, 0.00000000000000000001, '')
"""


def test_a_table_of_odd_values(mariadb_database: MariadbDatabase, tmp_path: Path) -> None:
    mariadb_database.execute(ODD)
    destination = warehouse(tmp_path)
    selection = selected(mariadb_database, "t")

    report = told(login(mariadb_database), selection, destination)

    assert report.sample.found == "All 100 rows of the table were looked at."
    columns = by_name(report)
    assert {name for name, column in columns.items() if column.status is FAILED} == {
        "zero", "partial", "absent", "took", "label",
    }  # fmt: skip
    assert columns["took"].outcome == (
        "The run fails: 2 of 100 rows hold negative times (1), times of a day and longer (1)."
    )
    assert options(report) == {
        "zero": ("--unfit-column zero=null",),
        "partial": ("--unfit-column partial=text",),
        "absent": ("--unfit-column absent=text",),
        "took": ("--unfit-column took=text",),
        "label": ("--unfit-column label=null",),
        "amount": ("--decimal amount=38,3",),
    }
    assert "30 digits before the point and 20 after" in columns["wide"].outcome

    followed = told(login(mariadb_database), report.suggested or selection, destination)
    assert (followed.status, options(followed)) == (WARNED, {})
    done = brought(login(mariadb_database), report.suggested, destination, UnfitPolicy.FAIL)
    assert (done.rows, done.unfit) == (100, {"zero": 1, "label": 1})


def test_a_table_of_which_all_arrives(mariadb_database: MariadbDatabase, tmp_path: Path) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (id bigint unsigned, label varchar(9), due date, price decimal(9, 2));"
        "INSERT INTO t VALUES (1, 'x', '2026-01-01', 1.5); CREATE VIEW v AS SELECT * FROM t;"
        "CREATE TABLE e (d date)"
    )
    for name in ("t", "v"):
        selection = selected(mariadb_database, name)
        report = told(login(mariadb_database), selection, warehouse(tmp_path))
        assert (report.status, report.suggested) == (PASSED, selection)
        assert {column.outcome for column in report.columns} == {"Arrives as it is."}
        assert report.obstacles == ()
    empty = told(login(mariadb_database), selected(mariadb_database, "e"), warehouse(tmp_path))
    assert (empty.status, empty.sample.found) == (PASSED, "The table is empty.")


def test_a_view_that_raises(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2);\n"
        "CREATE VIEW v AS SELECT (SELECT u.n FROM t u WHERE u.n <= t.n) AS n FROM t"
    )
    with pytest.raises(HeadraceError) as caught:
        told(login(mariadb_database), selected(mariadb_database, "v"))
    assert caught.value.kind is DATABASE_ERROR
    assert "error 1242" in caught.value.detail


def test_columns_that_the_server_hides(mariadb_database: MariadbDatabase, tmp_path: Path) -> None:
    mariadb_database.execute("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x')")
    destination = warehouse(tmp_path)
    with user_without_rights(mariadb_database) as reader:
        mariadb_database.execute(f"GRANT SELECT (a) ON t TO {reader[0].user}")
        report = told(reader, selected(mariadb_database, "t"), destination)
        assert report.status is FAILED
        assert "does not even name" in report.obstacles[0]
        assert report.suggested == selected(mariadb_database, "t", ["a"])
        assert brought(reader, report.suggested, destination, UnfitPolicy.FAIL).rows == 1
