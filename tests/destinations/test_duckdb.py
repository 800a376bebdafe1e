"""What only a DuckDB file can do to us."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from headrace.destinations import Target
from headrace.destinations.duckdb import DuckDB
from headrace.errors import (
    DESTINATION_CONFLICT,
    DESTINATION_LOCKED,
    DESTINATION_UNAVAILABLE,
    DESTINATION_UNREADABLE,
    HeadraceError,
    Kind,
)
from tests.destinations.staging import bring, table
from tests.limits import unprivileged

ORDERS = Target("shop", "orders")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


@pytest.fixture
def destination(file: Path) -> DuckDB:
    return DuckDB(file, patience=0.3)


def refused(kind: Kind, destination: DuckDB) -> None:
    """Reading and publishing both say so; neither takes the destination for empty."""
    for attempt in (
        lambda: destination.count(ORDERS),
        lambda: destination.checkpoints("m1", "s1"),
        lambda: bring(destination, table(id=[2])),
    ):
        with pytest.raises(HeadraceError) as raised:
            attempt()
        assert raised.value.kind is kind, raised.value


def test_another_process_holds_the_file(file: Path, destination: DuckDB) -> None:
    bring(destination, table(id=[1]))
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        refused(DESTINATION_LOCKED, destination)
        holder.communicate(b"\n")

    assert destination.count(ORDERS) == 1


def test_this_process_holds_the_file(file: Path, destination: DuckDB) -> None:
    bring(destination, table(id=[1]))
    with duckdb.connect(file):
        refused(DESTINATION_LOCKED, destination)


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_something_else_in_its_place(file: Path, destination: DuckDB, content: bytes) -> None:
    file.write_bytes(content)

    refused(DESTINATION_UNREADABLE, destination)

    assert file.read_bytes() == content


def test_a_damaged_file(file: Path, destination: DuckDB) -> None:
    bring(destination, table(id=[1]))
    content = bytearray(file.read_bytes())
    content[4096:12288] = bytes(len(content[4096:12288]))
    file.write_bytes(content)

    refused(DESTINATION_UNREADABLE, destination)


def test_a_directory_that_may_not_be_entered(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    with unprivileged(closed):
        refused(DESTINATION_UNAVAILABLE, DuckDB(closed / "warehouse.duckdb"))


def test_bookkeeping_of_another_shape(file: Path, destination: DuckDB) -> None:
    with duckdb.connect(file) as connection:
        connection.execute("CREATE SCHEMA _headrace")
        connection.execute("CREATE TABLE _headrace.checkpoints (other INTEGER)")

    with pytest.raises(HeadraceError) as raised:
        destination.checkpoints("m1", "s1")
    assert raised.value.kind is DESTINATION_UNREADABLE


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
def test_a_table_that_someone_else_made(file: Path, destination: DuckDB, kind: str) -> None:
    with duckdb.connect(file) as connection:
        connection.execute("CREATE SCHEMA Shop")
        connection.execute(f"CREATE {kind} Shop.Orders AS SELECT 1 AS mine")

    with pytest.raises(HeadraceError) as raised:
        bring(destination, table(id=[1]))

    assert raised.value.kind is DESTINATION_CONFLICT
    assert destination.count(ORDERS) == 1


def test_a_dropped_table_is_made_again(file: Path, destination: DuckDB) -> None:
    bring(destination, table(id=[1]))
    with duckdb.connect(file) as connection:
        connection.execute("DROP TABLE shop.orders")
    assert destination.count(ORDERS) is None

    bring(destination, table(id=[1, 2]), source="s2")

    assert destination.count(ORDERS) == 2
    assert destination.checkpoints("m1", "s1") == []


def test_a_dataset_named_like_the_file(tmp_path: Path) -> None:
    destination = DuckDB(tmp_path / "shop.duckdb")
    bring(destination, table(id=[1]))

    assert destination.count(ORDERS) == 1


def test_a_signal_while_duckdb_works_is_an_interruption(
    file: Path, destination: DuckDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Ctrl-C is, while rows are loaded; the destination is as it was."""
    bring(destination, table(id=[1]))
    load = DuckDB._load

    def load_interrupted(self: DuckDB, *arguments: Any) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        load(self, *arguments)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(DuckDB, "_load", load_interrupted)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            bring(destination, pa.table({"id": pa.array(range(5_000_000))}))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert destination.count(ORDERS) == 1


def test_the_source_s_names_and_types_are_kept(file: Path, destination: DuckDB) -> None:
    metadata = {"headrace.source_type": "numeric", "headrace.source_name": "Price"}
    price = pa.field("price", pa.string(), metadata=metadata)
    bring(destination, pa.table({"price": ["1.10"]}, schema=pa.schema([price])))

    with duckdb.connect(file) as connection:
        row = connection.execute("SELECT columns FROM _headrace.checkpoints").fetchone()
    assert row is not None
    assert json.loads(row[0]) == [
        {"name": "price", "source_name": "Price", "source_type": "numeric", "arrow_type": "string"}
    ]
