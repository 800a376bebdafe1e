"""What a sample and the statistics tell of a table in PostgreSQL.

That each type's values are found is shown in tests/types.
"""

from __future__ import annotations

from typing import Any

import pytest

from headrace.errors import (
    COLUMN_NOT_FOUND,
    DECIMAL_NOT_TAKEN,
    PERMISSION_DENIED,
    STATEMENT_TIMED_OUT,
    TABLE_CHANGED,
    TABLE_EMPTY_OF_COLUMNS,
    TABLE_LOCKED,
    TABLE_NOT_FOUND,
    HeadraceError,
    Kind,
)
from headrace.model import DecimalType, Selection, UnfitPolicy
from headrace.sources import connect
from headrace.sources import survey as shared
from headrace.sources.postgres import session
from headrace.sources.survey import MAX_ROWS, Found, Survey
from tests.conftest import LOCAL, Database, both_ends
from tests.sources.reading import opened, selected, user_without_rights
from tests.sources.test_unchanged import locked


def choosing(**changes: Any) -> Selection:
    return selected("t").model_copy(update=changes)


def surveyed(
    database: Database,
    selection: Selection | None = None,
    *,
    unfit: UnfitPolicy = UnfitPolicy.FAIL,
    rows: int = MAX_ROWS,
) -> Survey:
    with opened(database) as connected:
        return connected.survey(selection or selected("t"), unfit, rows)


def found(survey: Survey) -> dict[str, Found]:
    return {subject.name: column for subject, column in survey.columns}


def refusal(database: Database, selection: Selection | None = None) -> Kind:
    with pytest.raises(HeadraceError) as caught:
        surveyed(database, selection)
    assert "public.t" in caught.value.detail
    return caught.value.kind


# --- the sample -------------------------------------------------------------------------------


@both_ends
def test_an_empty_table_that_was_never_analysed(database: Database) -> None:
    database.execute("CREATE TABLE t (a int, d date, n numeric)")
    survey = surveyed(database)
    assert (survey.rows, survey.whole, survey.random) == (0, True, False)
    assert survey.estimated_rows is None
    assert found(survey) == {"a": Found(), "d": found(survey)["d"], "n": found(survey)["n"]}
    assert found(survey)["d"] == Found(unfit_rows=0)
    assert found(survey)["n"].digits is None


def test_the_first_rows_of_a_table_of_more(database: Database) -> None:
    database.execute(
        "CREATE TABLE t AS SELECT CASE WHEN n > 50 THEN 'infinity' ELSE '2026-01-01' END::date AS d"
        " FROM generate_series(1, 1000) n"
    )
    survey = surveyed(database, rows=60)
    assert (survey.rows, survey.whole, survey.random) == (60, False, False)
    assert found(survey)["d"].by_label == {"infinity": 10}


def test_pages_of_a_large_table_are_chosen_at_random(database: Database) -> None:
    database.execute(
        "CREATE TABLE t AS SELECT n, 'infinity'::date AS d FROM generate_series(1, 200000) n;"
        "CREATE TABLE p (n int, d date) PARTITION BY RANGE (n);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100000);"
        "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100000) TO (300000);"
        "INSERT INTO p SELECT * FROM t; CREATE MATERIALIZED VIEW m AS SELECT * FROM t;"
        "ANALYZE t; ANALYZE p; ANALYZE m"
    )
    for name in ("t", "p", "m"):
        survey = surveyed(database, selected(name), rows=20_000)
        assert (survey.whole, survey.random) == (False, True)
        assert 0 < survey.rows <= 20_000
        assert found(survey)["d"].unfit_rows == survey.rows
        assert survey.estimated_rows == 200_000


def test_an_estimate_of_a_table_that_is_much_smaller_now(database: Database) -> None:
    database.execute(
        "CREATE TABLE t AS SELECT 1 AS n;"
        "UPDATE pg_class SET reltuples = 1e15, relpages = 1000000 WHERE oid = 't'::regclass"
    )
    survey = surveyed(database)
    assert (survey.rows, survey.random) == (1, False)


