"""The cursors and modes that PostgreSQL's catalogues and statistics speak for."""

from __future__ import annotations

import time

import pytest

from headrace.errors import KEY_NOT_USABLE, HeadraceError
from headrace.model import Selection
from headrace.sources import connect
from headrace.tables import Mode, TableDescription
from tests.conftest import LOCAL, Database, both_ends
from tests.sources.advice import advice, candidate, cursors, described, sound
from tests.sources.reading import opened, ref, user_without_rights

pytestmark = both_ends

SET_UPDATED = """
CREATE FUNCTION set_updated() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.updated_at := now(); RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION set_updated();
"""


def of_table(database: Database, sql: str, name: str = "t") -> TableDescription:
    database.execute(sql)
    with opened(database) as connected:
        return described(connected, ref(name))


def test_what_sees_updates_comes_before_what_does_not(database: Database) -> None:
    table = of_table(
        database,
        """
        CREATE TABLE t (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, born date,
            created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL,
            "lastModified" timestamp NOT NULL, year smallint, note text, ratio double precision
        );
        CREATE INDEX by_update ON t (updated_at, id);
        """
        + SET_UPDATED,
    )
    assert cursors(table) == ["updated_at", "lastModified", "created_at", "id", "born"]
    best = candidate(table, "updated_at")
    assert (best.sees_updates, best.scans, best.null_fraction) == (True, False, None)
    assert "Trigger touch sets it at each update." in best.evidence
    assert "Index by_update begins with it." in best.evidence
    assert best.misses == ("Deletes: the rows stay in the destination.",)
    named = candidate(table, "lastModified")
    assert named.sees_updates
    assert named.scans
    assert any("whoever does not set it" in missed for missed in named.misses)
    assert any("time zone" in missed for missed in named.misses)
    created = candidate(table, "created_at")
    assert "Its default is now()." in created.evidence
    assert created.misses[0].startswith("Updates")
    counted = candidate(table, "id")
    assert {"A sequence fills it.", "It is unique.", "Index t_pkey begins with it."} <= set(
        counted.evidence
    )
    assert any("committed later" in missed for missed in counted.misses)
    assert any("day that is not over" in missed for missed in candidate(table, "born").misses)

    assert sound(table) == [Mode.MERGE, Mode.FULL, Mode.APPEND]
    assert advice(table, Mode.MERGE).cursor == ("updated_at",)
    assert advice(table, Mode.MERGE).key == ()
    assert advice(table, Mode.APPEND).cursor == ("created_at",)


@pytest.mark.parametrize(
    ("function", "seen"),
    [
        ("'BEGIN NEW.\"updated_at\" = clock_timestamp(); RETURN NEW; END'", True),
        ("'BEGIN IF NEW.updated_at IS NULL THEN RETURN NULL; END IF; RETURN NEW; END'", False),
    ],
)
def test_a_trigger_counts_if_it_sets_the_column(
    database: Database, function: str, seen: bool
) -> None:
    table = of_table(
        database,
        f"""
        CREATE TABLE t (at timestamptz, updated_at timestamptz);
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS {function};
        CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
        """,
    )
    said = "Trigger touch sets it at each update."
    assert (said in candidate(table, "updated_at").evidence) is seen
    assert said not in candidate(table, "at").evidence


def test_a_trigger_that_is_off_or_comes_too_late_does_not_count(database: Database) -> None:
    table = of_table(
        database,
        "CREATE TABLE t (updated_at timestamptz);"
        + SET_UPDATED
        + "ALTER TABLE t DISABLE TRIGGER touch;"
        "CREATE TRIGGER late AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION set_updated();"
        "CREATE TRIGGER once BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION set_updated()",
    )
    assert not any("Trigger" in said for said in candidate(table, "updated_at").evidence)


def test_statistics_tell_of_nulls_and_of_the_order(database: Database) -> None:
    table = of_table(
        database,
        """
        CREATE TABLE t (
            id serial PRIMARY KEY, created_at timestamptz, updated_at timestamptz,
            modified_at timestamptz
        );
        INSERT INTO t (created_at, updated_at)
            SELECT now() + i * interval '1 s', CASE WHEN i % 4 = 0 THEN now() END
            FROM generate_series(1, 1000) i;
        ANALYZE t
        """,
    )
    assert cursors(table) == [
        "updated_at,created_at",
        "updated_at",
        "created_at",
        "id",
        "modified_at",
    ]
    assert candidate(table, "updated_at").null_fraction == pytest.approx(0.75)
    assert "Rows in which it is NULL: 75.0% by the statistics." in (
        candidate(table, "updated_at").misses
    )
    created = candidate(table, "created_at")
    assert "Rows in which it is NULL; the statistics know of none." in created.misses
    assert "Rows lie in its order (correlation 1.00)." in created.evidence
    combined = candidate(table, "updated_at", "created_at")
    assert combined.sees_updates
    assert combined.scans
    assert "All rows: by the statistics it is NULL in each." in (
        candidate(table, "modified_at").misses
    )
    assert advice(table, Mode.MERGE).cursor == ("updated_at", "created_at")


