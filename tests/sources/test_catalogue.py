"""The list of tables, from catalogues alone."""

from __future__ import annotations

from contextlib import closing
from itertools import islice

import pytest
from pg8000.native import Connection

from headrace.sources import connect
from headrace.tables import TableKind, TableSummary
from tests.conftest import LOCAL, Database, both_ends
from tests.sources.reading import opened, ref, user_without_rights

pytestmark = both_ends


def listed(database: Database) -> dict[str, TableSummary]:
    with opened(database) as connected:
        return {str(table): table for table in connected.list_tables()}


def test_an_empty_database(database: Database) -> None:
    assert listed(database) == {}


def test_kinds(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE t (a int); CREATE VIEW v AS SELECT 1 AS a;
        CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
        CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;
        CREATE FOREIGN TABLE f (a int) SERVER s;
        CREATE TABLE p (a int) PARTITION BY LIST (a);
        CREATE SEQUENCE q; CREATE INDEX i ON t (a); CREATE TYPE c AS (a int);
        CREATE TEMPORARY TABLE gone (a int)
        """
    )
    tables = listed(database)
    assert {name: table.kind for name, table in tables.items()} == {
        "public.f": TableKind.FOREIGN,
        "public.m": TableKind.MATERIALIZED_VIEW,
        "public.p": TableKind.PARTITIONED,
        "public.t": TableKind.TABLE,
        "public.v": TableKind.VIEW,
    }
    assert {name for name, table in tables.items() if table.bytes is None} == {
        "public.f",
        "public.v",
    }


def test_a_line_of_the_list(database: Database) -> None:
    database.execute(
        """
        CREATE SCHEMA "My Shop";
        CREATE TABLE "My Shop"."Order ""x"" 1" (gone int, a int, b text, c int, PRIMARY KEY (c, a));
        ALTER TABLE "My Shop"."Order ""x"" 1" DROP COLUMN gone;
        COMMENT ON TABLE "My Shop"."Order ""x"" 1" IS E'Line 1\\nΔ "2"';
        INSERT INTO "My Shop"."Order ""x"" 1" VALUES (1, 'x', 1), (2, 'y', 2);
        ANALYZE
        """
    )
    (table,) = listed(database).values()
    assert table.schema_name == "My Shop"
    assert table.table_name == 'Order "x" 1'
    assert table.comment == 'Line 1\nΔ "2"'
    assert table.primary_key == ("c", "a")
    assert table.column_count == 3
    assert table.estimated_rows == 2
    assert table.bytes is not None
    assert table.bytes > 0
    assert table.readable


def test_an_estimate_that_nobody_made_is_null_and_not_zero(database: Database) -> None:
    database.execute(
        "CREATE TABLE never (a int); CREATE TABLE empty (a int); ANALYZE empty;"
        "INSERT INTO never VALUES (1)"
    )
    tables = listed(database)
    assert tables["public.never"].estimated_rows is None
    # Before PostgreSQL 14 a server did not tell one from the other.
    tells = int(database.execute("SHOW server_version_num")) >= 140000
    assert tables["public.empty"].estimated_rows == (0 if tells else None)


def test_partitions_fold_into_the_topmost_parent(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE p (a int, b int, PRIMARY KEY (a, b)) PARTITION BY LIST (a);
        CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
        CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2) PARTITION BY LIST (b);
        CREATE TABLE p21 PARTITION OF p2 FOR VALUES IN (1);
        CREATE TABLE p22 PARTITION OF p2 FOR VALUES IN (2);
        INSERT INTO p VALUES (1, 1), (2, 1), (2, 2);
        """
    )
    (table,) = listed(database).values()
    assert table.table_name == "p"
    assert table.partition_count == 3
    assert table.primary_key == ("a", "b")
    assert table.estimated_rows is None
    database.execute("ANALYZE p1; ANALYZE p21; ANALYZE p22")
    (table,) = listed(database).values()
    assert table.estimated_rows == 3
    sizes = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname ~ '^p(1|21|22)$'"
    assert table.bytes == int(database.execute(sizes))


@pytest.mark.parametrize(
    ("grants", "readable"),
    [
        ("GRANT USAGE ON SCHEMA s TO {role}", False),
        ("GRANT SELECT ON s.t TO {role}", False),
        ("GRANT USAGE ON SCHEMA s TO {role}; GRANT SELECT ON s.t TO {role}", True),
        ("GRANT USAGE ON SCHEMA s TO {role}; GRANT SELECT (a) ON s.t TO {role}", True),
        ("GRANT USAGE ON SCHEMA s TO {role}; GRANT INSERT ON s.t TO {role}", False),
    ],
)
def test_readable(database: Database, grants: str, readable: bool) -> None:
    database.execute("CREATE SCHEMA s; CREATE TABLE s.t (a int, b int)")
    with user_without_rights(database) as (connection, credentials):
        database.execute(grants.format(role=connection.user))
        connected = connect(connection, credentials, LOCAL)
        assert [table.readable for table in connected.list_tables()] == [readable]
        connected.close()


def test_ten_thousand_tables_in_order(database: Database) -> None:
    # One transaction a thousand tables: all at once would need more locks than there are.
    for thousand in range(10):
        database.execute(
            f"DO $$ BEGIN FOR n IN {thousand * 1000}..{thousand * 1000 + 999} LOOP "
            "EXECUTE format('CREATE TABLE %I (a int)', 't' || lpad(n::text, 5, '0'));"
            "END LOOP; END $$"
        )
    with opened(database) as connected:
        names = [table.table_name for table in connected.list_tables()]
    assert names == [f"t{n:05}" for n in range(10_000)]


def test_leaving_the_list_early(database: Database) -> None:
    database.execute("CREATE TABLE a (x int); CREATE TABLE b (x int)")
    with opened(database) as connected:
        tables = connected.list_tables()
        assert [table.table_name for table in islice(tables, 1)] == ["a"]
        tables.close()  # type: ignore[attr-defined]


def test_chosen_tables_alone_are_looked_at(database: Database) -> None:
    """Even the size of a table that someone has locked would have to be waited for."""
    database.execute(
        "CREATE TABLE t (a int); CREATE TABLE locked (a int);"
        "CREATE TABLE p (a int) PARTITION BY LIST (a);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)"
    )
    whole = listed(database)
    with closing(session(database)) as other, opened(database) as connected:
        other.run("BEGIN; LOCK TABLE locked, p1")
        assert list(connected.list_tables([ref("t"), ref("gone")])) == [whole["public.t"]]
        other.run("COMMIT")
        chosen = connected.list_tables([ref("t"), ref("p")])
        assert list(chosen) == [whole["public.p"], whole["public.t"]]


def session(database: Database) -> Connection:
    to, password = database.connection, database.credentials.password.get_secret_value()
    return Connection(to.user, password=password, host=to.host, port=to.port, database=to.database)
