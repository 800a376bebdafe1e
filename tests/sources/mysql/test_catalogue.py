"""The list of tables, from catalogues alone."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from headrace.sources import connect
from headrace.tables import TableKind, TableSummary
from tests.conftest import LOCAL, MariadbDatabase
from tests.sources.mysql.reading import opened, user_without_rights


def listed(database: MariadbDatabase) -> dict[str, TableSummary]:
    with opened(database) as connected:
        tables = [table for table in connected.list_tables() if table.schema_name == database.name]
    return {table.table_name: table for table in tables}


def test_an_empty_database(mariadb_database: MariadbDatabase) -> None:
    assert listed(mariadb_database) == {}


def test_the_servers_own_tables_are_left_out(mariadb_database: MariadbDatabase) -> None:
    with opened(mariadb_database) as connected:
        schemas = {table.schema_name for table in connected.list_tables()}
    assert not schemas & {"mysql", "information_schema", "performance_schema", "sys"}


def test_kinds(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        """
        CREATE TABLE t (a int); CREATE VIEW v AS SELECT 1 AS a;
        CREATE TABLE p (a int) PARTITION BY HASH (a) PARTITIONS 3;
        CREATE TABLE s (a int) WITH SYSTEM VERSIONING;
        CREATE SEQUENCE q; CREATE TEMPORARY TABLE gone (a int)
        """
    )
    tables = listed(mariadb_database)
    assert {name: table.kind for name, table in tables.items()} == {
        "p": TableKind.PARTITIONED,
        "s": TableKind.TABLE,
        "t": TableKind.TABLE,
        "v": TableKind.VIEW,
    }
    view = tables["v"]
    assert (view.bytes, view.estimated_rows, view.engine, view.comment) == (None,) * 4
    assert tables["p"].partition_count == 3


def test_a_line_of_the_list(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        r"""
        CREATE TABLE `Order "x", 1` (a int, `b, c` varchar(9), c int, PRIMARY KEY (c, `b, c`))
            COMMENT 'Line 1\nΔ "2"' ENGINE=MyISAM;
        INSERT INTO `Order "x", 1` VALUES (1, 'x', 1), (2, 'y', 2)
        """
    )
    (table,) = listed(mariadb_database).values()
    assert table.table_name == 'Order "x", 1'
    assert table.comment == 'Line 1\nΔ "2"'
    assert table.primary_key == ("c", "b, c")
    assert table.column_count == 3
    assert table.estimated_rows == 2
    assert table.engine == "MyISAM"
    assert table.bytes is not None
    assert table.bytes > 0
    assert table.readable
    assert table.updated_at is not None
    assert abs((datetime.now(UTC) - table.updated_at).total_seconds()) < 600


def test_a_change_that_nobody_noted_is_null(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE never (a int)")
    assert listed(mariadb_database)["never"].updated_at is None


def test_names_that_differ_in_case_or_accents_alone(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE T (a int, b int);"
        "CREATE TABLE `é` (c int); CREATE TABLE e (c int, d int, e int)"
    )
    tables = listed(mariadb_database)
    assert {name: table.column_count for name, table in tables.items()} == {
        "T": 2,
        "e": 3,
        "t": 1,
        "é": 1,
    }
    assert tables["t"].primary_key == ("a",)
    assert tables["T"].primary_key == ()


@pytest.mark.parametrize(
    ("grant", "readable"),
    [
        ("GRANT SELECT ON t TO {user}", [True]),
        ("GRANT SELECT (a) ON t TO {user}", [True]),
        ("GRANT SELECT ON {database}.* TO {user}", [True]),
        ("GRANT SELECT ON *.* TO {user}", [True]),
        ("GRANT INSERT ON t TO {user}", [False]),
        ("GRANT INSERT (a) ON t TO {user}", [False]),
        (
            "CREATE OR REPLACE ROLE reading; GRANT SELECT ON t TO reading;"
            "GRANT reading TO {user}; SET DEFAULT ROLE reading FOR {user}",
            [True],
        ),
    ],
)
def test_readable(mariadb_database: MariadbDatabase, grant: str, readable: list[bool]) -> None:
    mariadb_database.execute("CREATE TABLE t (a int, b int)")
    with user_without_rights(mariadb_database) as (connection, credentials):
        mariadb_database.execute(grant.format(user=connection.user, database=mariadb_database.name))
        connected = connect(connection, credentials, LOCAL)
        tables = [
            table.readable
            for table in connected.list_tables()
            if table.schema_name == mariadb_database.name
        ]
        connected.close()
    assert tables == readable


def test_a_broken_view_breaks_nothing_else(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE gone (a int); CREATE VIEW v AS SELECT a FROM gone; CREATE TABLE t (a int);"
        "DROP TABLE gone"
    )
    assert list(listed(mariadb_database)) == ["t", "v"]
    assert listed(mariadb_database)["v"].comment is None


def test_three_hundred_tables_in_order(mariadb_database: MariadbDatabase) -> None:
    tables = "".join(f"CREATE TABLE t{n:05} (a int) ENGINE=MyISAM;" for n in range(300))
    mariadb_database.execute(tables)
    assert list(listed(mariadb_database)) == [f"t{n:05}" for n in range(300)]


def test_leaving_the_list_early(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE a (x int); CREATE TABLE b (x int)")
    with opened(mariadb_database) as connected:
        tables = connected.list_tables()
        assert len(list(islice(tables, 1))) == 1
        tables.close()  # type: ignore[attr-defined]
