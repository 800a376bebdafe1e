"""Describing a table."""

from __future__ import annotations

import pyarrow as pa
import pytest

from headrace.errors import PERMISSION_DENIED, TABLE_NOT_FOUND, HeadraceError
from headrace.sources import connect
from headrace.tables import TableDescription
from tests.conftest import LOCAL, Database, both_ends
from tests.sources.reading import opened, ref, user_without_rights

pytestmark = both_ends


def described(database: Database, name: str, sample_rows: int = 0) -> TableDescription:
    with opened(database) as connected:
        return connected.describe_table(ref(name), type_name=shout, sample_rows=sample_rows)


def shout(arrow_type: pa.DataType) -> str:
    """The destination's name for a type."""
    return str(arrow_type).upper()


def test_columns(database: Database) -> None:
    database.execute(
        """
        CREATE DOMAIN price AS numeric(10, 2) NOT NULL;
        CREATE TABLE t (
            id int GENERATED ALWAYS AS IDENTITY, p price,
            doubled int GENERATED ALWAYS AS (2) STORED,
            tags text[], boards int[][]
        );
        COMMENT ON COLUMN t.p IS 'in euros'
        """
    )
    identity, price, doubled, tags, boards = described(database, "t").columns
    assert (identity.nullable, identity.generated) == (False, False)
    assert price.source_type == "public.price"
    assert price.arrow_type == "decimal128(10, 2)"
    assert price.destination_type == "DECIMAL128(10, 2)"
    assert (price.nullable, price.comment, price.note) == (False, "in euros", None)
    assert (doubled.nullable, doubled.generated) == (True, True)
    assert tags.source_type == "text[]"
    assert (tags.arrow_type, tags.note) == ("list<element: string>", None)
    assert (boards.source_type, boards.arrow_type) == ("integer[]", "string")
    assert boards.note == "carried as text"


def test_indexes(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE t (a int, "B c" text, d int, PRIMARY KEY (d, a));
        CREATE UNIQUE INDEX u ON t (lower("B c"), a) INCLUDE (d);
        """
    )
    primary, unique = described(database, "t").indexes
    assert (primary.columns, primary.unique, primary.primary) == (("d", "a"), True, True)
    assert (unique.name, unique.columns) == ("u", ('lower("B c")', "a"))
    assert (unique.unique, unique.primary) == (True, False)


def test_foreign_keys(database: Database) -> None:
    database.execute(
        """
        CREATE SCHEMA s;
        CREATE TABLE s.parent (x int, y int, PRIMARY KEY (x, y)) PARTITION BY LIST (x);
        CREATE TABLE s.part PARTITION OF s.parent FOR VALUES IN (1);
        CREATE TABLE child (b int, a int, FOREIGN KEY (a, b) REFERENCES s.parent (x, y));
        """
    )
    (key,) = described(database, "child").foreign_keys
    assert key.columns == ("a", "b")
    assert key.references == ref("parent", "s")
    assert key.referenced_columns == ("x", "y")


def test_a_sample_is_text_as_the_database_writes_it(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE t (a int, b text, c timestamptz);
        INSERT INTO t VALUES (1, NULL, '2024-02-29 12:00+02'), (2, '', 'infinity');
        INSERT INTO t SELECT 3, repeat('x', 2000), NULL FROM generate_series(1, 9)
        """
    )
    sample = described(database, "t", sample_rows=99).sample
    assert sample is not None
    assert len(sample) == 5
    assert sample[0] == ("1", None, "2024-02-29 10:00:00+00")
    assert sample[1] == ("2", "", "infinity")
    assert sample[2] == ("3", "x" * 1000 + "…", None)


def test_no_sample_unless_asked_for(database: Database) -> None:
    database.execute("CREATE TABLE t (a int)")
    assert described(database, "t").sample is None
    assert described(database, "t", sample_rows=1).sample == ()


def test_a_partition_and_a_table_without_columns(database: Database) -> None:
    database.execute(
        "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE nothing ();"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)"
    )
    assert described(database, "p1").table.column_count == 1
    assert described(database, "nothing", sample_rows=5).columns == ()


def test_an_absent_table(database: Database) -> None:
    with pytest.raises(HeadraceError) as caught:
        described(database, "t")
    assert caught.value.kind is TABLE_NOT_FOUND


def test_only_a_sample_needs_the_right_to_read(database: Database) -> None:
    database.execute("CREATE TABLE t (a int)")
    with user_without_rights(database) as (connection, credentials):
        connected = connect(connection, credentials, LOCAL)
        assert not connected.describe_table(ref("t"), type_name=shout).table.readable
        with pytest.raises(HeadraceError) as caught:
            connected.describe_table(ref("t"), type_name=shout, sample_rows=1)
        connected.close()
    assert caught.value.kind is PERMISSION_DENIED
