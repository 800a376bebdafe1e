"""What a run asks a PostgreSQL database before it reads a row."""

from __future__ import annotations

import pytest

from headrace.errors import COLUMN_NOT_FOUND, TABLE_NOT_FOUND, HeadraceError, Kind
from headrace.model import Selection, UnfitPolicy
from tests.conftest import Database
from tests.sources.reading import opened, ref, selected


@pytest.mark.parametrize("policy", list(UnfitPolicy))
def test_the_schema_in_advance_is_the_reader_s(database: Database, policy: UnfitPolicy) -> None:
    database.execute("CREATE TABLE t (a int, b numeric(10, 2), c timestamptz, d date)")
    selection = selected("t", ["c", "b", "d"])
    with opened(database) as connected:
        schema = connected.schema(selection, policy)
        with connected.read(selection, policy) as reader:
            assert schema.equals(reader.schema, check_metadata=True)
            assert list(reader) == []


@pytest.mark.parametrize(
    ("selection", "kind"),
    [(selected("gone"), TABLE_NOT_FOUND), (selected("t", ["gone"]), COLUMN_NOT_FOUND)],
)
def test_what_is_not_there_is_refused_in_advance(
    database: Database, selection: Selection, kind: Kind
) -> None:
    database.execute("CREATE TABLE t (a int)")
    with opened(database) as connected, pytest.raises(HeadraceError) as raised:
        connected.schema(selection, UnfitPolicy.FAIL)
    assert raised.value.kind is kind


def test_tables_that_are_not_there_are_not_listed(database: Database) -> None:
    database.execute("CREATE TABLE t (a int); CREATE TABLE other (a int)")
    with opened(database) as connected:
        assert [str(table) for table in connected.list_tables([ref("gone"), ref("t")])] == [
            "public.t"
        ]
        assert list(connected.list_tables([])) == []
