"""What a sample tells of a table in MariaDB.

That each type's values are found is shown in tests/types.
"""

from __future__ import annotations

from typing import Any

import pytest

from headrace.errors import (
    COLUMN_NOT_FOUND,
    PERMISSION_DENIED,
    STATEMENT_TIMED_OUT,
    TABLE_LOCKED,
    TABLE_NOT_FOUND,
    HeadraceError,
    Kind,
)
from headrace.model import DecimalType, Selection, UnfitPolicy
from headrace.sources import connect
from headrace.sources import survey as shared
from headrace.sources.mysql import survey as mysql_survey
from headrace.sources.survey import MAX_ROWS, Found, Survey
from tests.conftest import LOCAL, MariadbDatabase
from tests.sources.mysql.reading import opened, selected, user_without_rights
from tests.sources.mysql.test_reader import locked


def choosing(database: MariadbDatabase, **changes: Any) -> Selection:
    return selected(database, "t").model_copy(update=changes)


def surveyed(
    database: MariadbDatabase, selection: Selection | None = None, *, rows: int = MAX_ROWS
) -> Survey:
    with opened(database) as connected:
        return connected.survey(selection or selected(database, "t"), UnfitPolicy.FAIL, rows)


def found(survey: Survey) -> dict[str, Found]:
    return {subject.name: column for subject, column in survey.columns}


def refusal(database: MariadbDatabase, selection: Selection | None = None) -> Kind:
    with pytest.raises(HeadraceError) as caught:
        surveyed(database, selection)
    assert f"{database.name}.t" in caught.value.detail
    return caught.value.kind


def test_an_empty_table(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int, d date, s text, n decimal(65, 30))")
    survey = surveyed(mariadb_database)
    assert (survey.rows, survey.whole, survey.random, survey.hidden) == (0, True, False, False)
    assert list(found(survey).values()) == [Found()] * 4


def test_the_first_rows_of_a_table_of_more(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (n int PRIMARY KEY, d date);"
        "INSERT INTO t SELECT seq, IF(seq > 50, '0000-00-00', '2026-01-01') FROM seq_1_to_1000"
    )
    survey = surveyed(mariadb_database, rows=60)
    assert (survey.rows, survey.whole, survey.random) == (60, False, False)
    assert found(survey)["d"].by_label == {"zero dates": 10}


def test_fewer_rows_are_looked_at_if_they_are_large(
    mariadb_database: MariadbDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (a text); INSERT INTO t SELECT repeat('x', 1500) FROM seq_1_to_1000;"
        "ANALYZE TABLE t"
    )
    monkeypatch.setattr(shared, "_MAX_BYTES", 150_000)
    assert 20 < surveyed(mariadb_database).rows < 100


def test_kinds_of_unfit_dates_and_times(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "SET sql_mode = 'ALLOW_INVALID_DATES'; CREATE TABLE t (d date, w time(3));"
        "INSERT INTO t VALUES ('0000-00-00', '-00:00:00.001'), ('2024-00-10', '24:00:00'),"
        " ('0000-05-05', '838:59:59'), ('2023-02-29', '23:59:59.999'), ('2024-02-29', NULL),"
        " ('2024-04-31', '0:0'), (NULL, NULL)"
    )
    columns = found(surveyed(mariadb_database))
    assert columns["d"].unfit_rows == 5
    assert columns["d"].by_label == {
        "zero dates": 1, "partial dates and the year 0": 2, "days that no calendar has": 2,
    }  # fmt: skip
    assert columns["w"].by_label == {"negative times": 1, "times of a day and longer": 2}


def test_bytes_that_are_no_characters(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (a text CHARACTER SET cp1251, b text CHARACTER SET utf8mb4);"
        "INSERT INTO t VALUES (X'98', '?'), ('Ж?', 'é'), ('?', NULL), (NULL, NULL)"
    )
    columns = found(surveyed(mariadb_database))
    assert columns["a"].unfit_rows == 1
    assert columns["a"].by_label == {"bytes that are no characters of the column's set": 1}
    assert columns["b"].unfit_rows == 0


def test_digits_of_numbers_that_are_too_wide(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (a decimal(65, 30), b decimal(50, 0), c decimal(65, 30));"
        "INSERT INTO t VALUES (12345.10, 0, NULL), (-0.125, -700, NULL), (NULL, NULL, NULL)"
    )
    columns = found(surveyed(mariadb_database))
    assert [column.digits for column in columns.values()] == [(5, 3), (3, 0), None]


def test_a_decimal_that_was_chosen(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (n decimal(65, 30));"
        "INSERT INTO t VALUES (99.99), (-99.99), (100), (-100.001), (0.001), (NULL)"
    )
    selection = choosing(mariadb_database, decimal_columns={"n": DecimalType(precision=4, scale=2)})
    with opened(mariadb_database) as connected:
        survey = connected.survey(selection, UnfitPolicy.NULL, MAX_ROWS)
        with connected.read(selection, UnfitPolicy.NULL) as reader:
            list(reader)
        assert reader.unfit_counts == {"n": 3}
    column = found(survey)["n"]
    assert column.unfit_rows == 3
    assert column.by_label == {
        "more than 2 digits before the point": 2,
        "more than 2 digits after the point": 2,
    }


