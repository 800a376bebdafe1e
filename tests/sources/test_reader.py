"""Reading whole tables: what comes through, row for row."""

from __future__ import annotations

import pytest

from headrace.errors import (
    COLUMN_NOT_FOUND,
    DATABASE_ERROR,
    PERMISSION_DENIED,
    TABLE_EMPTY_OF_COLUMNS,
    TABLE_NOT_FOUND,
    VALUE_NOT_CARRIED,
    HeadraceError,
)
from headrace.sources import connect
from headrace.sources.wire.decoding import MAX_BYTES
from headrace.sources.wire.window import BLOCK_BYTES
from tests.conftest import LOCAL, Database, both_ends
from tests.sources.reading import opened, read_all, reading, user_without_rights

pytestmark = both_ends


def test_an_empty_table_has_its_columns(database: Database) -> None:
    database.execute("CREATE TABLE t (a int, b text)")
    table = read_all(database, "t")
    assert table.num_rows == 0
    assert str(table.schema.field("a").type) == "int32"
    assert table.schema.field("b").metadata == {b"headrace.source_type": b"text"}


def test_nulls_of_a_single_column_are_rows(database: Database) -> None:
    database.execute("CREATE TABLE t (a text); INSERT INTO t VALUES (NULL), (''), ('x'), (NULL)")
    assert read_all(database, "t").column("a").to_pylist() == [None, "", "x", None]


def test_text_that_looks_like_csv(database: Database) -> None:
    values = [",", '"', '""', "\n", "\r\n", "\\.", "\\N", " a ", "NULL", "\N{SNOWMAN}", "\t", "'"]
    listed = ", ".join("('" + value.replace("'", "''") + "')" for value in values)
    database.execute(f"CREATE TABLE t (a text); INSERT INTO t VALUES {listed}")
    assert read_all(database, "t").column("a").to_pylist() == values


def test_a_byte_order_mark_is_part_of_its_value(database: Database) -> None:
    database.execute("CREATE TABLE t (a text); INSERT INTO t VALUES (U&'\\FEFFx')")
    assert read_all(database, "t").column("a").to_pylist() == ["\ufeffx"]


def test_a_value_larger_than_a_block(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (n int, a text);"
        "INSERT INTO t VALUES (1, 'x'), (2, repeat(E'y\\n', 2500000)), (3, 'z')"
    )
    assert BLOCK_BYTES < 5_000_000
    assert read_all(database, "t").column("a").to_pylist() == ["x", "y\n" * 2_500_000, "z"]


def test_many_blocks_keep_order_and_number(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (n int, a text);"
        "INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 100000) n"
    )
    with opened(database) as connected, reading(connected, "t") as reader:
        batches = list(reader)
        assert reader.bytes_received > 2 * MAX_BYTES
    assert len(batches) > 2
    assert max(batch.nbytes for batch in batches) <= MAX_BYTES
    numbers = [n for batch in batches for n in batch.column("n").to_pylist()]
    assert numbers == list(range(1, 100_001))


def test_columns_come_as_asked_for(database: Database) -> None:
    database.execute("CREATE TABLE t (a int, b int, c int); INSERT INTO t VALUES (1, 2, 3)")
    assert read_all(database, "t", ["c", "a"]).to_pylist() == [{"c": 3, "a": 1}]


def test_a_table_as_wide_as_they_get(database: Database) -> None:
    columns = ", ".join(f"c{i} int DEFAULT {i}" for i in range(1600))
    database.execute(f"CREATE TABLE t ({columns}); INSERT INTO t DEFAULT VALUES")
    assert list(read_all(database, "t").to_pylist()[0].values()) == list(range(1600))


def test_dropped_columns_are_gone(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 2); ALTER TABLE t DROP COLUMN a"
    )
    assert read_all(database, "t").to_pylist() == [{"b": 2}]