def test_a_table_never_analysed_has_no_shares(database: Database) -> None:
    table = of_table(database, "CREATE TABLE t (id int PRIMARY KEY, updated_at timestamptz)")
    found = candidate(table, "updated_at")
    assert found.null_fraction is None
    assert "Rows in which it is NULL, if there are any." in found.misses
    assert sound(table) == [Mode.MERGE, Mode.FULL]


def test_a_column_of_nulls_alone_is_no_cursor(database: Database) -> None:
    table = of_table(
        database,
        "CREATE TABLE t (id int PRIMARY KEY, updated_at timestamptz);"
        "INSERT INTO t SELECT generate_series(1, 100); ANALYZE t",
    )
    assert cursors(table) == ["id", "updated_at"]
    assert sound(table) == [Mode.FULL]
    assert "No column tells" in advice(table, Mode.MERGE).reason


def test_partial_and_odd_indexes_are_not_relied_on(database: Database) -> None:
    table = of_table(
        database,
        """
        CREATE TABLE t (a int NOT NULL, b int, c int NOT NULL, updated_at timestamptz NOT NULL);
        CREATE INDEX "some" ON t (updated_at) WHERE a > 0;
        CREATE INDEX hashed ON t USING hash (updated_at);
        CREATE INDEX second ON t (a, updated_at);
        CREATE INDEX computed ON t ((updated_at AT TIME ZONE 'UTC'));
        CREATE UNIQUE INDEX live ON t (a) WHERE c > 0;
        CREATE UNIQUE INDEX nulls ON t (b);
        """,
    )
    found = candidate(table, "updated_at")
    assert found.scans
    assert "Index some begins with it, but covers only some of the rows." in found.evidence
    assert [index.partial for index in table.indexes if index.name == "live"] == [True]
    assert sound(table) == [Mode.FULL]
    assert "tells its rows apart" in advice(table, Mode.MERGE).reason
    for key in ("a", "b"):
        with opened(database) as connected, pytest.raises(HeadraceError) as refused:
            connected.key(merged(key))
        assert refused.value.kind is KEY_NOT_USABLE


def test_a_unique_index_without_nulls_is_a_key(database: Database) -> None:
    table = of_table(
        database,
        "CREATE TABLE t (a int NOT NULL, b text NOT NULL, updated_at timestamptz NOT NULL,"
        "UNIQUE (b, a))",
    )
    assert sound(table) == [Mode.MERGE, Mode.FULL]
    assert advice(table, Mode.MERGE).key == ("b", "a")
    with opened(database) as connected:
        assert connected.key(merged("b", "a")) == ("b", "a")


def merged(*key: str) -> Selection:
    return Selection(
        schema_name="public", table_name="t", mode=Mode.MERGE, cursor=("updated_at",), key=key
    )


def test_a_composite_key_is_a_key_and_no_cursor(database: Database) -> None:
    table = of_table(
        database, "CREATE TABLE t (x int, y int, updated_at timestamptz, PRIMARY KEY (x, y))"
    )
    assert cursors(table) == ["updated_at"]
    assert advice(table, Mode.MERGE).sound
    assert "same x, y" in advice(table, Mode.MERGE).reason


def test_computed_columns(database: Database) -> None:
    table = of_table(
        database,
        """
        CREATE TABLE t (
            id int PRIMARY KEY, created timestamptz, changed timestamptz,
            last_change timestamptz GENERATED ALWAYS AS (coalesce(changed, created)) STORED
        );
        CREATE INDEX by_change ON t (last_change)
        """,
    )
    assert candidate(table, "last_change").evidence == (
        "Its type is timestamp with time zone.",
        "Its name says that it is set when a row is changed.",
        "Index by_change begins with it.",
        "The database computes it from other columns.",
    )
    assert cursors(table)[1] == "last_change"


