"""A survey finds in a sample what reading would refuse: each type of PostgreSQL."""

from __future__ import annotations

from typing import Any

from headrace.model import UnfitPolicy
from headrace.sources.survey import MAX_ROWS
from tests.conftest import Database
from tests.sources.reading import opened, selected
from tests.types.test_postgres import fill, make, over


@over("values")
def test_values_that_would_be_refused_are_found(database: Database, case: dict[str, Any]) -> None:
    values = [*case["values"], *case.get("beyond", {}), *case.get("unfit", {}), "NULL"]
    make(database, case)
    fill(database, case, values)
    selection = selected("t", ["v"])

    with opened(database) as connected:
        survey = connected.survey(selection, UnfitPolicy.NULL, MAX_ROWS)
        with connected.read(selection, UnfitPolicy.NULL) as reader:
            list(reader)

    ((subject, found),) = survey.columns
    assert (survey.rows, survey.whole) == (len(values), True)
    assert subject.arrow == reader.schema.field("v").type
    if subject.takes_decimal:  # and none was chosen: text holds what no decimal does
        assert (subject.unfit, reader.unfit_counts) == (None, {})
    else:
        assert found.unfit_rows == reader.unfit_counts.get("v", 0) == len(case.get("unfit", {}))
        assert bool(subject.cases) == bool(subject.unfit)