@pytest.mark.parametrize("name", ['"', "a b", "Ünïcode", "a.b", "x" * 63, ":a", "$1", "--", "a\nb"])
def test_odd_names(database: Database, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    database.execute(f"CREATE TABLE {quoted} ({quoted} int); INSERT INTO {quoted} VALUES (1)")
    assert read_all(database, name).to_pylist() == [{name: 1}]


def test_a_name_too_long_is_not_cut_to_one_that_exists(database: Database) -> None:
    database.execute(f"CREATE TABLE {'x' * 63} (a int)")
    with pytest.raises(HeadraceError) as caught:
        read_all(database, "x" * 64)
    assert caught.value.kind is TABLE_NOT_FOUND


def test_partitions_views_and_children_are_read_whole(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE p (a int) PARTITION BY LIST (a);
        CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
        CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
        INSERT INTO p VALUES (1), (2);
        CREATE TABLE parent (a int); CREATE TABLE child () INHERITS (parent);
        INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2);
        CREATE VIEW v AS SELECT * FROM p;
        CREATE MATERIALIZED VIEW m AS SELECT * FROM p
        """
    )
    for name in ("p", "parent", "v", "m"):
        assert sorted(read_all(database, name).column("a").to_pylist()) == [1, 2], name


def test_all_reads_see_one_snapshot(database: Database) -> None:
    database.execute("CREATE TABLE a (n int); CREATE TABLE b (n int)")
    with opened(database) as connected:
        database.execute("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)")
        for name in ("a", "b"):
            with reading(connected, name) as reader:
                assert list(reader) == [], name


def test_an_absent_table(database: Database) -> None:
    with pytest.raises(HeadraceError) as caught:
        read_all(database, "t")
    assert caught.value.kind is TABLE_NOT_FOUND
    assert "public.t" in caught.value.detail


def test_a_table_dropped_after_the_connection_was_made(database: Database) -> None:
    database.execute("CREATE TABLE t (a int)")
    with opened(database) as connected:
        database.execute("DROP TABLE t")
        with (
            pytest.raises(HeadraceError) as caught,
            reading(connected, "t") as reader,
        ):
            list(reader)
    assert caught.value.kind is TABLE_NOT_FOUND
    assert "public.t" in caught.value.detail


def test_an_absent_column(database: Database) -> None:
    database.execute("CREATE TABLE t (a int)")
    with pytest.raises(HeadraceError) as caught:
        read_all(database, "t", ["a", "gone"])
    assert caught.value.kind is COLUMN_NOT_FOUND
    assert "'gone'" in caught.value.detail


def test_a_table_without_columns(database: Database) -> None:
    database.execute("CREATE TABLE t ()")
    with pytest.raises(HeadraceError) as caught:
        read_all(database, "t")
    assert caught.value.kind is TABLE_EMPTY_OF_COLUMNS


def test_a_table_that_may_not_be_read(database: Database) -> None:
    database.execute("CREATE TABLE t (a int)")
    with user_without_rights(database) as (connection, credentials):
        connected = connect(connection, credentials, LOCAL)
        with (
            pytest.raises(HeadraceError) as caught,
            reading(connected, "t") as reader,
        ):
            list(reader)
        connected.close()
    assert caught.value.kind is PERMISSION_DENIED
    assert "public.t" in caught.value.detail


def test_a_value_that_does_not_fit_names_its_column(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (a int, b int, until date);"
        "INSERT INTO t VALUES (1, 2, '2020-01-01'), (1, 2, 'infinity')"
    )
    with pytest.raises(HeadraceError) as caught:
        read_all(database, "t")
    assert caught.value.kind is VALUE_NOT_CARRIED
    assert "public.t" in caught.value.detail
    assert "'until' (date)" in caught.value.detail


def test_a_column_that_may_not_be_read(database: Database) -> None:
    database.execute("CREATE TABLE t (a int, salary int); INSERT INTO t VALUES (1, 2)")
    with user_without_rights(database) as (connection, credentials):
        database.execute(f"GRANT SELECT (a) ON t TO {connection.user}")
        connected = connect(connection, credentials, LOCAL)
        with pytest.raises(HeadraceError) as caught, reading(connected, "t"):
            pass
        with reading(connected, "t", ["a"]) as reader:
            assert [batch.to_pylist() for batch in reader] == [[{"a": 1}]]
        connected.close()
    assert caught.value.kind is PERMISSION_DENIED
    assert "'salary'" in caught.value.detail
    assert "'a'" not in caught.value.detail


def test_a_view_that_raises_in_the_middle(database: Database) -> None:
    database.execute("CREATE VIEW v AS SELECT 1 / (n - 90000) FROM generate_series(1, 100000) n")
    with opened(database) as connected:
        with pytest.raises(HeadraceError) as caught, reading(connected, "v") as reader:
            list(reader)
        assert reader.bytes_received > 0
    assert caught.value.kind is DATABASE_ERROR
    assert "public.v" in caught.value.detail
    assert "22012" in caught.value.detail
    assert "division" not in caught.value.detail


def test_a_value_that_postgresql_itself_has_no_room_for(database: Database) -> None:
    database.execute("CREATE VIEW v AS SELECT repeat('xxxx', 1000000000) AS a")
    with pytest.raises(HeadraceError) as caught:
        read_all(database, "v")
    assert caught.value.kind is DATABASE_ERROR
    assert "public.v: a limit of PostgreSQL's is exceeded" in caught.value.detail


def test_bytes_that_are_no_text(database: Database) -> None:
    """A server that does not know its own encoding checks nothing."""
    name = f"{database.name}_ascii"
    database.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0")
    ascii_database = Database(database.server, name)
    try:
        ascii_database.execute("CREATE TABLE t (a text); INSERT INTO t VALUES (E'caf\\xe9')")
        with pytest.raises(HeadraceError) as caught:
            read_all(ascii_database, "t")
    finally:
        database.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert caught.value.kind is DATABASE_ERROR
    assert "public.t: a text holds bytes" in caught.value.detail
