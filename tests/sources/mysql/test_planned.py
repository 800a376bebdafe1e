"""What a run asks a MariaDB database before it reads a row."""

from __future__ import annotations

import pytest

from headrace.errors import COLUMN_NOT_FOUND, HeadraceError
from headrace.model import UnfitPolicy
from tests.conftest import MariadbDatabase
from tests.sources.mysql.reading import opened, ref, selected


@pytest.mark.parametrize("policy", list(UnfitPolicy))
def test_the_schema_in_advance_is_the_reader_s(
    mariadb_database: MariadbDatabase, policy: UnfitPolicy
) -> None:
    mariadb_database.execute("CREATE TABLE t (a int, b decimal(10, 2), c timestamp, d date)")
    selection = selected(mariadb_database, "t", ["c", "b", "d"])
    with opened(mariadb_database) as connected:
        schema = connected.schema(selection, policy)
        with connected.read(selection, policy) as reader:
            assert schema.equals(reader.schema, check_metadata=True)
            assert list(reader) == []


def test_what_is_not_there_is_refused_in_advance(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int)")
    selection = selected(mariadb_database, "t", ["gone"])
    with opened(mariadb_database) as connected, pytest.raises(HeadraceError) as raised:
        connected.schema(selection, UnfitPolicy.FAIL)
    assert raised.value.kind is COLUMN_NOT_FOUND


def test_chosen_tables_alone_are_listed(mariadb_database: MariadbDatabase) -> None:
    mariadb_database.execute("CREATE TABLE t (a int); CREATE TABLE other (a int)")
    chosen = [ref(mariadb_database, "gone"), ref(mariadb_database, "t")]
    with opened(mariadb_database) as connected:
        whole = {table.table_name: table for table in connected.list_tables()}
        assert list(connected.list_tables(chosen)) == [whole["t"]]
        assert list(connected.list_tables([])) == []