def test_texts_that_grow(database: Database) -> None:
    table = of_table(
        database,
        'CREATE TABLE t (ulid varchar(26) COLLATE "C" PRIMARY KEY, code text UNIQUE NOT NULL)',
    )
    assert cursors(table) == ["ulid"]
    assert not candidate(table, "ulid").scans
    assert sound(table) == [Mode.FULL, Mode.MERGE, Mode.APPEND]


def test_an_index_of_another_order_does_not_serve_texts(database: Database) -> None:
    table = of_table(database, "CREATE TABLE t (ulid text PRIMARY KEY)")
    assert candidate(table, "ulid").scans


def test_a_view_is_read_in_full(database: Database) -> None:
    table = of_table(
        database,
        "CREATE TABLE b (id int PRIMARY KEY, updated_at timestamptz, created_at timestamptz);"
        "CREATE VIEW t AS SELECT * FROM b",
    )
    assert sound(table) == [Mode.FULL, Mode.APPEND]
    assert advice(table, Mode.APPEND).cursor == ("created_at",)
    assert "A view has no key" in advice(table, Mode.MERGE).reason


def test_a_materialized_view_with_a_unique_index(database: Database) -> None:
    table = of_table(
        database,
        "CREATE MATERIALIZED VIEW t AS SELECT 1 AS id, now() AS updated_at;"
        "CREATE UNIQUE INDEX ON t (id)",
    )
    # Its columns may be NULL so far as the catalogues know.
    assert sound(table) == [Mode.FULL]


def test_a_table_without_key(database: Database) -> None:
    table = of_table(database, "CREATE TABLE t (logged_at timestamptz, line text)")
    assert sound(table) == [Mode.FULL, Mode.APPEND]
    table = of_table(database, "CREATE TABLE u (updated_at timestamptz, line text)", "u")
    assert sound(table) == [Mode.FULL]
    assert "once more" in advice(table, Mode.APPEND).reason


def test_partitions(database: Database) -> None:
    table = of_table(
        database,
        """
        CREATE TABLE t (id int, at date, updated_at timestamptz NOT NULL, PRIMARY KEY (id, at))
            PARTITION BY RANGE (at);
        CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        CREATE INDEX by_update ON t (updated_at);
        INSERT INTO t SELECT i, '2026-05-05', now() FROM generate_series(1, 100) i;
        ANALYZE t
        """,
    )
    assert candidate(table, "updated_at").null_fraction == 0
    assert not candidate(table, "updated_at").scans
    assert sound(table)[0] is Mode.MERGE


def once_counted(database: Database, **numbers: int) -> TableDescription:
    """The table once the server has counted so much; it does so a moment later."""
    counted = ", ".join(f"pg_stat_get_tuples_{what}('t'::regclass)" for what in numbers)
    deadline = time.monotonic() + 60
    while database.execute(f"SELECT {counted}").strip() != "|".join(map(str, numbers.values())):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with opened(database) as connected:
        return described(connected, ref("t"))


def test_what_the_server_counted(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY, created_at timestamptz DEFAULT now());"
        "INSERT INTO t SELECT generate_series(1, 100); ANALYZE t"
    )
    table = once_counted(database, inserted=100)
    assert sound(table) == [Mode.APPEND, Mode.FULL, Mode.MERGE]
    assert "None was counted" in advice(table, Mode.APPEND).reason
    database.execute("UPDATE t SET created_at = created_at WHERE id < 4")
    table = once_counted(database, inserted=100, updated=3)
    assert sound(table) == [Mode.FULL]
    assert "(3 counted)" in advice(table, Mode.MERGE).reason


def test_deletes_that_the_server_counted(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY, updated_at timestamptz DEFAULT now());"
        "INSERT INTO t SELECT generate_series(1, 100); DELETE FROM t WHERE id < 3; ANALYZE t"
    )
    table = once_counted(database, deleted=2)
    assert sound(table) == [Mode.FULL, Mode.MERGE]
    assert "Deletes are not seen (2 counted), unless" in advice(table, Mode.MERGE).reason


def test_a_user_without_rights_is_told_too(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (id serial PRIMARY KEY, created_at timestamptz DEFAULT now());"
        "INSERT INTO t SELECT generate_series(1, 100); ANALYZE t"
    )
    with user_without_rights(database) as (connection, credentials):
        connected = connect(connection, credentials, LOCAL)
        table = described(connected, ref("t"))
        connected.close()
    assert cursors(table) == ["created_at", "id"]
    assert candidate(table, "id").null_fraction is None
