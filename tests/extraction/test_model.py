"""Whatever happens between runs, and in the midst of them, the last run makes it right."""

from __future__ import annotations

from contextlib import closing, suppress
from functools import partial
from typing import Any, ClassVar

import duckdb
from hypothesis import HealthCheck
from hypothesis import settings as bounds
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from headrace import sources
from headrace.extraction.adhoc import extract_once
from headrace.extraction.progress import silent
from headrace.settings import Settings
from tests.conftest import LOCAL, Database
from tests.extraction.shop import Shop, shop_of
from tests.extraction.writers import Connection, connect

MERGE: dict[str, Any] = {"mode": "merge", "cursor": ["updated_at"], "detect_deletes": "hard"}


class Killed(BaseException):
    pass


class Fuse:
    """Lets so many calls pass, and ends the next one before or after its work."""

    def __init__(self, calls: int, *, after: bool) -> None:
        self._left, self._after = calls, after

    def around(self, inner: Any) -> Any:
        fuse = self

        class Guarded:
            def __getattr__(self, name: str) -> Any:
                value = getattr(inner, name)
                if not callable(value) or name == "close":  # which a kill does, too
                    return value
                return partial(fuse.call, value)

        return Guarded()

    def call(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        result = work(*args, **kwargs)
        if self._left == 0:
            raise Killed
        return result


class Source(RuleBasedStateMachine):
    """A table of the class's database, and what others do to it and to the destination."""

    shop: Shop
    figures: ClassVar[dict[str, int]]

    @initialize()
    def make(self) -> None:
        self.shop.execute(
            "DROP TABLE IF EXISTS t; CREATE TABLE t (id serial PRIMARY KEY, n int DEFAULT 0, "
            "updated_at timestamptz DEFAULT now())"
        )
        self.extra = 0
        self.open: list[Connection] = []
        self._in_destination("DROP SCHEMA IF EXISTS shop CASCADE")

    @rule(rows=st.integers(1, 3))
    def insert(self, rows: int) -> None:
        values = ", ".join(["(DEFAULT)"] * rows)
        self._count("inserts")
        self.shop.execute(f"INSERT INTO t (n) VALUES {values}")

    @rule(id_=st.integers(1, 9))
    def update(self, id_: int) -> None:
        self._count("updates")
        # A row that an open transaction has changed is left alone: it would be waited for.
        self.shop.execute(
            "UPDATE t SET n = n + 1, updated_at = now() WHERE id = "
            f"(SELECT id FROM t WHERE id = {id_} FOR UPDATE SKIP LOCKED)"
        )

    @rule(id_=st.integers(1, 9))
    def delete(self, id_: int) -> None:
        self._count("deletes")
        self.shop.execute(
            f"DELETE FROM t WHERE id = (SELECT id FROM t WHERE id = {id_} FOR UPDATE SKIP LOCKED)"
        )

    @rule(id_=st.integers(1, 9), writes=st.booleans())
    def begin(self, id_: int, writes: bool) -> None:
        if len(self.open) < 2:
            connection = connect(self.shop.database)
            self.open.append(connection)
            connection.run("BEGIN")
            connection.run("SELECT 1")
            if writes:
                self._write(connection, id_)

    @precondition(lambda self: self.open)
    @rule(id_=st.integers(1, 9), which=st.integers(0, 1))
    def commit(self, id_: int, which: int) -> None:
        self._count("late commits")
        with closing(self.open.pop(which % len(self.open))) as connection:
            self._write(connection, id_)
            connection.run("COMMIT")

    def _write(self, connection: Connection, id_: int) -> None:
        connection.run("INSERT INTO t DEFAULT VALUES")
        connection.run(
            "UPDATE t SET n = n + 10, updated_at = now() WHERE id = "
            f"(SELECT id FROM t WHERE id = {id_} FOR UPDATE SKIP LOCKED)"
        )

    @precondition(lambda self: not self.open and self.extra < 3)
    @rule()
    def add_a_column(self) -> None:
        self._count("columns")
        self.shop.execute(f"ALTER TABLE t ADD COLUMN extra{self.extra} int")
        self.extra += 1
        self.shop.execute(f"INSERT INTO t (extra{self.extra - 1}) VALUES (7)")

    @rule()
    def run_it(self) -> None:
        self._count("runs")
        self.shop.run(**MERGE)

    @rule(calls=st.integers(1, 20), after=st.booleans())
    def run_that_is_killed(self, calls: int, after: bool) -> None:
        self._count("killed runs")
        fuse = Fuse(calls, after=after)
        source = self.shop.selected(**MERGE)
        credentials = self.shop.database.credentials
        with suppress(Killed):
            extract_once(
                source,
                lambda snapshot=None: fuse.around(
                    sources.connect(source.connection, credentials, LOCAL, snapshot)
                ),
                fuse.around(self.shop.destination),
                silent,
            )

    @rule(sql=st.sampled_from(["DELETE FROM shop.t", "DROP TABLE shop.t"]))
    def spoil_the_destination(self, sql: str) -> None:
        self._count("tables spoilt")
        with suppress(duckdb.CatalogException):  # there is none yet
            self._in_destination(sql)

    def _in_destination(self, sql: str) -> None:
        path = self.shop.settings.data / "warehouse.duckdb"
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(path) as connection:
            connection.execute(sql)

    def _count(self, what: str) -> None:
        self.figures[what] = self.figures.get(what, 0) + 1

    def teardown(self) -> None:
        while self.open:
            self.commit(id_=1, which=0)
        self.run_it()
        columns = ", ".join(["id", "n", *(f"extra{number}" for number in range(self.extra))])
        with closing(connect(self.shop.database)) as connection:
            there = connection.run(f"SELECT {columns} FROM t ORDER BY id")
        assert self.shop.rows(columns) == [tuple(row) for row in there]


def test_the_destination_of_merge_equals_the_source(settings: Settings, database: Database) -> None:
    class Bound(Source):
        shop = shop_of(database, settings)
        figures: ClassVar[dict[str, int]] = {}

    run_state_machine_as_test(
        Bound,
        settings=bounds(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(Bound.figures)
