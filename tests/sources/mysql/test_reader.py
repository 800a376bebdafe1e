"""Reading whole tables: what comes through, row for row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.compute as pc
import pymysql
import pytest

from devservers.mariadb import USER
from headrace.errors import (
    COLUMN_NOT_FOUND,
    PERMISSION_DENIED,
    TABLE_CHANGED,
    TABLE_LOCKED,
    TABLE_NOT_FOUND,
    VALUE_NOT_CARRIED,
    VALUE_TOO_LARGE,
    VIEW_INVALID,
    HeadraceError,
    Kind,
)
from headrace.model import UnfitPolicy
from headrace.sources import connect
from headrace.sources.mysql import reader
from headrace.sources.mysql.columns import SourceColumn, read_columns
from headrace.sources.mysql.session import Session
from headrace.tables import TableRef
from tests.conftest import LOCAL, MariadbDatabase
from tests.sources.mysql.reading import (
    opened,
    read_all,
    reading,
    selected,
    started,
    user_without_rights,
)


def refusal(database: MariadbDatabase, name: str, columns: list[str] | None = None) -> Kind:
    with pytest.raises(HeadraceError) as caught:
        read_all(database, name, columns)
    assert f"{database.name}.{name}" in caught.value.detail
    return caught.value.kind


def test_an_empty_table_has_its_columns(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int, b text)")
    table = read_all(mariadb_database, "t")
    assert table.num_rows == 0
    assert str(table.schema.field("a").type) == "int32"
    assert table.schema.field("b").metadata == {b"headrace.source_type": b"text"}


def test_many_batches_keep_order_and_number(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (n int PRIMARY KEY, a varchar(200));"
        "INSERT INTO t SELECT seq, repeat('x', 100) FROM seq_1_to_100000"
    )
    with reading(mariadb_database, "t") as rows:
        batches = list(rows)
        assert rows.rows_sent == 100_000
        assert rows.bytes_received > 100_000 * 100
    assert len(batches) > 2
    numbers = [n for batch in batches for n in batch.column("n").to_pylist()]
    assert numbers == list(range(1, 100_001))


def test_a_connection_reads_one_table_after_another(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)")
    with opened(mariadb_database) as connected:
        for _ in range(3):
            with started(connected, mariadb_database, "t") as rows:
                assert sum(batch.num_rows for batch in rows) == rows.rows_sent == 2


@pytest.mark.parametrize("size", [16_777_200, 16_777_215, 16_777_216, 40_000_000])
def test_a_row_that_takes_several_packets(mariadb_database: MariadbDatabase, size: int) -> None:
    mariadb_database.server.execute("SET GLOBAL max_allowed_packet = 67108864")
    mariadb_database.execute(
        "CREATE TABLE t (n int, a longtext);"
        f"INSERT INTO t VALUES (1, 'x'), (2, repeat('y', {size})), (3, 'z')"
    )
    column = read_all(mariadb_database, "t").column("a")
    assert pc.utf8_length(column).to_pylist() == [1, size, 1]
    assert pc.all(pc.match_substring_regex(column, "^(x|y+|z)$")).as_py()


def test_columns_come_as_asked_for(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int, b int, c int); INSERT INTO t VALUES (1, 2, 3)")
    assert read_all(mariadb_database, "t", ["c", "a"]).to_pylist() == [{"c": 3, "a": 1}]


def test_invisible_and_generated_columns_are_read(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (a int, b int INVISIBLE, c int AS (a + 1), d int AS (a + 2) STORED);"
        "INSERT INTO t (a, b) VALUES (1, 9)"
    )
    assert read_all(mariadb_database, "t").to_pylist() == [{"a": 1, "b": 9, "c": 2, "d": 3}]


def test_a_table_as_wide_as_they_get(mariadb_database: MariadbDatabase) -> None:
    columns = ", ".join(f"c{i} tinyint DEFAULT {i % 100}" for i in range(1000))
    mariadb_database.execute(f"CREATE TABLE t ({columns}); INSERT INTO t () VALUES (), ()")
    table = read_all(mariadb_database, "t")
    assert list(table.to_pylist()[1].values()) == [i % 100 for i in range(1000)]


@pytest.mark.parametrize(
    "name", ["`", "a b", "Ünïcode 注文", "a.b", "x" * 64, "%s", "{0}", "--", "'", '"', "a\nb", "\\"]
)
def test_odd_names(mariadb_database: MariadbDatabase, name: str) -> None:
    quoted = "`" + name.replace("`", "``") + "`"
    mariadb_database.execute(
        f"CREATE TABLE {quoted} ({quoted} text CHARACTER SET cp1251);"
        f"INSERT INTO {quoted} VALUES ('x')"
    )
    assert read_all(mariadb_database, name).to_pylist() == [{name: "x"}]


def test_names_that_differ_in_case_alone(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int); CREATE TABLE T (b int)")
    assert read_all(mariadb_database, "t").column_names == ["a"]
    assert read_all(mariadb_database, "T").column_names == ["b"]


def test_partitions_views_and_other_engines(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        """
        CREATE TABLE p (a int) PARTITION BY HASH (a) PARTITIONS 3;
        INSERT INTO p VALUES (1), (2), (3);
        CREATE TABLE m (a int) ENGINE=MyISAM; INSERT INTO m VALUES (1), (2), (3);
        CREATE VIEW v AS SELECT a FROM p UNION ALL SELECT a FROM m LIMIT 5;
        CREATE VIEW g AS SELECT a, count(*) AS n FROM p GROUP BY a;
        CREATE TABLE s (a int) WITH SYSTEM VERSIONING; INSERT INTO s VALUES (1), (2);
        UPDATE s SET a = 3 WHERE a = 2
        """
    )
    assert sorted(read_all(mariadb_database, "p").column("a").to_pylist()) == [1, 2, 3]
    assert read_all(mariadb_database, "m").num_rows == 3
    assert read_all(mariadb_database, "v").num_rows == 5
    assert read_all(mariadb_database, "g").column("n").to_pylist() == [1, 1, 1]
    assert sorted(read_all(mariadb_database, "s").column("a").to_pylist()) == [1, 3]


def test_expressions_come_as_they_are_described(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        """
        CREATE TABLE t (a tinyint, b int unsigned, d year, h date, i datetime(6), j timestamp NULL,
            k time, l char(5), m text CHARACTER SET latin1, p bit(7), q enum('x','y'),
            z decimal(9,2));
        INSERT INTO t VALUES (1, 2, 2024, '2024-01-01', '2024-01-01', '2024-01-01', '01:00:00',
            'ab', 'é', 5, 'x', 1.5);
        CREATE VIEW v AS SELECT 1 AS one, 1 + 1 AS two, NULL AS nothing, 'x' AS x, a + b AS ab,
            a / b AS ratio, -b AS minus, a = b AS same, true AS yes, 1.5 AS decimal_,
            1e0 AS double_,
            CAST(1 AS unsigned) AS cast_u, coalesce(h, i) AS moment, date(i) AS day, now(6) AS now_,
            concat(a, m) AS text_, concat(l, m) AS mixed, if(a, q, l) AS chosen, p, d, k,
            z * 2 AS zz,
            json_object('a', a) AS json_, unhex('ff') AS bytes_, timediff(i, h) AS span,
            unix_timestamp(j) AS epoch, greatest(h, i) AS latest
        FROM t;
        CREATE VIEW g AS SELECT count(*) AS n, sum(a) AS s, avg(b) AS v, max(d) AS y, max(q) AS q,
            min(j) AS j, group_concat(l) AS l, bit_or(a) AS o, std(a) AS e FROM t
        """
    )
    (row,) = read_all(mariadb_database, "v").to_pylist()
    assert (row["two"], row["nothing"], row["text_"], row["bytes_"]) == (2, None, "1é", b"\xff")
    (row,) = read_all(mariadb_database, "g").to_pylist()
    assert (row["n"], row["s"], row["y"], row["l"]) == (1, 1, 2024, "ab")


def test_all_reads_see_one_snapshot(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE a (n int); CREATE TABLE b (n int)")
    with opened(mariadb_database) as connected:
        mariadb_database.execute("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)")
        for name in ("a", "b"):
            with started(connected, mariadb_database, name) as rows:
                assert list(rows) == [], name


def test_nothing_cuts_rows_or_values(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        """
        SET GLOBAL sql_select_limit = 1, GLOBAL group_concat_max_len = 4, GLOBAL max_join_size = 1;
        CREATE TABLE t (a int); INSERT INTO t VALUES (100), (200), (300);
        CREATE VIEW g AS SELECT group_concat(a ORDER BY a) AS a FROM t
        """
    )
    try:
        assert read_all(mariadb_database, "t").num_rows == 3
        assert read_all(mariadb_database, "g").to_pylist() == [{"a": "100,200,300"}]
    finally:
        mariadb_database.execute(
            "SET GLOBAL sql_select_limit = DEFAULT, GLOBAL group_concat_max_len = DEFAULT,"
            "GLOBAL max_join_size = DEFAULT"
        )


def test_a_value_that_the_server_cuts_is_an_error(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.server.execute("SET GLOBAL max_allowed_packet = 67108864")
    mariadb_database.execute(
        "CREATE TABLE t (a longtext); INSERT INTO t VALUES (repeat('x', 2000000));"
        "CREATE VIEW v AS SELECT concat(a, a) AS a FROM t"
    )
    mariadb_database.server.execute("SET GLOBAL max_allowed_packet = 1048576")
    try:
        assert refusal(mariadb_database, "v") is VALUE_TOO_LARGE
    finally:
        mariadb_database.server.execute("SET GLOBAL max_allowed_packet = 67108864")


def test_a_views_own_warnings_are_no_error(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE VIEW v AS SELECT 1 / 0 AS a, CAST('x' AS int) AS b")
    assert read_all(mariadb_database, "v").to_pylist() == [{"a": None, "b": 0}]


def test_damaged_text_is_reported(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (a char(4) CHARACTER SET utf8mb4) ENGINE=MyISAM ROW_FORMAT=FIXED;"
        "INSERT INTO t VALUES ('abcd'); FLUSH TABLES"
    )
    (file,) = (mariadb_database.server.directory / "data" / mariadb_database.name).glob("t.MYD")
    file.write_bytes(file.read_bytes().replace(b"abcd", b"ab\xc3d"))
    assert refusal(mariadb_database, "t") is VALUE_NOT_CARRIED


def test_a_policy_of_the_source_and_of_a_column(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "SET sql_mode = ''; CREATE TABLE t (a date, b date, c int);"
        "INSERT INTO t VALUES ('0000-00-00', '0000-00-00', 1), ('2024-01-01', '0000-00-00', 2)"
    )
    selection = selected(mariadb_database, "t").model_copy(
        update={"unfit_columns": {"b": UnfitPolicy.TEXT}}
    )
    with (
        opened(mariadb_database) as connected,
        connected.read(selection, UnfitPolicy.NULL) as rows,
    ):
        table = pa.Table.from_batches(list(rows))
        assert rows.unfit_counts == {"a": 1}
    assert [str(value) for value in table.column("a").to_pylist()] == ["None", "2024-01-01"]
    assert table.column("b").to_pylist() == ["0000-00-00", "0000-00-00"]
    assert table.column("c").to_pylist() == [1, 2]


def test_what_is_absent(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (a int); CREATE TABLE gone (a int);"
        "CREATE VIEW broken AS SELECT a FROM gone; DROP TABLE gone"
    )
    assert refusal(mariadb_database, "nothing") is TABLE_NOT_FOUND
    assert refusal(mariadb_database, "t", ["a", "b"]) is COLUMN_NOT_FOUND
    assert refusal(mariadb_database, "broken") is VIEW_INVALID


def test_a_table_dropped_altered_or_emptied_after_the_connection_was_made(
    mariadb_database: MariadbDatabase,
) -> None:
    changes = {
        "DROP TABLE t": TABLE_NOT_FOUND,
        "ALTER TABLE t MODIFY a bigint": TABLE_CHANGED,
        "TRUNCATE t": TABLE_CHANGED,
    }
    for change, kind in changes.items():
        mariadb_database.execute(
            "CREATE OR REPLACE TABLE t (a int); INSERT INTO t VALUES (1); COMMIT"
        )
        with opened(mariadb_database) as connected:
            mariadb_database.execute(change)
            with (
                pytest.raises(HeadraceError) as caught,
                started(connected, mariadb_database, "t") as rows,
            ):
                list(rows)
        assert caught.value.kind is kind, change


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("int", "bigint"),
        ("int", "int unsigned"),
        ("decimal(10,2)", "decimal(10,4)"),
        ("varchar(9)", "varbinary(9)"),
        ("datetime", "timestamp"),
    ],
)
def test_a_type_that_changes_between_describing_and_reading(
    mariadb_database: MariadbDatabase, monkeypatch: pytest.MonkeyPatch, before: str, after: str
) -> None:
    # MyISAM has no snapshots, so that nothing but what is announced tells of the change.
    mariadb_database.execute(f"CREATE TABLE t (a {before}) ENGINE=MyISAM")

    def describe_then_alter(session: Session, table: TableRef) -> tuple[SourceColumn, ...]:
        columns = read_columns(session, table)
        mariadb_database.execute(f"ALTER TABLE t MODIFY a {after}")
        return columns

    monkeypatch.setattr(reader, "read_columns", describe_then_alter)
    assert refusal(mariadb_database, "t") is TABLE_CHANGED


@pytest.mark.parametrize(
    ("grant", "columns"),
    [
        (None, None),
        ("SELECT (a)", None),
        ("SELECT (a), UPDATE (b)", None),
        ("SELECT (a), UPDATE (b)", ["b"]),
        ("INSERT", None),
    ],
)
def test_what_may_not_be_read(
    mariadb_database: MariadbDatabase, grant: str | None, columns: list[str] | None
) -> None:
    mariadb_database.execute("CREATE TABLE t (a int, b int)")
    with user_without_rights(mariadb_database) as (connection, credentials):
        if grant:
            mariadb_database.execute(f"GRANT {grant} ON t TO {connection.user}")
        connected = connect(connection, credentials, LOCAL)
        with (
            pytest.raises(HeadraceError) as caught,
            started(connected, mariadb_database, "t", columns) as rows,
        ):
            list(rows)
        connected.close()
    assert caught.value.kind is PERMISSION_DENIED


def test_the_columns_that_may_be_read(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 2)")
    with user_without_rights(mariadb_database) as (connection, credentials):
        mariadb_database.execute(f"GRANT SELECT (a) ON t TO {connection.user}")
        connected = connect(connection, credentials, LOCAL)
        with started(connected, mariadb_database, "t", ["a"]) as rows:
            assert [batch.to_pylist() for batch in rows] == [[{"a": 1}]]
        connected.close()


def test_a_locked_table_is_not_waited_for_for_ever(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int); SET GLOBAL lock_wait_timeout = 1")
    try:
        with locked(mariadb_database, "t"), pytest.raises(HeadraceError) as caught:
            read_all(mariadb_database, "t")
    finally:
        mariadb_database.execute("SET GLOBAL lock_wait_timeout = 20")
    assert caught.value.kind is TABLE_LOCKED


@contextmanager
def locked(database: MariadbDatabase, name: str) -> Iterator[None]:
    """Inside, another session holds the table."""
    server = database.server
    with pymysql.connect(
        host=server.host, port=server.port, user=USER, password=server.password,
        database=database.name, ssl_disabled=True,
    ) as other, other.cursor() as cursor:  # fmt: skip
        cursor.execute(f"LOCK TABLES {name} WRITE")
        yield