def test_the_largest_value_of_each_column(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (a text, b blob, c json, g geometry, n int);"
        "INSERT INTO t VALUES ('é', X'010203', '[1, 2]', ST_GeomFromText('POINT(1 1)'), 1);"
        "INSERT INTO t (a) VALUES (repeat('x', 60000))"
    )
    sizes = {name: column.size for name, column in found(surveyed(mariadb_database)).items()}
    assert sizes == {"a": 60_000, "b": 3, "c": 6, "g": 21, "n": None}


def test_views_and_other_engines(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (d date) ENGINE=MyISAM; INSERT INTO t VALUES ('0000-00-00'), (NULL);"
        "CREATE VIEW v AS SELECT d FROM t"
    )
    for name in ("t", "v"):
        survey = surveyed(mariadb_database, selected(mariadb_database, name))
        assert (survey.rows, survey.whole) == (2, True)
        assert found(survey)["d"].unfit_rows == 1


def test_a_table_as_wide_as_they_get(mariadb_database: MariadbDatabase) -> None:
    columns = ", ".join(f"c{i} date DEFAULT '0000-00-00'" for i in range(1000))
    mariadb_database.execute(f"CREATE TABLE t ({columns}); INSERT INTO t () VALUES (), ()")
    assert {column.unfit_rows for column in found(surveyed(mariadb_database)).values()} == {2}


@pytest.mark.parametrize("name", ["`", "a b", "a.b", "x" * 64, "%s", "{0}", "--", "'", "q0"])
def test_odd_names(mariadb_database: MariadbDatabase, name: str) -> None:
    quoted = "`" + name.replace("`", "``") + "`"
    mariadb_database.execute(
        f"CREATE TABLE {quoted} ({quoted} text CHARACTER SET cp1251);"
        f"INSERT INTO {quoted} VALUES (X'98')"
    )
    survey = surveyed(mariadb_database, selected(mariadb_database, name))
    assert found(survey)[name].unfit_rows == 1


def test_columns_that_may_not_be_read(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a date, b date); INSERT INTO t VALUES (0, 0)")
    with user_without_rights(mariadb_database) as (connection, credentials):
        # Of a column to which one has another right the server tells.
        mariadb_database.execute(f"GRANT SELECT (a), INSERT (b) ON t TO {connection.user}")
        connected = connect(connection, credentials, LOCAL)
        survey = connected.survey(selected(mariadb_database, "t"), UnfitPolicy.FAIL, MAX_ROWS)
        connected.close()
    assert [subject.readable for subject, _ in survey.columns] == [True, False]
    assert found(survey)["a"].unfit_rows == 1
    assert (found(survey)["b"], survey.hidden) == (Found(), False)


def test_columns_that_the_server_hides(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a date, b date); INSERT INTO t VALUES (0, 0)")
    with user_without_rights(mariadb_database) as (connection, credentials):
        mariadb_database.execute(f"GRANT SELECT (a) ON t TO {connection.user}")
        for columns in (None, ("a",)):
            connected = connect(connection, credentials, LOCAL)
            selection = choosing(mariadb_database, columns=columns)
            survey = connected.survey(selection, UnfitPolicy.FAIL, MAX_ROWS)
            connected.close()
            assert survey.hidden == (columns is None)
            assert found(survey)["a"].unfit_rows == 1


def test_what_is_refused(mariadb_database: MariadbDatabase) -> None:
    assert refusal(mariadb_database) is TABLE_NOT_FOUND
    mariadb_database.execute("CREATE TABLE t (a int)")
    absent = choosing(mariadb_database, columns=("b",))
    assert refusal(mariadb_database, absent) is COLUMN_NOT_FOUND
    with user_without_rights(mariadb_database) as (connection, credentials):
        connected = connect(connection, credentials, LOCAL)
        with pytest.raises(HeadraceError) as caught:
            connected.survey(selected(mariadb_database, "t"), UnfitPolicy.FAIL, MAX_ROWS)
        connected.close()
    assert caught.value.kind in (PERMISSION_DENIED, TABLE_NOT_FOUND)


def test_one_snapshot(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
    with opened(mariadb_database) as connected:
        mariadb_database.execute("INSERT INTO t VALUES (2)")
        survey = connected.survey(selected(mariadb_database, "t"), UnfitPolicy.FAIL, MAX_ROWS)
    assert survey.rows == 1


def test_a_locked_table(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int); SET GLOBAL lock_wait_timeout = 1")
    try:
        with locked(mariadb_database, "t"):
            assert refusal(mariadb_database) is TABLE_LOCKED
    finally:
        mariadb_database.execute("SET GLOBAL lock_wait_timeout = 20")


def test_a_sample_that_takes_too_long(
    mariadb_database: MariadbDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    mariadb_database.execute(
        "CREATE VIEW t AS SELECT concat(seq, sleep(1)) AS a FROM seq_1_to_1000"
    )
    monkeypatch.setitem(mysql_survey._BOUNDS, "max_statement_time", 1)
    with pytest.raises(HeadraceError) as caught:
        surveyed(mariadb_database)
    assert caught.value.kind is STATEMENT_TIMED_OUT
    assert "fewer rows" in caught.value.hint


def test_a_session_waits_again_afterwards(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE FUNCTION f() RETURNS double READS SQL DATA RETURN @@max_statement_time;"
        "CREATE VIEW t AS SELECT f() AS a"
    )
    with opened(mariadb_database) as connected:
        selection = selected(mariadb_database, "t")
        connected.survey(selection, UnfitPolicy.FAIL, MAX_ROWS)
        with connected.read(selection, UnfitPolicy.FAIL) as reader:
            assert [batch.to_pylist() for batch in reader] == [[{"a": 0}]]
