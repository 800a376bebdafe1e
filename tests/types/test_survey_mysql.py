"""A survey finds in a sample what reading would refuse: each type of MariaDB."""

from __future__ import annotations

from typing import Any

from headrace.model import UnfitPolicy
from headrace.sources.survey import MAX_ROWS
from tests.conftest import MariadbDatabase
from tests.sources.mysql.reading import opened, selected
from tests.types.test_mysql import case, fill

__all__ = ["case"]


def test_values_that_would_be_refused_are_found(
    mariadb_database: MariadbDatabase, case: dict[str, Any]
) -> None:
    unfit = [*case.get("unfit", {}), *case.get("invalid", [])]
    values = [*case["values"], *unfit, "NULL"]
    fill(mariadb_database, *values)
    selection = selected(mariadb_database, "t", ["v"])

    with opened(mariadb_database) as connected:
        survey = connected.survey(selection, UnfitPolicy.NULL, MAX_ROWS)
        with connected.read(selection, UnfitPolicy.NULL) as reader:
            list(reader)

    ((subject, found),) = survey.columns
    assert (survey.rows, survey.whole) == (len(values), True)
    assert subject.arrow == reader.schema.field("v").type
    assert found.unfit_rows == reader.unfit_counts.get("v", 0) == len(unfit)
    assert bool(subject.cases) == bool(subject.unfit)
