"""A run is killed at a point, another is started, and everything has to be right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from headrace.destinations import Target
from headrace.destinations.duckdb import DuckDB
from headrace.destinations.parquet import ParquetDirectory
from headrace.extraction import lease
from headrace.model import Run, RunState, Selection, Source
from headrace.records import Sources
from headrace.services import Services
from headrace.settings import Settings
from headrace.tables import Mode
from tests.conftest import Database
from tests.extraction.kill_matrix.jobs import ForkedJobs
from tests.extraction.scene import Scene

TABLES = ("orders", "items")
KILLED = -9

Rows = dict[str, list[list[Any]]]


@dataclass(frozen=True)
class Case:
    """What is brought where; `anew` says that each run finds no destination yet."""

    mode: Mode
    scheme: str
    anew: bool = False

    def __str__(self) -> str:
        return f"{self.scheme}, {self.mode}{', first run' if self.anew else ''}"


CASES = (
    *(Case(mode, "duckdb") for mode in Mode),
    Case(Mode.MERGE, "duckdb", anew=True),
    Case(Mode.FULL, "parquet"),
    Case(Mode.APPEND, "parquet"),
    Case(Mode.APPEND, "parquet", anew=True),
)


class Matrix:
    """Two tables that change before each run, and are brought by jobs that can be killed."""

    def __init__(self, case: Case, settings: Settings, database: Database) -> None:
        self.case = case
        self.place = settings.data / "warehouse"
        url = f"{case.scheme}://{self.place}"
        self.services = Services(settings.model_copy(update={"destination": url}))
        self.jobs = ForkedJobs(settings.data / "jobs", self.services.settings.environment())
        self.services.__dict__["launcher"] = self.jobs
        for name in TABLES:
            database.execute(f"CREATE TABLE {name} (id int PRIMARY KEY, label text, n bigint)")
        self.scene = Scene.of(self.services, database, *TABLES)
        Sources(self.services.documents).replace(self._chosen(self.scene.source))
        self._numbers = count(1)

    def _chosen(self, source: Source) -> Source:
        cursor = () if self.case.mode is Mode.FULL else ("n",)
        selection = tuple(
            Selection(schema_name="public", table_name=name, mode=self.case.mode, cursor=cursor)
            for name in TABLES
        )
        return source.model_copy(update={"selection": selection})

    def points(self) -> list[str]:
        """The points that a run comes to that nobody kills, in their order."""
        self.change()
        self._wipe()
        self.finish(self.scene.start())
        return self.jobs.trail.read_text().splitlines()

    def first(self) -> None:
        """A complete run, upon which the others follow."""
        self.change()
        self.finish(self.scene.start())

    def kill(self, point: str, *, looked_at: bool) -> None:
        """Kill a run at the point and start another; AssertionError if anything is wrong then.

        `looked_at` says whether somebody asks for the killed run before the next is started.
        """
        self._wipe()
        before = self.brought()
        self.change()
        self.jobs.point = point
        run = self.scene.start()
        ended = self.jobs.end()
        self.jobs.point = None
        assert ended == KILLED, f"the point was not come to: {ended}"
        if looked_at:
            settled = self.scene.wait(run)
            assert settled.state in (RunState.SUCCEEDED, RunState.FAILED), settled.state
            expected = self.there() if settled.state is RunState.SUCCEEDED else before
            assert self.brought() == expected, f"the run {settled.state}, its rows did not"
            self._check_staging()
        self.change()
        after = self.finish(self.scene.start())
        assert not self.scene.stored(run).state.live
        assert self.brought() == self.there()
        self.check(after)

    def check(self, run: Run) -> None:
        """Whether everything is as this last run has to leave it."""
        self._check_checkpoints(run)
        self._check_staging()
        self._check_lease()

    def finish(self, run: Run) -> Run:
        assert self.jobs.end() == 0
        run = self.scene.stored(run)
        assert run.state is RunState.SUCCEEDED, run.error
        return run

    def _wipe(self) -> None:
        if self.case.anew:
            for path in sorted(self.place.parent.glob("warehouse*"), reverse=True):
                _remove(path)

    def change(self) -> None:
        statements = []
        for name in TABLES:
            n = next(self._numbers)
            statements.append(f"INSERT INTO {name} VALUES ({n}, 'new', {n}), ({-n}, NULL, {n})")
            if self.case.mode is not Mode.APPEND:
                m = next(self._numbers)
                statements.append(f"UPDATE {name} SET label = 'at {m}', n = {m} WHERE id = {n - 9}")
                statements.append(f"UPDATE {name} SET label = 'at {m}', n = {m} WHERE id = {-n}")
        self.scene.database.execute("; ".join(statements))

    def there(self) -> Rows:
        sql = ", ".join(
            f"'{name}', (SELECT json_agg(json_build_array(id, label, n) ORDER BY id) FROM {name})"
            for name in TABLES
        )
        rows: Rows = json.loads(self.scene.database.execute(f"SELECT json_build_object({sql})"))
        return rows

    def brought(self) -> Rows:
        """What a reader finds who knows nothing of Headrace's code for writing."""
        return {name: rows for name in TABLES if (rows := self._read(name))}

    def _read(self, name: str) -> list[list[Any]]:
        target = Target("shop", name)
        destination = self.services.destination
        if destination.count(target) is None:
            return []
        if isinstance(destination, DuckDB):
            with duckdb.connect(self.place, read_only=True) as connection:
                found = connection.execute(f"SELECT id, label, n FROM shop.{name} ORDER BY ALL")
                return [list(row) for row in found.fetchall()]
        assert isinstance(destination, ParquetDirectory)
        files = [pq.read_table(file) for file in destination.files(target)]
        table = pa.concat_tables(files).sort_by([("id", "ascending")])
        return [list(row.values()) for row in table.to_pylist()]

    def _check_checkpoints(self, run: Run) -> None:
        found = self.services.destination.checkpoints("m1", "s1")
        highest = self.scene.database.execute(
            " UNION ALL ".join(f"SELECT max(n) FROM {name}" for name in sorted(TABLES))
        ).split()
        expected = [None, None] if self.case.mode is Mode.FULL else highest
        assert [c.position for c in found] == expected
        assert {c.run_id for c in found} == {run.run_id}

    def _check_staging(self) -> None:
        staging = (
            self.place.with_name("warehouse.staging"),
            self.place / "_headrace" / "staging",
        )
        left = [path for place in staging for path in _below(place) if path.name != "lock"]
        assert not left, f"the staging holds {left}"

    def _check_lease(self) -> None:
        held = lease.read(self.services.documents, "m1", "s1")
        assert held is not None
        assert held.expired


def _below(place: Path) -> Iterator[Path]:
    return place.rglob("*") if place.exists() else iter(())


def _remove(path: Path) -> None:
    for inside in sorted(path.rglob("*"), reverse=True) if path.is_dir() else ():
        inside.rmdir() if inside.is_dir() else inside.unlink()
    path.rmdir() if path.is_dir() else path.unlink()


def failures(matrix: Matrix, points: list[str]) -> dict[str, str]:
    """Kill a run at each of the points; by point, what was wrong then."""
    wrong = {}
    for number, point in enumerate(points):
        try:
            matrix.kill(point, looked_at=number % 2 == 0)
        except AssertionError as error:
            wrong[point] = str(error)
    return wrong