def test_fewer_rows_are_looked_at_if_they_are_large(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute(
        "CREATE TABLE t AS SELECT repeat('x', 1500) AS a FROM generate_series(1, 1000); ANALYZE t"
    )
    monkeypatch.setattr(shared, "_MAX_BYTES", 150_000)
    assert 50 < surveyed(database).rows < 100


def test_no_rows_at_all(database: Database) -> None:
    database.execute("CREATE VIEW t AS SELECT 1 / (n - n) AS a FROM generate_series(1, 9) n")
    survey = surveyed(database, rows=0)
    assert (survey.rows, survey.whole) == (0, False)


def test_a_view_and_other_kinds_of_table(database: Database) -> None:
    database.execute(
        "CREATE TABLE parent (d date); CREATE TABLE child () INHERITS (parent);"
        "INSERT INTO parent VALUES ('infinity'); INSERT INTO child VALUES ('-infinity');"
        "CREATE VIEW v AS SELECT * FROM parent"
    )
    for name in ("parent", "v"):
        survey = surveyed(database, selected(name))
        assert (survey.rows, survey.whole) == (2, True)
        assert found(survey)["d"].by_label == {"infinity": 1, "-infinity": 1}


def test_a_table_as_wide_as_they_get(database: Database) -> None:
    columns = ", ".join(f"c{i} numeric" for i in range(1600))
    database.execute(f"CREATE TABLE t ({columns}); INSERT INTO t (c1599) VALUES (1.5)")
    assert found(surveyed(database))["c1599"].digits == (1, 1)


@pytest.mark.parametrize("name", ['"', "a b", "a.b", "x" * 63, ":a", "$1", "--", "{0}", "%s", "e"])
def test_odd_names(database: Database, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    database.execute(
        f"CREATE TABLE {quoted} ({quoted} date[]); INSERT INTO {quoted} VALUES ('{{infinity}}')"
    )
    survey = surveyed(database, selected(name))
    assert found(survey)[name].by_label == {"infinity among the elements": 1}


# --- what is found ----------------------------------------------------------------------------


@both_ends
def test_digits_of_numbers_without_precision(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (n numeric, small numeric, none numeric);"
        "INSERT INTO t VALUES (12345.10, 0.0500, NULL), (-0.125, -0.5, 'NaN'), ('NaN', 0, NULL)"
    )
    columns = found(surveyed(database))
    assert columns["n"].digits == (5, 3)
    assert columns["n"].by_label == {"NaN": 1}
    assert columns["small"].digits == (0, 2)
    assert columns["none"].digits is None


def test_infinite_numbers(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (n numeric); INSERT INTO t VALUES ('Infinity'), ('-Infinity'), (1.5)"
    )
    column = found(surveyed(database))["n"]
    assert column.digits == (1, 1)
    assert column.by_label == {"infinity": 1, "-infinity": 1}


@both_ends
def test_a_decimal_that_was_chosen(database: Database) -> None:
    numbers = ("99.99", "-99.9900", "100", "-100.001", "0.001", "'NaN'", "NULL")
    rows = ", ".join(f"({number})" for number in numbers)
    database.execute(f"CREATE TABLE t (n numeric); INSERT INTO t VALUES {rows}")
    selection = choosing(decimal_columns={"n": DecimalType(precision=4, scale=2)})
    with opened(database) as connected:
        survey = connected.survey(selection, UnfitPolicy.NULL, MAX_ROWS)
        with connected.read(selection, UnfitPolicy.NULL) as reader:
            list(reader)
        assert reader.unfit_counts == {"n": 4}
    column = found(survey)["n"]
    assert column.unfit_rows == 4
    assert column.by_label == {
        "NaN": 1,
        "more than 2 digits before the point": 2,
        "more than 2 digits after the point": 2,
    }


def test_a_column_that_is_carried_as_text_has_nothing_to_find(database: Database) -> None:
    database.execute("CREATE TABLE t (d date); INSERT INTO t VALUES ('infinity')")
    ((subject, column),) = surveyed(database, unfit=UnfitPolicy.TEXT).columns
    assert (str(subject.arrow), column) == ("string", Found(size=8))


def test_the_largest_value_of_each_column(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (a text, b bytea, c jsonb, d text[], e varchar(9), f xid, g json, u uuid);"
        "INSERT INTO t VALUES ('é', '\\x010203', '{\"a\": 1}', '{ab,c}', 'xyz', '4711',"
        " '[1,  2]', gen_random_uuid()); INSERT INTO t (a) VALUES (repeat('x', 1000000))"
    )
    sizes = {name: column.size for name, column in found(surveyed(database)).items()}
    assert sizes == {
        "a": 1_000_000, "b": 3, "c": 8, "d": 6, "e": 3, "f": 4, "g": 7, "u": None,
    }  # fmt: skip


# --- the statistics ---------------------------------------------------------------------------


@both_ends
def test_what_the_statistics_list_beyond_the_sample(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (n int, d date, m date, f float8, x numeric, s text);"
        "INSERT INTO t SELECT n, DATE '2020-01-01' + n, DATE '2020-01-01', 1, n, 'NaN'"
        " FROM generate_series(1, 1000) n;"
        "INSERT INTO t VALUES (1, '-infinity', 'infinity', 'NaN', 'NaN', NULL),"
        " (1, 'infinity', 'infinity', 'NaN', 1, NULL); ANALYZE t"
    )
    columns = found(surveyed(database, rows=10))
    assert columns["d"].listed == ("infinity", "-infinity")
    assert columns["m"].listed == ("infinity",)
    assert columns["x"].listed == ("NaN",)
    assert (columns["f"].listed, columns["s"].listed, columns["n"].listed) == ((), (), ())
    assert columns["d"].unfit_rows == 0
    assert columns["s"].null_fraction == pytest.approx(2 / 1002)


def test_the_statistics_of_a_parent_are_those_of_its_children_too(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (d date); CREATE TABLE child () INHERITS (t);"
        "INSERT INTO t VALUES ('2026-01-01');"
        "INSERT INTO child SELECT NULL FROM generate_series(1, 99); ANALYZE t"
    )
    fraction = found(surveyed(database, rows=0))["d"].null_fraction
    assert fraction == pytest.approx(0.99)


# --- rights, locks and limits -----------------------------------------------------------------


def test_columns_that_may_not_be_read(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (a date, b date); INSERT INTO t VALUES ('infinity', 'infinity'); ANALYZE t"
    )
    with user_without_rights(database) as (connection, credentials):
        database.execute(f"GRANT SELECT (a) ON t TO {connection.user}")
        connected = connect(connection, credentials, LOCAL)
        survey = connected.survey(selected("t"), UnfitPolicy.FAIL, MAX_ROWS)
        connected.close()
    assert [subject.readable for subject, _ in survey.columns] == [True, False]
    assert found(survey)["a"].unfit_rows == 1
    assert found(survey)["b"] == Found()


def test_a_table_that_may_not_be_read(database: Database) -> None:
    database.execute("CREATE TABLE t (a date)")
    with user_without_rights(database) as (connection, credentials):
        connected = connect(connection, credentials, LOCAL)
        with pytest.raises(HeadraceError) as caught:
            connected.survey(selected("t"), UnfitPolicy.FAIL, MAX_ROWS)
        connected.close()
    assert caught.value.kind is PERMISSION_DENIED
    assert "public.t" in caught.value.detail


def test_what_is_refused(database: Database) -> None:
    assert refusal(database) is TABLE_NOT_FOUND
    database.execute("CREATE TABLE t ()")
    assert refusal(database) is TABLE_EMPTY_OF_COLUMNS
    database.execute("ALTER TABLE t ADD a int")
    assert refusal(database, choosing(columns=("b",))) is COLUMN_NOT_FOUND
    decimals = {"a": DecimalType(precision=1, scale=0)}
    assert refusal(database, choosing(decimal_columns=decimals)) is DECIMAL_NOT_TAKEN


def test_one_snapshot(database: Database) -> None:
    database.execute("CREATE TABLE t AS SELECT 1 AS a")
    with opened(database) as connected:
        database.execute("INSERT INTO t VALUES (2)")
        assert connected.survey(selected("t"), UnfitPolicy.FAIL, MAX_ROWS).rows == 1


def test_a_table_that_was_truncated_is_not_taken_for_empty(database: Database) -> None:
    database.execute("CREATE TABLE t AS SELECT 1 AS a")
    with opened(database) as connected:
        database.execute("TRUNCATE t")
        with pytest.raises(HeadraceError) as caught:
            connected.survey(selected("t"), UnfitPolicy.FAIL, MAX_ROWS)
    assert caught.value.kind is TABLE_CHANGED


def test_a_locked_table(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.execute("CREATE TABLE t AS SELECT 1 AS a")
    monkeypatch.setattr(session, "LOCK_SECONDS", 1)
    with opened(database) as connected, locked(database):
        with pytest.raises(HeadraceError) as caught:
            connected.survey(selected("t"), UnfitPolicy.FAIL, MAX_ROWS)
        assert caught.value.kind is TABLE_LOCKED


@pytest.mark.parametrize("whose", ["ours", "the user's"])
def test_a_sample_that_takes_too_long(
    database: Database, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    database.execute("CREATE VIEW t AS SELECT pg_sleep(30)::text")
    if whose == "ours":
        monkeypatch.setattr(shared, "SECONDS", 1)
    else:
        database.execute(f"ALTER DATABASE {database.name} SET statement_timeout TO '1s'")
    with pytest.raises(HeadraceError) as caught:
        surveyed(database)
    assert caught.value.kind is STATEMENT_TIMED_OUT
    assert "fewer rows" in caught.value.hint


@pytest.mark.parametrize(("limit", "shown"), [("0", "0"), ("5min", "5min")])
def test_the_user_s_own_limit_holds_again_afterwards(
    database: Database, limit: str, shown: str
) -> None:
    database.execute(
        f"ALTER DATABASE {database.name} SET statement_timeout TO '{limit}';"
        "CREATE VIEW t AS SELECT current_setting('statement_timeout') AS a"
    )
    with opened(database) as connected:
        connected.survey(selected("t"), UnfitPolicy.FAIL, MAX_ROWS)
        with connected.read(selected("t"), UnfitPolicy.FAIL) as reader:
            assert [batch.to_pylist() for batch in reader] == [[{"a": shown}]]
