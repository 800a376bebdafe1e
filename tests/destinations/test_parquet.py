"""What only a directory of Parquet files can do to us."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.destinations import Target
from headrace.destinations.parquet import ParquetDirectory
from headrace.errors import (
    DESTINATION_CONFLICT,
    DESTINATION_UNAVAILABLE,
    DESTINATION_UNREADABLE,
    HeadraceError,
    Kind,
)
from tests.destinations.staging import bring, publish, stage, table
from tests.limits import unprivileged

ORDERS = Target("shop", "orders")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def destination(directory: Path) -> ParquetDirectory:
    return ParquetDirectory(directory)


def refused(kind: Kind, destination: ParquetDirectory) -> None:
    for attempt in (
        lambda: destination.count(ORDERS),
        lambda: destination.checkpoints("m1", "s1"),
        lambda: bring(destination, table(id=[2])),
    ):
        with pytest.raises(HeadraceError) as raised:
            attempt()
        assert raised.value.kind is kind, raised.value


@pytest.mark.parametrize("content", ["", "{", '{"format": 2}', '{"tables": []}'])
def test_a_damaged_or_newer_manifest(
    directory: Path, destination: ParquetDirectory, content: str
) -> None:
    bring(destination, table(id=[1]))
    manifest = directory / "_headrace" / "manifest.json"
    manifest.write_text(content)

    refused(DESTINATION_UNREADABLE, destination)

    assert manifest.read_text() == content


def test_a_lost_manifest_is_not_an_empty_destination(
    directory: Path, destination: ParquetDirectory
) -> None:
    bring(destination, table(id=[1]))
    (directory / "_headrace" / "manifest.json").unlink()

    with pytest.raises(HeadraceError) as raised:
        bring(destination, table(id=[2]))
    assert raised.value.kind is DESTINATION_CONFLICT


def test_a_lost_file_is_not_counted(directory: Path, destination: ParquetDirectory) -> None:
    bring(destination, table(id=[1]))
    destination.files(ORDERS)[0].unlink()

    with pytest.raises(HeadraceError) as raised:
        destination.count(ORDERS)
    assert raised.value.kind is DESTINATION_UNREADABLE


def test_a_directory_that_may_not_be_entered(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    with unprivileged(closed):
        refused(DESTINATION_UNAVAILABLE, ParquetDirectory(closed / "lake"))


def test_the_version_before_stays_for_its_readers(
    directory: Path, destination: ParquetDirectory
) -> None:
    versions = []
    for number in range(3):
        bring(destination, table(id=[number]))
        versions.append(destination.files(ORDERS))

    there = set((directory / "shop" / "orders").iterdir())
    assert there == {*versions[1], *versions[2]}


def test_a_publish_that_was_killed_is_repeated(
    directory: Path, destination: ParquetDirectory, run_id: str
) -> None:
    """It had moved the first of two files when it was killed."""
    bring(destination, table(id=[1]))
    staged = stage(destination, run_id, table(id=[1, 2, 3]))
    moved = directory / "shop" / "orders" / f"{run_id}-00000.parquet"
    Path(staged.files[0].path).rename(moved)
    assert destination.count(ORDERS) == 1

    publish(destination, staged, run_id=run_id)

    assert destination.count(ORDERS) == 3


def test_a_table_that_was_let_go_is_there_until_its_replacement_is(
    directory: Path, destination: ParquetDirectory, run_id: str
) -> None:
    """Which fails while its files are moved into place."""
    bring(destination, table(id=[1]), source="s1")
    destination.disown("m1", "s1")
    staged = stage(destination, run_id, table(id=[1, 2]))
    (directory / "shop" / "orders" / f"{run_id}-00000.parquet").mkdir()

    with pytest.raises(HeadraceError) as raised:
        publish(destination, staged, run_id=run_id, source="s2")

    assert raised.value.kind is DESTINATION_UNAVAILABLE
    assert destination.count(ORDERS) == 1
    assert destination.checkpoints("m1", "s2") == []


def test_leftovers_that_stay_do_not_undo_a_publish(
    directory: Path, destination: ParquetDirectory, run_id: str
) -> None:
    bring(destination, table(id=[1]))
    (directory / "shop" / "orders" / "stuck.parquet").mkdir()

    publish(destination, stage(destination, run_id, table(id=[1, 2])), run_id=run_id)

    assert destination.count(ORDERS) == 2


def test_what_a_killed_publish_left_is_cleared(
    directory: Path, destination: ParquetDirectory
) -> None:
    bring(destination, table(id=[1]))
    (directory / "shop" / "orders" / "killed-00000.parquet").touch()

    bring(destination, table(id=[2]))

    assert not (directory / "shop" / "orders" / "killed-00000.parquet").exists()
