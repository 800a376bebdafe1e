"""The page of types: each type that it names is one that a case tries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from headrace.generated import bigquery_source_types, mysql_types, postgres_types
from headrace.generated.type_rows import Row
from tests.types import test_bigquery, test_mysql, test_postgres

# No server of the tests has these: MySQL 9 and MariaDB 11.7 are the first with vectors.
UNTRIED = {"vector (MySQL 9, MariaDB 11.7)", "any other"}


@pytest.mark.parametrize(
    ("groups", "cases"),
    [
        (postgres_types.groups(), list(test_postgres.CASES)),
        (mysql_types.groups(), [path.stem for path in test_mysql.CASES]),
        (bigquery_source_types.groups(), list(test_bigquery.CASES)),
    ],
    ids=["postgres", "mysql", "bigquery"],
)
def test_every_type_has_a_case(groups: Mapping[str, Sequence[Row]], cases: list[str]) -> None:
    named = [row for rows in groups.values() for row in rows if row.name is not None]
    missing = {row.written for row in named if not tried(row.name or "", cases)}
    assert missing <= UNTRIED


def tried(name: str, cases: list[str]) -> bool:
    """Whether a case is called like the type, or by a longer name: `numeric_10_2`."""
    stem = name.rpartition(".")[2].replace("(", "_").rstrip(")")
    stem = f"{stem[1:]}_array" if stem.startswith("_") else stem
    return any(case == stem or case.startswith(f"{stem}_") for case in cases)
