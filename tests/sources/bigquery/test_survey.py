"""What a survey says of a table's first rows."""

from __future__ import annotations

from typing import Any

from headrace.model import DecimalType, UnfitPolicy
from tests.sources.bigquery.warehouse import Warehouse, opened, selected


def test_a_table_is_surveyed(warehouse: Warehouse) -> None:
    warehouse.execute(
        "CREATE TABLE t AS SELECT 1 AS id, BIGNUMERIC '12.345' AS v, 'abc' AS s "
        "UNION ALL SELECT 2, BIGNUMERIC '1', 'é'"
    )
    chosen: Any = {"decimal_columns": {"v": DecimalType(precision=3, scale=2)}}
    with opened(warehouse) as database:
        plain = database.survey(selected("t"), UnfitPolicy.FAIL, 100)
        narrow = database.survey(selected("t", **chosen), UnfitPolicy.FAIL, 100)
        one = database.survey(selected("t", ["id"]), UnfitPolicy.FAIL, 1)

    assert (plain.rows, plain.whole, plain.random) == (2, True, False)
    found = {subject.name: (subject, result) for subject, result in plain.columns}
    assert found["v"][0].takes_decimal
    assert found["v"][1].digits == (2, 3)
    assert found["s"][1].size == 3
    _, wrong = {subject.name: (subject, result) for subject, result in narrow.columns}["v"]
    assert wrong.unfit_rows == 1
    assert wrong.by_label == {
        "more than 1 digit before the point": 1,
        "more than 2 digits after the point": 1,
    }
    assert (one.rows, one.whole) == (1, False)


def test_a_view_is_surveyed_by_a_limited_statement(warehouse: Warehouse) -> None:
    warehouse.execute("CREATE VIEW v AS SELECT id FROM UNNEST(GENERATE_ARRAY(1, 10)) AS id")
    with opened(warehouse) as database:
        found = database.survey(selected("v"), UnfitPolicy.FAIL, 3)
    assert (found.rows, found.whole, found.estimated_rows) == (3, False, None)
