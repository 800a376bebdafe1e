"""What every destination does."""

from __future__ import annotations

import pyarrow as pa
import pytest

from headrace.destinations import SCHEMES, Destination, Publication, PublishTime, Target
from headrace.errors import SETTINGS_INVALID, HeadraceError
from headrace.services import open_port
from headrace.settings import Settings
from tests.destinations.staging import Place, bring, is_file, publish, stage, table

ORDERS = Target("shop", "orders")


def test_publishing_makes_a_table(place: Place, destination: Destination) -> None:
    bring(destination, table(id=[1, 2, 3], name=["a", None, "c"]))

    assert place.read(ORDERS).to_pylist() == [
        {"id": 1, "name": "a"},
        {"id": 2, "name": None},
        {"id": 3, "name": "c"},
    ]
    assert destination.count(ORDERS) == 3


def test_publishing_again_replaces_rows_and_columns(place: Place, destination: Destination) -> None:
    bring(destination, table(id=[1, 2, 3]))
    bring(destination, table(code=["x"]))
    bring(destination, table(code=["y"]))

    assert place.read(ORDERS).to_pylist() == [{"code": "y"}]


def test_publishing_the_same_run_twice_does_nothing(
    place: Place, destination: Destination, run_id: str
) -> None:
    staged = stage(destination, run_id, table(id=[1]))
    publish(destination, staged, run_id=run_id)
    destination.discard(run_id)
    bring(destination, table(id=[7, 8]))

    publish(destination, staged, run_id=run_id)

    assert destination.count(ORDERS) == 2


def test_loading_and_showing_take_their_time(destination: Destination, run_id: str) -> None:
    publication = Publication("m1", "s1", run_id, (stage(destination, run_id, table(id=[1])),))

    first, again = destination.publish(publication), destination.publish(publication)

    assert min(first.load_seconds, first.publish_seconds) > 0
    assert again == PublishTime()


def test_several_tables_are_published_together(
    place: Place, destination: Destination, run_id: str
) -> None:
    both = [stage(destination, run_id, table(id=[1]), name) for name in ("orders", "items")]
    publish(destination, *both, run_id=run_id)

    assert [destination.count(staged.target) for staged in both] == [1, 1]


def test_no_rows_make_an_empty_table(place: Place, destination: Destination) -> None:
    bring(destination, table(id=[1]))
    bring(destination, pa.table({"id": pa.array([], pa.int32())}))

    assert destination.count(ORDERS) == 0


def test_checkpoints_say_what_is_there(destination: Destination) -> None:
    assert destination.checkpoints("m1", "s1") == []
    bring(destination, table(id=[1]))
    run = bring(destination, table(id=[1, 2]))

    (checkpoint,) = destination.checkpoints("m1", "s1")

    assert (checkpoint.run_id, checkpoint.rows, checkpoint.target) == (run, 2, ORDERS)
    assert str(checkpoint.source_table) == "public.orders"
    assert checkpoint.published_at.tzinfo is not None
    assert destination.checkpoints("m1", "s2") == []
    assert destination.checkpoints("m2", "s1") == []


def test_a_table_that_is_not_there_has_no_count(destination: Destination) -> None:
    assert destination.count(ORDERS) is None
    bring(destination, table(id=[1]))
    assert destination.count(Target("shop", "others")) is None
    assert destination.count(Target("other", "orders")) is None


def test_discarding_is_repeatable(destination: Destination, run_id: str) -> None:
    staging = destination.staging(run_id)
    (file,) = stage(destination, run_id, table(id=[1])).files
    assert is_file(staging.filesystem, file.path)
    destination.discard(run_id)
    destination.discard(run_id)

    for path in (staging.path, file.path):
        assert staging.filesystem.get_file_info(path).type.name == "NotFound"


@pytest.mark.parametrize("url", ["{}://", "{}:///", "{}://relative/path"])
def test_a_url_without_an_absolute_path_is_refused(
    place: Place, url: str, settings: Settings
) -> None:
    with pytest.raises(HeadraceError) as refused:
        open_port("destination", url.format(place.scheme), SCHEMES, settings)
    assert refused.value.kind is SETTINGS_INVALID
