"""A position that is forgotten: the rows stay, and only a window from the start may follow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headrace.destinations import Destination, Increment, Publication, Target
from headrace.errors import CHECKPOINT_MOVED, HeadraceError
from headrace.identity import Identity
from headrace.ids import new_id
from headrace.model import Window
from tests.destinations.staging import stage, table

ORDERS = Target("shop", "orders")


def bring(
    destination: Destination,
    rows: list[object],
    after: str | None,
    upto: str,
    database: Identity | None = None,
) -> None:
    """Publish rows as an increment of source s1."""
    run_id = new_id()
    window = Window(cursor=("id",), after=after, read_after=after, upto=upto)
    increment = Increment(window, database=database)
    staged = replace(stage(destination, run_id, table(id=rows)), increment=increment)
    destination.publish(Publication("m1", "s1", run_id, (staged,)))
    destination.discard(run_id)


def position(destination: Destination) -> str | None:
    (checkpoint,) = destination.checkpoints("m1", "s1")
    return checkpoint.position


def test_the_rows_stay_and_the_position_goes(destination: Destination) -> None:
    bring(destination, [1, 2], None, "2")
    assert position(destination) == "2"

    for _ in range(2):
        destination.forget("m1", "s1", Target("SHOP", "Orders"))

    assert position(destination) is None
    assert destination.count(ORDERS) == 2


def test_where_rows_come_from_is_kept_beside_them(destination: Destination) -> None:
    bring(destination, [1], None, "1")
    (checkpoint,) = destination.checkpoints("m1", "s1")
    assert checkpoint.database is None
    came_from = Identity(certain="1/2", likely=("db.example.com:5432",))

    bring(destination, [2], "1", "2", came_from)

    (checkpoint,) = destination.checkpoints("m1", "s1")
    assert checkpoint.database == came_from


def test_a_run_that_follows_what_was_forgotten_is_refused(destination: Destination) -> None:
    bring(destination, [1, 2], None, "2")
    destination.forget("m1", "s1", ORDERS)

    with pytest.raises(HeadraceError) as refused:
        bring(destination, [3], "2", "3")
    assert refused.value.kind is CHECKPOINT_MOVED

    bring(destination, [7], None, "7")
    assert destination.count(ORDERS) == 1
    assert position(destination) == "7"


def test_what_is_another_s_or_not_there_is_left(destination: Destination) -> None:
    destination.forget("m1", "s1", ORDERS)
    bring(destination, [1, 2], None, "2")
    destination.forget("m1", "s2", ORDERS)
    destination.forget("m1", "s1", Target("shop", "items"))
    assert position(destination) == "2"
