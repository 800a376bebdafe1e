"""Whatever goes wrong while deleted rows are looked for, no row that is there is taken for one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import duckdb
import pytest

from headrace import sources
from headrace.destinations import Publication
from headrace.errors import (
    CHECKPOINT_MOVED,
    ROWS_DISAGREE,
    STAGING_CORRUPTED,
    HeadraceError,
    Kind,
)
from headrace.extraction.adhoc import extract_once
from headrace.extraction.progress import silent
from headrace.model import TableRun
from headrace.settings import Settings
from tests.conftest import LOCAL, Database
from tests.extraction.shop import Shop, shop_of

HARD: dict[str, Any] = {"mode": "merge", "cursor": ["n"], "detect_deletes": "hard"}
SOFT: dict[str, Any] = {**HARD, "detect_deletes": "soft"}


@pytest.fixture
def shop(database: Database, settings: Settings) -> Shop:
    """A table that is brought, and of which some rows are gone since."""
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY, n int);"
        "INSERT INTO t SELECT g, g FROM generate_series(1, 100) g"
    )
    shop = shop_of(database, settings)
    shop.run(**HARD)
    database.execute("DELETE FROM t WHERE id <= 10")
    return shop


class Around:
    """Something of which one method is another, which is given the one that it was."""

    def __init__(self, inner: Any, name: str, other: Callable[..., Any]) -> None:
        self._inner, self._name = inner, name
        self._other = partial(other, getattr(inner, name))

    def __getattr__(self, name: str) -> Any:
        return self._other if name == self._name else getattr(self._inner, name)


def run_with(shop: Shop, name: str, other: Callable[..., Any]) -> TableRun:
    """Bring what is new over connections of which that method is another."""
    source = shop.selected(**HARD)

    def connect(snapshot: str | None = None) -> Any:
        opened = sources.connect(source.connection, shop.database.credentials, LOCAL, snapshot)
        return Around(opened, name, other)

    (table,) = extract_once(source, connect, shop.destination, silent)
    return table


@contextmanager
def refused(shop: Shop, kind: Kind) -> Iterator[None]:
    before = shop.rows()
    with pytest.raises(HeadraceError) as raised:
        yield
    assert raised.value.kind is kind, raised.value
    assert shop.rows() == before


def test_a_connection_that_breaks_is_made_anew(shop: Shop) -> None:
    broken: list[bool] = []

    def key_names(inner: Any, *args: Any) -> Any:
        if not broken:
            broken.append(True)
            shop.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'headrace'"
            )
        return inner(*args)

    assert run_with(shop, "key_names", key_names).deleted == 10
    assert broken
    assert shop.rows("min(id), count(*)") == [(11, 90)]


def test_a_key_that_got_lost_is_not_a_deleted_one(shop: Shop) -> None:
    class Short:
        """The rows without those of the last batch, which the server has sent all the same."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        def __iter__(self) -> Iterator[Any]:
            for batch in self._inner:
                yield batch.slice(1)

    @contextmanager
    def short(inner: Any, *args: Any) -> Iterator[Any]:
        with inner(*args) as reader:
            yield Short(reader)

    for name in ("key_names", "key_digests"):
        with refused(shop, ROWS_DISAGREE):
            run_with(shop, name, short)


def test_rows_that_come_back_after_they_were_looked_for(shop: Shop) -> None:
    """They are gone in the destination until a run takes them."""

    def publish(inner: Any, publication: Publication) -> Any:
        shop.execute("INSERT INTO t VALUES (3, 200)")
        return inner(publication)

    shop.extract(Around(shop.destination, "publish", publish), **HARD)
    assert shop.rows("min(id)") == [(11,)]
    assert shop.run(**HARD).rows == 1
    assert shop.rows("min(id)") == [(3,)]


def test_a_row_that_this_run_brings_is_not_deleted(shop: Shop) -> None:
    """It was there when it was read, and not any more when deleted rows were looked for."""

    shop.execute("UPDATE t SET n = 500 WHERE id = 50")
    source = shop.selected(**HARD)
    connections = []

    def connect(snapshot: str | None = None) -> Any:
        """Each sees what is there when it asks for keys: another snapshot than was read."""
        opened = sources.connect(source.connection, shop.database.credentials, LOCAL, snapshot)
        connections.append(opened)

        def later(inner: Any, *args: Any) -> Any:
            shop.execute("DELETE FROM t WHERE id IN (50, 60)")
            newer = sources.connect(source.connection, shop.database.credentials, LOCAL)
            connections.append(newer)
            return newer.key_digests(*args)

        def names(inner: Any, *args: Any) -> Any:
            return connections[-1].key_names(*args)

        return Around(Around(opened, "key_digests", later), "key_names", names)

    try:
        (table,) = extract_once(source, connect, shop.destination, silent)
    finally:
        for connection in connections:
            connection.close()
    assert table.deleted == 11
    assert shop.rows("id") == [(n,) for n in range(11, 101) if n != 60]
    assert shop.run(**HARD).deleted == 1
    assert shop.rows("id") == [(n,) for n in range(11, 101) if n not in (50, 60)]


@pytest.mark.parametrize("choice", [HARD, SOFT], ids=["hard", "soft"])
def test_rows_that_somebody_has_deleted_meanwhile(shop: Shop, choice: dict[str, Any]) -> None:
    def publish(inner: Any, publication: Publication) -> Any:
        with duckdb.connect(shop.settings.destination.removeprefix("duckdb://")) as connection:
            connection.execute("DELETE FROM shop.t WHERE id = 3")
        return inner(publication)

    with pytest.raises(HeadraceError) as raised:
        shop.extract(Around(shop.destination, "publish", publish), **choice)
    assert raised.value.kind is ROWS_DISAGREE
    assert shop.run(**choice).deleted == 9


def test_the_file_of_what_was_found_is_cut(shop: Shop) -> None:
    def publish(inner: Any, publication: Publication) -> Any:
        (file,) = publication.tables[0].deleted
        os.truncate(file.path, file.bytes - 1)
        return inner(publication)

    with refused(shop, STAGING_CORRUPTED):
        shop.extract(Around(shop.destination, "publish", publish), **HARD)


def test_a_late_run_deletes_nothing_that_a_newer_one_has_brought(shop: Shop) -> None:
    def publish(inner: Any, publication: Publication) -> Any:
        shop.execute("INSERT INTO t VALUES (3, 200)")
        shop.run(**HARD)
        return inner(publication)

    with pytest.raises(HeadraceError) as raised:
        shop.extract(Around(shop.destination, "publish", publish), **HARD)
    assert raised.value.kind is CHECKPOINT_MOVED
    assert shop.rows("min(id), count(*)") == [(3, 91)]
