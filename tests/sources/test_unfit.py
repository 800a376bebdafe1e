"""The policies for values that do not fit, a source's and those of its columns."""

from __future__ import annotations

import pytest

from headrace.errors import COLUMN_NOT_FOUND, HeadraceError
from headrace.model import UnfitPolicy
from tests.conftest import Database
from tests.sources.reading import opened, selected


def test_a_policy_for_a_column_that_is_not_there(database: Database) -> None:
    database.execute("CREATE TABLE t (a int)")
    selection = selected("t").model_copy(update={"unfit_columns": {"b": UnfitPolicy.NULL}})
    with (
        opened(database) as connected,
        pytest.raises(HeadraceError) as caught,
        connected.read(selection, UnfitPolicy.FAIL),
    ):
        pass
    assert caught.value.kind is COLUMN_NOT_FOUND


def test_a_column_departs_from_the_source_s_policy(database: Database) -> None:
    database.execute(
        "CREATE TABLE t (a date, b date, n int); INSERT INTO t VALUES ('infinity', 'infinity', 1)"
    )
    selection = selected("t").model_copy(update={"unfit_columns": {"b": UnfitPolicy.TEXT}})
    with (
        opened(database) as connected,
        connected.read(selection, UnfitPolicy.NULL) as reader,
    ):
        rows = [row for batch in reader for row in batch.to_pylist()]
        assert reader.unfit_counts == {"a": 1}
    assert rows == [{"a": None, "b": "infinity", "n": 1}]
