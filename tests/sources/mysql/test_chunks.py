"""Chunks of MariaDB tables: together they are the table, whatever its key is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from uuid import uuid4

import pytest

from devservers import mariadb as devmariadb
from devservers.mariadb import MariadbServer
from headrace import sources
from headrace.chunks import WHOLE, Chunk
from headrace.errors import COLUMN_NOT_FOUND, TABLE_CHANGED, HeadraceError
from headrace.model import Selection, UnfitPolicy, Window
from headrace.sources.mysql.chunks import condition
from headrace.tables import Mode
from tests.conftest import LOCAL, MariadbDatabase
from tests.sources.mysql.reading import opened, selected, user_without_rights

ROWS = 20_000
CHUNK = 2000

# Words that collations order differently, or take for the same, each before a number.
WORDS = ("", "a", "A", "b ", "\N{GRINNING FACE}", "it''s", 'a"b', "c:\\\\\\\\d", "ß", "Z", "%s")
_WORD = "ELT(seq % {} + 1, {})".format(len(WORDS), ", ".join(f"'{word}'" for word in WORDS))

# By name: the key's columns, the key, and a row's values by the number `seq`.
TABLES = {
    "holes and negatives": ("k int", "k", "CAST(seq * seq AS SIGNED) - 2000000"),
    "unsigned": ("k bigint unsigned", "k", "18446744073709551615 - (seq - 1) * 922337203685477"),
    "skewed": ("k bigint", "k", "IF(seq % 100, seq, seq * 461168601842738)"),
    "zerofill": ("k mediumint zerofill", "k", "seq * 7"),
    "composite": ("tenant int, k bigint", "tenant, k", "FLOOR(SQRT(seq) / 20), seq * 3"),
    "one tenant": ("tenant int, k int", "tenant, k", "7, seq"),
    "two tenants": ("tenant int, k int", "tenant, k", "seq % 2 + 6, seq"),
    "three columns": (
        "a varchar(9), b date, c tinyint",
        "a, b, c",
        "ELT(seq % 3 + 1, 'x', 'Y', ''), '2024-02-27' + INTERVAL seq DIV 50 DAY, seq % 50",
    ),
    "general": (
        "k varchar(60) COLLATE utf8mb4_general_ci",
        "k",
        f"IF(seq = 9, '', CONCAT({_WORD}, seq, ' '))",
    ),
    "bin": (
        "k varchar(60) COLLATE utf8mb4_bin", "k", f"IF(seq = 9, '', CONCAT({_WORD}, seq, '  '))"
    ),
    "nopad": ("k varchar(60) COLLATE utf8mb4_nopad_bin", "k", f"CONCAT(seq DIV 2, {_WORD}, seq)"),
    "unicode": ("k char(60) COLLATE utf8mb4_unicode_ci", "k", f"CONCAT({_WORD}, MD5(seq))"),
    "common beginning": ("k varchar(60)", "k", "CONCAT('Customer-', LPAD(seq, 9, '0'))"),
    "latin1": ("k varchar(60) CHARACTER SET latin1", "k", "CONCAT(CHAR(seq % 200 + 40), 'é', seq)"),
    "utf16": ("k varchar(60) CHARACTER SET utf16", "k", "CONCAT('ж', seq)"),
    "gbk": ("k varchar(60) CHARACTER SET gbk", "k", "CONCAT('汉', seq)"),
    "words alone": (
        "k varchar(60) COLLATE utf8mb4_general_ci, n int", "k, n", f"{_WORD}, seq"
    ),
    "binary": ("k binary(16)", "k", "UNHEX(MD5(seq))"),
    "varbinary": ("k varbinary(40)", "k", "IF(seq = 1, '', CONCAT(CHAR(seq % 256), seq, CHAR(0)))"),
    "uuid": ("k uuid", "k", "UUID()"),
    "decimal": ("k decimal(65, 30)", "k", "(CAST(seq AS SIGNED) - 9000) * 1.00000000000000000001"),
    "whole decimal": ("k decimal(30)", "k", "CAST(seq AS DECIMAL) * 10000000000000000"),
    "date": ("k date, n int", "k, n", "'2023-12-30' + INTERVAL seq DIV 9 DAY, seq"),
    "zero dates": (
        "k date, n int", "k, n", "IF(seq % 5, '2024-01-01' + INTERVAL seq DAY, '0000-00-00'), seq"
    ),
    "datetime": ("k datetime(6)", "k", "'2024-02-28' + INTERVAL seq * 86401.000001 SECOND"),
    "timestamp": ("k timestamp(3)", "k", "FROM_UNIXTIME(seq * 100000.125)"),
    "unique": ("v int, k int NOT NULL, UNIQUE (v)", "UNIQUE k", "NULL, seq * 2"),
}  # fmt: skip


def make(database: MariadbDatabase, name: str, columns: str, key: str, values: str) -> None:
    """A table with that key, a number in each row, and fresh statistics."""
    unique = key.removeprefix("UNIQUE ")
    kept = f"UNIQUE ({unique})" if key != unique else f"PRIMARY KEY ({unique})"
    database.execute(
        "SET sql_mode = '', time_zone = '+00:00', collation_connection = utf8mb4_bin;"
        f"CREATE TABLE `{name}` (place int, {columns}, {kept}, filler char(20));"
        f"INSERT INTO `{name}` SELECT seq, {values}, 'filler' FROM seq_1_to_{ROWS};"
        f"ANALYZE TABLE `{name}`"
    )


@pytest.fixture(scope="module")
def tables(mariadb: MariadbServer) -> Iterator[MariadbDatabase]:
    """A database with all of `TABLES`."""
    database = MariadbDatabase(mariadb, f"test_{uuid4().hex}")
    mariadb.execute(f"CREATE DATABASE {database.name}")
    for name, table in TABLES.items():
        make(database, name, *table)
    yield database
    mariadb.execute(f"DROP DATABASE {database.name}")


@pytest.fixture
def numbers(mariadb_database: MariadbDatabase) -> Selection:
    """A table with an integer key."""
    make(mariadb_database, "t", "k int, c int", "k", "seq * 3, seq % 1000")
    return selected(mariadb_database, "t", ["place"])


def parts(
    database: MariadbDatabase,
    selection: Selection,
    chunks: Sequence[Chunk],
    window: Window | None = None,
) -> list[list[int]]:
    """The numbers of the rows of each chunk, read over another connection."""
    found = []
    with opened(database) as connected:
        for chunk in chunks:
            with connected.read(selection, UnfitPolicy.FAIL, window, chunk) as reader:
                found.append([n for batch in reader for n in batch.column(0).to_pylist()])
    return found


def sizes(
    database: MariadbDatabase, selection: Selection, chunks: Sequence[Chunk], rows: int = ROWS
) -> list[int]:
    """The chunks' numbers of rows, after each of the table's was found in one of them."""
    found = parts(database, selection, chunks)
    assert Counter(n for part in found for n in part) == Counter(range(1, rows + 1))
    return [len(part) for part in found]


@pytest.mark.parametrize("name", TABLES)
def test_each_row_is_in_one_chunk(tables: MariadbDatabase, name: str) -> None:
    selection = selected(tables, name, ["place"])
    with opened(tables) as connected:
        chunks = connected.chunks(selection, CHUNK)
        assert 7 <= len(chunks) <= 20
        assert (chunks[0].after, chunks[-1].upto) == (None, None)
        assert all(one.upto == other.after for one, other in pairwise(chunks))
        assert max(sizes(tables, selection, chunks)) <= 5 * CHUNK  # by estimates, of a sample
        (whole,) = connected.chunks(selection, ROWS)
        assert whole.whole


@pytest.mark.parametrize("name", TABLES)
def test_a_chunk_that_is_too_large_is_cut(tables: MariadbDatabase, name: str) -> None:
    """As far too large as thirty times the rows that it shall have, by every kind of key."""
    selection = selected(tables, name, ["place"])
    with opened(tables) as connected:
        *_, last = connected.chunks(selection, CHUNK)
        large = last.model_copy(update={"after": None})
        chunks = connected.split(selection, large, ROWS // 30)
        assert connected.split(selection, large, ROWS // 10) == (large,)
    found = sizes(tables, selection, chunks)
    # Rows whose key has no constant, such as zero dates, stay with those that follow.
    assert len(found) >= 24
    assert Counter(found).most_common(1)[0][0] == ROWS // 30
    assert found[-1] > 0


@pytest.mark.parametrize("name", TABLES)
def test_a_chunk_is_a_range_of_the_key_s_index(tables: MariadbDatabase, name: str) -> None:
    selection = selected(tables, name, ["place"])
    with opened(tables) as connected:
        session = connected._session  # type: ignore[attr-defined]
        for chunk in connected.chunks(selection, CHUNK):
            found = condition(session, selection, chunk)
            sql = f"EXPLAIN SELECT * FROM `{tables.name}`.`{name}` WHERE {found}"
            (step,) = session.records("Planning", sql)
            assert (step["type"], step["key"]) == ("range", "k" if name == "unique" else "PRIMARY")
            assert int(step["rows"]) < ROWS / 2 - 1  # bounded at both ends


def test_a_window_and_a_chunk_together(
    mariadb_database: MariadbDatabase, numbers: Selection
) -> None:
    selection = numbers.model_copy(update={"mode": Mode.APPEND, "cursor": ("c",)})
    with opened(mariadb_database) as connected:
        window = connected.window(selection, None).model_copy(update={"upto": "249"})
        chunks = connected.chunks(selection, CHUNK)
    found = parts(mariadb_database, selection, chunks, window)
    assert len(found) > 5
    assert sorted(n for part in found for n in part) == [
        n for n in range(1, ROWS + 1) if n % 1000 < 250
    ]


@pytest.mark.parametrize(
    "options",
    [
        "(place int, k int)",  # no key
        "(place int, k int, UNIQUE (k))",  # may be NULL
        "(place int, k int, KEY (k))",
        "(place int, k int, PRIMARY KEY (k)) ENGINE = MyISAM",  # no snapshot
        "(place int, k int, PRIMARY KEY (k)) ENGINE = Aria",
        "(place int, k int, PRIMARY KEY (k)) ENGINE = MEMORY",
        "(place int, k float, PRIMARY KEY (k))",
        "(place int, k varchar(40), PRIMARY KEY (k(3)))",
        "(place int, k enum('1', '2'), l int DEFAULT 0, PRIMARY KEY (k, place))",
    ],
)
def test_what_can_t_be_cut_is_one_chunk(mariadb_database: MariadbDatabase, options: str) -> None:
    rows = 900
    mariadb_database.execute(
        f"SET sql_mode = ''; CREATE TABLE t {options};"
        f"INSERT INTO t (place, k) SELECT seq, seq FROM seq_1_to_{rows}; ANALYZE TABLE t"
    )
    selection = selected(mariadb_database, "t", ["place"])
    with opened(mariadb_database) as connected:
        assert connected.chunks(selection, 90) == (WHOLE,)
        assert connected.split(selection, WHOLE, 9) == (WHOLE,)
    assert sizes(mariadb_database, selection, [WHOLE], rows) == [rows]


@pytest.mark.usefixtures("numbers")
def test_a_view_is_one_chunk(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE VIEW v AS SELECT * FROM t")
    with opened(mariadb_database) as connected:
        assert connected.chunks(selected(mariadb_database, "v"), CHUNK) == (WHOLE,)


def test_a_key_that_may_not_be_read_cuts_nothing(
    mariadb_database: MariadbDatabase, numbers: Selection
) -> None:
    with user_without_rights(mariadb_database) as (connection, credentials):
        mariadb_database.execute(f"GRANT SELECT (place) ON t TO {connection.user}")
        with closing(sources.connect(connection, credentials, LOCAL)) as connected:
            assert connected.chunks(numbers, CHUNK) == (WHOLE,)
            with connected.read(numbers, UnfitPolicy.FAIL) as reader:
                assert sum(batch.num_rows for batch in reader) == ROWS
        mariadb_database.execute(f"GRANT SELECT (k) ON t TO {connection.user}")
        with closing(sources.connect(connection, credentials, LOCAL)) as connected:
            assert len(connected.chunks(numbers, CHUNK)) > 5


def test_names_in_backticks_and_mixed_case(mariadb_database: MariadbDatabase) -> None:
    columns = "place int, `Te``nant %s` int, `id \"'` int"
    mariadb_database.execute(
        f"CREATE TABLE `T``a %d` ({columns}, PRIMARY KEY (`Te``nant %s`, `id \"'`));"
        f"INSERT INTO `T``a %d` SELECT seq, seq % 7, seq FROM seq_1_to_{ROWS};"
        "ANALYZE TABLE `T``a %d`"
    )
    selection = selected(mariadb_database, "T`a %d", ["place"])
    with opened(mariadb_database) as connected:
        chunks = connected.chunks(selection, CHUNK)
        assert chunks[0].columns == ("Te`nant %s", "id \"'")
        large = chunks[0].model_copy(update={"upto": None})
        smaller = connected.split(selection, large, ROWS // 30)
    assert len(sizes(mariadb_database, selection, chunks)) > 5
    assert len(sizes(mariadb_database, selection, smaller)) == 31


def test_the_columns_before_one_that_can_t_be_compared_cut(
    mariadb_database: MariadbDatabase,
) -> None:
    values = "seq DIV 2, seq % 2 + 1"
    make(mariadb_database, "t", "k int, e enum('a', 'b')", "k, e", values)
    selection = selected(mariadb_database, "t", ["place"])
    with opened(mariadb_database) as connected:
        chunks = connected.chunks(selection, CHUNK)
        smaller = connected.split(selection, Chunk(columns=("k",)), ROWS // 30)
    assert chunks[0].columns == ("k",)
    assert len(sizes(mariadb_database, selection, chunks)) > 5
    assert len(sizes(mariadb_database, selection, smaller)) >= 30


def test_partitions_and_rows_of_several_versions(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (place int, k int PRIMARY KEY) WITH SYSTEM VERSIONING;"
        f"INSERT INTO t SELECT seq, seq FROM seq_1_to_{ROWS}; DELETE FROM t WHERE k = 3;"
        "INSERT INTO t VALUES (3, 3);"
        "CREATE TABLE p (place int, k int PRIMARY KEY) PARTITION BY HASH (k) PARTITIONS 4;"
        f"INSERT INTO p SELECT seq, seq FROM seq_1_to_{ROWS}; ANALYZE TABLE t, p"
    )
    for name in ("t", "p"):
        selection = selected(mariadb_database, name, ["place"])
        with opened(mariadb_database) as connected:
            chunks = connected.chunks(selection, CHUNK)
        assert len(sizes(mariadb_database, selection, chunks)) > 5


def test_statistics_that_say_anything() -> None:
    """Each row is in one chunk, and what is too large is seen."""
    server = devmariadb.temporary_server(innodb_stats_auto_recalc="OFF")
    believed = {"none": 0, "one": 1, "many": 10**9, "most": 10**12}
    try:
        database = MariadbDatabase(server.start(), "shop")
        server.execute("CREATE DATABASE shop")
        for name, rows in believed.items():
            make(database, name, "k int", "k", "seq * 3")
            sql = f"UPDATE mysql.innodb_table_stats SET n_rows = {rows}"
            server.execute(f"{sql} WHERE table_name = '{name}'")
        server.stop()
        server.start()
        for name, rows in believed.items():
            selection = selected(database, name, ["place"])
            with opened(database) as connected:
                chunks = connected.chunks(selection, CHUNK)
                smaller = connected.split(selection, Chunk(columns=("k",)), ROWS // 30)
                if rows <= 1:
                    assert connected.split(selection, chunks[0], ROWS // 30) == smaller
            assert (len(chunks) > 1) == (rows > 1)
            assert len(chunks) <= 4096
            assert sum(sizes(database, selection, chunks)) == ROWS
            assert len(sizes(database, selection, smaller)) == 31
    finally:
        server.remove()


def test_a_table_of_as_many_rows_as_numbers_is_not_split(
    mariadb_database: MariadbDatabase, numbers: Selection
) -> None:
    mariadb_database.execute("UPDATE t SET k = k DIV 3")
    with opened(mariadb_database) as connected:
        whole = Chunk(columns=("k",))
        assert connected.split(numbers, whole, ROWS // 10) == (whole,)
        assert len(connected.split(numbers, whole, ROWS // 10 - 1)) == 11


def test_numbers_that_are_not_all_of_a_key_may_be_there_more_than_once(
    mariadb_database: MariadbDatabase,
) -> None:
    make(mariadb_database, "t", "k int, f float", "k, f", "seq % 20, seq")
    selection = selected(mariadb_database, "t", ["place"])
    with opened(mariadb_database) as connected:
        (whole,) = connected.chunks(selection, ROWS)
        parts = connected.split(selection, whole, 500)
    assert whole.columns == ("k",)
    assert sizes(mariadb_database, selection, parts) == [1000] * 20 + [0]


def test_most_chunks(mariadb_database: MariadbDatabase, numbers: Selection) -> None:
    with opened(mariadb_database) as connected:
        assert 1500 < len(connected.chunks(numbers, 1)) <= 4096
        assert len(connected.split(numbers, Chunk(columns=("k",)), 1)) == 4096


def test_what_another_type_s_bounds_say(mariadb_database: MariadbDatabase) -> None:
    """The table was altered since it was cut; nothing that a bound holds is taken for SQL."""
    mariadb_database.execute("CREATE TABLE t (k int PRIMARY KEY, d date, c char(3), n decimal)")
    for column, bound, kind in (
        ("k", "1 OR TRUE", TABLE_CHANGED),
        ("k", "1.5", TABLE_CHANGED),
        ("d", "2024-02-30' OR '1", TABLE_CHANGED),
        ("c", "x' OR TRUE", TABLE_CHANGED),
        ("n", "1e5", TABLE_CHANGED),
        ("gone", "1", COLUMN_NOT_FOUND),
    ):
        chunk = Chunk(columns=(column,), after=(bound,))
        with (
            opened(mariadb_database) as connected,
            pytest.raises(HeadraceError) as raised,
            connected.read(selected(mariadb_database, "t"), UnfitPolicy.FAIL, chunk=chunk),
        ):
            pass
        assert raised.value.kind is kind
