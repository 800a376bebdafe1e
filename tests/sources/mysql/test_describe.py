"""Describing a table."""

from __future__ import annotations

import pyarrow as pa
import pytest

from headrace.errors import PERMISSION_DENIED, TABLE_NOT_FOUND, HeadraceError
from headrace.sources import connect
from headrace.tables import TableDescription
from tests.conftest import LOCAL, MariadbDatabase
from tests.sources.mysql.reading import opened, ref, user_without_rights


def described(database: MariadbDatabase, name: str, sample_rows: int = 0) -> TableDescription:
    with opened(database) as connected:
        return connected.describe_table(
            ref(database, name), type_name=shout, sample_rows=sample_rows
        )


def shout(arrow_type: pa.DataType) -> str:
    """The destination's name for a type."""
    return str(arrow_type).upper()


def test_columns(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        """
        CREATE TABLE t (
            id int AUTO_INCREMENT PRIMARY KEY, p decimal(10,2) NOT NULL COMMENT 'in euros',
            doubled int AS (2 * p) STORED, virtual int AS (3 * p), hidden int INVISIBLE,
            wide decimal(65,30), odd enum('a /* b */', 'unsigned')
        )
        """
    )
    identity, price, doubled, virtual, hidden, wide, odd = described(mariadb_database, "t").columns
    assert (identity.nullable, identity.generated) == (False, False)
    assert price.source_type == "decimal(10,2)"
    assert price.arrow_type == "decimal128(10, 2)"
    assert price.destination_type == "DECIMAL128(10, 2)"
    assert (price.nullable, price.comment, price.note) == (False, "in euros", None)
    assert (doubled.nullable, doubled.generated, virtual.generated) == (True, True, True)
    assert (hidden.name, hidden.generated) == ("hidden", False)
    assert (wide.arrow_type, wide.note) == (
        "string",
        "carried as text: decimals hold at most 38 digits",
    )
    assert odd.source_type == "enum('a /* b */','unsigned')"


def test_indexes(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (a int, `B c` varchar(99), d int, PRIMARY KEY (d, a),"
        "UNIQUE KEY u (`B c`(5), a), KEY `a key` (a))"
    )
    primary, plain, unique = described(mariadb_database, "t").indexes
    assert (primary.columns, primary.unique, primary.primary) == (("d", "a"), True, True)
    assert (plain.name, plain.columns, plain.unique) == ("a key", ("a",), False)
    assert (unique.columns, unique.unique, unique.primary) == (("B c", "a"), True, False)


def test_foreign_keys(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE parent (x int, y int, PRIMARY KEY (x, y));"
        "CREATE TABLE child (b int, a int,"
        "CONSTRAINT k FOREIGN KEY (a, b) REFERENCES parent (x, y))"
    )
    (key,) = described(mariadb_database, "child").foreign_keys
    assert (key.name, key.columns) == ("k", ("a", "b"))
    assert key.references == ref(mariadb_database, "parent")
    assert key.referenced_columns == ("x", "y")


def test_a_sample_is_text(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        """
        SET sql_mode = '';
        CREATE TABLE t (
            a float, b text, c timestamp NULL, d date, e blob, f bit(9), g decimal(65,30), h year
        );
        INSERT INTO t VALUES
            (16777215, NULL, FROM_UNIXTIME(1), '0000-00-00', 0x00ff, 256, 0.5, 2024),
            (NULL, '', NULL, NULL, '', NULL, NULL, NULL);
        INSERT INTO t (b, e) SELECT repeat('é', 2000), repeat('x', 2000) FROM seq_1_to_9
        """
    )
    sample = described(mariadb_database, "t", sample_rows=99).sample
    assert sample is not None
    assert len(sample) == 5
    assert sample[0] == (
        "16777215",
        None,
        "1970-01-01 00:00:01",
        "0000-00-00",
        "00ff",
        "256",
        "0.500000000000000000000000000000",
        "2024",
    )
    assert sample[1][1] == sample[1][4] == ""
    assert sample[2][1] == "é" * 1000 + "…"
    assert sample[2][4] == "78" * 500 + "…"


@pytest.mark.parametrize("character_set", ["utf8mb3", "ascii", "latin1", "cp1251", "sjis", "utf16"])
def test_a_sample_of_text_in_any_character_set(
    mariadb_database: MariadbDatabase, character_set: str
) -> None:
    """Cut by its characters: half of one would be no text."""
    letter = {"ascii": "x", "latin1": "é", "sjis": "漢"}.get(character_set, "Ж")
    mariadb_database.execute(
        f"CREATE TABLE t (a text, b enum('{letter}', 'y')) CHARACTER SET {character_set};"
        f"INSERT INTO t VALUES (repeat('{letter}', 1000), '{letter}'),"
        f"(repeat('{letter}', 2000), NULL)"
    )
    assert described(mariadb_database, "t", sample_rows=2).sample == (
        (letter * 1000, letter),
        (letter * 1000 + "…", None),
    )


def test_no_sample_unless_asked_for(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int)")
    assert described(mariadb_database, "t").sample is None
    assert described(mariadb_database, "t", sample_rows=1).sample == ()


def test_names_that_differ_in_case_alone(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute(
        "CREATE TABLE t (a int, KEY i (a)); CREATE TABLE T (b int PRIMARY KEY, c int)"
    )
    lower, upper = (described(mariadb_database, name) for name in ("t", "T"))
    assert [column.name for column in lower.columns] == ["a"]
    assert [index.name for index in lower.indexes] == ["i"]
    assert (upper.table.table_name, upper.table.primary_key) == ("T", ("b",))
    assert [index.name for index in upper.indexes] == ["PRIMARY"]


def test_an_absent_table(mariadb_database: MariadbDatabase) -> None:
    with pytest.raises(HeadraceError) as caught:
        described(mariadb_database, "t")
    assert caught.value.kind is TABLE_NOT_FOUND


def test_only_a_sample_needs_the_right_to_read(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int)")
    table = ref(mariadb_database, "t")
    with user_without_rights(mariadb_database) as (connection, credentials):
        mariadb_database.execute(f"GRANT INSERT ON t TO {connection.user}")
        connected = connect(connection, credentials, LOCAL)
        assert not connected.describe_table(table, type_name=shout).table.readable
        with pytest.raises(HeadraceError) as caught:
            connected.describe_table(table, type_name=shout, sample_rows=1)
        connected.close()
    assert caught.value.kind is PERMISSION_DENIED
