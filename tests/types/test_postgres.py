"""Each type of PostgreSQL, from a file of tests/types/postgres, all the way to DuckDB.

The table's description, the source's digest and a survey have to agree with what arrives.

A file has the SQL type, the Arrow type that carries it, its note if it has one, and values as SQL
and as they arrive; in `beyond` those that Python can't show, as the number that stands for them,
in `unfit` those that the Arrow type can't hold, and their text. NULL is tried for every type.
`given` declares another column, which is given the values instead. A file is tried on the oldest
and the newest server, `since` names the first that has the type, `needs` what the server has to
be built with.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from headrace import sources
from headrace.errors import VALUE_NOT_CARRIED, HeadraceError
from headrace.model import UnfitPolicy
from tests.conftest import Database
from tests.sources.reading import opened, read_all, ref, selected
from tests.types.carrying import (
    digested_alike,
    exact,
    from_duckdb,
    from_parquet,
    shown,
    staged,
    surveyed_alike,
)

CASES = {
    path.stem: tomllib.loads(path.read_text())
    for path in sorted((Path(__file__).parent / "postgres").glob("*.toml"))
}

# The fixtures of the servers, their versions, and what few servers are built with.
SERVERS: dict[str, tuple[int, frozenset[str]]] = {
    "postgres": (18, frozenset()),
    "oldest_postgres": (13, frozenset({"xml"})),
    "postgres_with_postgis": (15, frozenset({"postgis"})),
}


def trials(key: str) -> Iterator[Any]:
    """Each case that has the key, with each server that it is tried on."""
    for name, case in CASES.items():
        for server, (version, built_with) in SERVERS.items():
            needed = case.get("needs")
            fits = needed in built_with if needed else server != "postgres_with_postgis"
            if key in case and fits and version >= case.get("since", 0):
                yield pytest.param(server, case, id=f"{name}-{server}")


def over(key: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("database", "case"), list(trials(key)), indirect=["database"])


def make(database: Database, case: dict[str, Any]) -> None:
    given = f"{case['given']}, " if "given" in case else ""
    database.execute(
        f"{case.get('setup', '')};\nCREATE TABLE t (n serial, {given}v {case['type']})"
    )


def fill(database: Database, case: dict[str, Any], literals: Sequence[str]) -> None:
    column = case.get("given", "v").split()[0]
    rows = "".join(f"INSERT INTO t ({column}) VALUES ({literal});\n" for literal in literals)
    database.execute(f"TRUNCATE t; {rows}")


@over("values")
def test_all_values_arrive(database: Database, case: dict[str, Any], tmp_path: Path) -> None:
    beyond = case.get("beyond", {})
    make(database, case)
    fill(database, case, ["NULL", *case["values"], *beyond])

    table = read_all(database, "t", ["v"])

    column = table.column("v")
    assert str(column.type) == case["arrow"]
    within = column.slice(0, 1 + len(case["values"]))
    assert [shown(value) for value in within.to_pylist()] == [None, *case["values"].values()]
    assert exact(column)[len(within) :] == list(beyond.values())
    file = staged(table, tmp_path)
    assert exact(from_parquet(file).column("v")) == exact(column)
    assert exact(from_duckdb(file).column("v").cast(column.type)) == exact(column)
    with opened(database) as connected:
        described_alike(connected, case)
        digested_alike(connected, selected("t", ["v"]), UnfitPolicy.FAIL, tmp_path / "digested")
        surveyed_alike(connected, selected("t", ["v"]), len(table), 0)


def described_alike(connected: sources.Database, case: dict[str, Any]) -> None:
    described = connected.describe_table(ref("t"), type_name=str).columns[-1]
    assert described.arrow_type == case["arrow"]
    assert described.note == case.get("note")
    assert described.generated == ("GENERATED" in case["type"])


@over("unfit")
def test_values_that_do_not_fit(database: Database, case: dict[str, Any], tmp_path: Path) -> None:
    make(database, case)
    for literal, text in case["unfit"].items():
        fill(database, case, [literal, "NULL"])
        with pytest.raises(HeadraceError) as caught:
            read_all(database, "t")
        assert caught.value.kind is VALUE_NOT_CARRIED, literal
        assert "'v'" in caught.value.detail

        assert read_as(database, UnfitPolicy.NULL) == ([None, None], {"v": 1})
        assert read_as(database, UnfitPolicy.TEXT) == ([text, None], {})
    literals = [*case["unfit"], *case.get("values", {}), *case.get("beyond", {}), "NULL"]
    fill(database, case, literals)
    selection = selected("t", ["v"])
    with opened(database) as connected:
        for policy in (UnfitPolicy.NULL, UnfitPolicy.TEXT):
            chosen = selection.model_copy(update={"unfit_columns": {"v": policy}})
            digested_alike(connected, chosen, UnfitPolicy.FAIL, tmp_path / policy)
        surveyed_alike(connected, selection, len(literals), len(case["unfit"]))


def read_as(database: Database, policy: UnfitPolicy) -> tuple[list[Any], dict[str, int]]:
    selection = selected("t").model_copy(update={"unfit_columns": {"v": policy}})
    with opened(database) as connected, connected.read(selection, UnfitPolicy.FAIL) as reader:
        values = [value for batch in reader for value in batch.column("v").to_pylist()]
        return values, dict(reader.unfit_counts)
