"""What is said of a table's layout, and how a command says it."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.cli.layout import partitioning
from headrace.errors import INVALID_INPUT, HeadraceError
from headrace.layout import Granularity, Layout, LayoutUse, NumberRange, Partitioning
from headrace.model import Selection
from headrace.validation import requested

RANGE = NumberRange(start=0, end=1000, interval=10)


@pytest.mark.parametrize(
    ("chosen", "wrong"),
    [
        ({"partition_by": {"column": "at"}}, {"partition_by": "either"}),
        (
            {"partition_by": {"column": "a", "granularity": "day", "range": RANGE.model_dump()}},
            {"partition_by": "either"},
        ),
        (
            {"partition_by": {"column": "at", "granularity": "week"}, "cluster_by": ["a", "a"]},
            {"partition_by.granularity": "'month'", "cluster_by": "twice"},
        ),
        (
            {"partition_by": {"column": "n", "range": {"start": 5, "end": 5, "interval": 0}}},
            {"partition_by.range.end": "greater", "partition_by.range.interval": "at least 1"},
        ),
        (
            {"partition_by": {"column": "n", "range": {"start": 0, "end": 10001, "interval": 1}}},
            {"partition_by.range.interval": "more than 10,000 partitions"},
        ),
        ({"cluster_by": list("abcde")}, {"cluster_by": "takes at most 4"}),
        (
            {
                "columns": ["id"],
                "partition_by": {"column": "at", "granularity": "day"},
                "cluster_by": ["id", "note"],
            },
            {"partition_by": "not all of its columns are taken: at", "cluster_by": "taken: note"},
        ),
    ],
)
def test_a_wrong_layout_names_its_fields(chosen: dict[str, Any], wrong: dict[str, str]) -> None:
    with pytest.raises(HeadraceError) as raised:
        requested(Selection, schema_name="public", table_name="orders", **chosen)

    assert raised.value.kind is INVALID_INPUT
    found = {field.path: field.message for field in raised.value.fields}
    assert found.keys() == wrong.keys()
    for path, words in wrong.items():
        assert words in found[path]


def test_what_columns_have_to_do_for_a_layout() -> None:
    by_hour = Partitioning(column="at", granularity=Granularity.HOUR)
    assert Layout(by_hour, ("a", "b")).uses == (
        ("at", LayoutUse.HOUR),
        ("a", LayoutUse.CLUSTER),
        ("b", LayoutUse.CLUSTER),
    )
    assert Layout(Partitioning(column="n", range=RANGE)).uses == (("n", LayoutUse.RANGE),)
    assert Layout().uses == ()


def test_how_a_command_writes_it() -> None:
    assert partitioning(None) is None
    assert partitioning("a=b=month") == Partitioning(column="a=b", granularity=Granularity.MONTH)
    by_number = NumberRange(start=-5, end=1000, interval=10)
    assert partitioning("n=-5,1000,10") == Partitioning(column="n", range=by_number)


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("at", "--partition-by"),
        ("at=week", "--partition-by"),
        ("=day", "--partition-by"),
        ("n=1,2", "--partition-by"),
        ("n=5,1,1", "range.end"),
    ],
)
def test_what_a_command_writes_wrong(written: str, path: str) -> None:
    with pytest.raises(HeadraceError) as raised:
        partitioning(written)

    assert raised.value.kind is INVALID_INPUT
    assert raised.value.fields[0].path == path
