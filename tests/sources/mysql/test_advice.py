"""The cursors and modes that MariaDB's catalogues and statistics speak for."""

from __future__ import annotations

import pytest

from headrace.errors import KEY_NOT_USABLE, HeadraceError
from headrace.model import Selection
from headrace.sources import connect
from headrace.tables import Mode, TableDescription
from tests.conftest import LOCAL, MariadbDatabase
from tests.sources.advice import advice, candidate, cursors, described, sound
from tests.sources.mysql.reading import opened, ref, user_without_rights


def of_table(database: MariadbDatabase, sql: str, name: str = "t") -> TableDescription:
    database.execute(sql)
    with opened(database) as connected:
        return described(connected, ref(database, name))


def test_what_sees_updates_comes_before_what_does_not(mariadb_database: MariadbDatabase) -> None:
    table = of_table(
        mariadb_database,
        """
        CREATE TABLE t (
            id bigint AUTO_INCREMENT PRIMARY KEY, born date,
            created_at datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
            ts timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
            lastModified datetime NOT NULL, note text, ratio double, KEY by_change (ts, id)
        )
        """,
    )
    assert cursors(table) == ["ts", "lastModified", "created_at", "id", "born"]
    best = candidate(table, "ts")
    assert (best.sees_updates, best.scans) == (True, False)
    assert "The server sets it at each update (ON UPDATE CURRENT_TIMESTAMP)." in best.evidence
    assert "Index by_change begins with it." in best.evidence
    assert best.misses == ("Deletes: the rows stay in the destination.",)
    assert any("time zone" in missed for missed in candidate(table, "created_at").misses)
    assert "AUTO_INCREMENT fills it." in candidate(table, "id").evidence
    assert sound(table) == [Mode.MERGE, Mode.FULL, Mode.APPEND]
    assert advice(table, Mode.MERGE).cursor == ("ts",)


def test_a_trigger_that_sets_it(mariadb_database: MariadbDatabase) -> None:
    table = of_table(
        mariadb_database,
        "CREATE TABLE t (id int PRIMARY KEY, at datetime, changed datetime);"
        "CREATE TRIGGER touch BEFORE UPDATE ON t FOR EACH ROW SET NEW.`changed` = NOW();"
        "CREATE TRIGGER once BEFORE INSERT ON t FOR EACH ROW SET NEW.at = NOW()",
    )
    assert "Trigger touch sets it at each update." in candidate(table, "changed").evidence
    assert not any("rigger" in said for said in candidate(table, "at").evidence)


def test_statistics_tell_of_nulls(mariadb_database: MariadbDatabase) -> None:
    table = of_table(
        mariadb_database,
        """
        CREATE TABLE t (
            id int PRIMARY KEY, created_at timestamp NOT NULL, updated_at timestamp NULL,
            modified_at timestamp NULL
        );
        INSERT INTO t SELECT seq, NOW(), IF(seq % 4 = 0, NOW(), NULL), NULL FROM seq_1_to_1000;
        ANALYZE TABLE t PERSISTENT FOR ALL
        """,
    )
    assert cursors(table)[:2] == ["updated_at,created_at", "updated_at"]
    assert candidate(table, "updated_at").null_fraction == pytest.approx(0.75)
    assert cursors(table)[-1] == "modified_at"
    assert advice(table, Mode.MERGE).cursor == ("updated_at", "created_at")


def test_a_table_never_analysed_has_no_shares(mariadb_database: MariadbDatabase) -> None:
    table = of_table(
        mariadb_database, "CREATE TABLE t (id int PRIMARY KEY, updated_at timestamp NULL)"
    )
    assert candidate(table, "updated_at").null_fraction is None
    assert "Rows in which it is NULL, if there are any." in candidate(table, "updated_at").misses


def test_odd_indexes_and_keys(mariadb_database: MariadbDatabase) -> None:
    table = of_table(
        mariadb_database,
        """
        CREATE TABLE t (
            a int, b int NOT NULL, ulid char(26) NOT NULL, updated_at timestamp NOT NULL,
            KEY second (b, updated_at), KEY ignored_ (updated_at) IGNORED,
            UNIQUE KEY nulls (a), UNIQUE KEY u (ulid)
        )
        """,
    )
    assert candidate(table, "updated_at").scans
    assert candidate(table, "ulid").scans
    assert advice(table, Mode.MERGE).key == ("ulid",)
    for key, apart in (("a", False), ("b", False), ("ulid", True)):
        wish = Selection(
            schema_name=mariadb_database.name, table_name="t", mode=Mode.MERGE,
            cursor=("updated_at",), key=(key,),
        )  # fmt: skip
        with opened(mariadb_database) as connected:
            if apart:
                assert connected.key(wish) == (key,)
                continue
            with pytest.raises(HeadraceError) as refused:
                connected.key(wish)
        assert refused.value.kind is KEY_NOT_USABLE


def test_computed_columns_and_composite_keys(mariadb_database: MariadbDatabase) -> None:
    table = of_table(
        mariadb_database,
        """
        CREATE TABLE t (
            x int, y int, created datetime NOT NULL, changed datetime,
            last_change datetime AS (coalesce(changed, created)) STORED,
            PRIMARY KEY (x, y), KEY by_change (last_change)
        )
        """,
    )
    assert "The database computes it from other columns." in (
        candidate(table, "last_change").evidence
    )
    assert not candidate(table, "last_change").scans
    assert "same x, y" in advice(table, Mode.MERGE).reason


def test_a_view_and_a_table_without_key(mariadb_database: MariadbDatabase) -> None:
    view = of_table(
        mariadb_database,
        "CREATE TABLE b (id int PRIMARY KEY, updated_at timestamp, created_at timestamp);"
        "CREATE VIEW t AS SELECT * FROM b",
    )
    assert sound(view) == [Mode.FULL, Mode.APPEND]
    assert "A view has no key" in advice(view, Mode.MERGE).reason
    table = of_table(mariadb_database, "CREATE TABLE u (logged_at datetime, line text)", "u")
    assert sound(table) == [Mode.FULL, Mode.APPEND]


def test_a_user_without_rights_is_told_too(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, updated_at timestamp NULL);"
        "INSERT INTO t SELECT seq, NOW() FROM seq_1_to_9; ANALYZE TABLE t PERSISTENT FOR ALL"
    )
    with user_without_rights(mariadb_database) as (connection, credentials):
        mariadb_database.execute(f"GRANT SELECT ON t TO {connection.user}")
        connected = connect(connection, credentials, LOCAL)
        table = described(connected, ref(mariadb_database, "t"))
        connected.close()
    assert cursors(table) == ["updated_at", "id"]
    assert candidate(table, "updated_at").null_fraction is None
