"""A job that is killed between finding deleted rows and showing what it found leaves nothing."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from headrace.extraction.resume import resume
from headrace.model import DetectDeletes, Run, RunState, Selection
from headrace.records import Sources
from headrace.services import Services
from headrace.tables import Mode
from tests.conftest import Database
from tests.extraction.kill_matrix.jobs import ForkedJobs
from tests.extraction.scene import Scene


class Merging:
    """Rows that are merged by jobs that can be killed, and whose deletes are found."""

    def __init__(self, services: Services, database: Database) -> None:
        self.database = database
        database.execute(
            "CREATE TABLE orders (id int PRIMARY KEY, label text, n bigint);"
            "INSERT INTO orders SELECT g, 'order ' || g, g FROM generate_series(1, 1000) g"
        )
        settings = services.settings
        self.jobs = ForkedJobs(settings.data / "jobs", settings.environment())
        services.__dict__["launcher"] = self.jobs
        self.scene = Scene.of(services, database, "orders")
        chosen = Selection(
            schema_name="public", table_name="orders", destination_table="orders",
            mode=Mode.MERGE, cursor=("n",), detect_deletes=DetectDeletes.HARD,
        )  # fmt: skip
        source = self.scene.source.model_copy(update={"selection": (chosen,)})
        Sources(services.documents).replace(source)
        self.run()

    def run(self) -> Run:
        return self.finish(self.scene.start())

    def finish(self, run: Run) -> Run:
        assert self.jobs.end() == [0]
        run = self.scene.stored(run)
        assert run.state is RunState.SUCCEEDED, run.error
        return run

    def killed(self, point: str) -> Run:
        self.jobs.point = point
        run = self.scene.start()
        assert self.jobs.end() == [-9]
        return self.scene.wait(run)

    def there(self) -> list[tuple[Any, ...]]:
        lines = self.database.execute("SELECT id, label, n FROM orders ORDER BY id").splitlines()
        fields = (line.split("|") for line in lines)
        return [(int(id_), label, int(n)) for id_, label, n in fields]

    def brought(self) -> list[tuple[Any, ...]]:
        path = self.scene.services.settings.destination.removeprefix("duckdb://")
        with duckdb.connect(path, read_only=True) as connection:
            return connection.execute("SELECT id, label, n FROM shop.orders ORDER BY id").fetchall()

    def staged(self) -> list[str]:
        found = self.scene.services.settings.data.rglob("*.staging/*/*")
        return [path.name for path in found]


@pytest.fixture
def merging(services: Services, database: Database) -> Merging:
    return Merging(services, database)


@pytest.mark.parametrize("resumed", [True, False])
@pytest.mark.parametrize("point", ["before destination.publish (1)", "before DuckDB: COMMIT (1)"])
def test_killed_before_it_is_published(merging: Merging, point: str, resumed: bool) -> None:
    before = merging.brought()
    merging.database.execute(
        "DELETE FROM orders WHERE id % 100 = 7; INSERT INTO orders VALUES (2001, 'new', 2001);"
        "UPDATE orders SET label = 'changed', n = 2002 WHERE id = 8"
    )
    killed = merging.killed(point)
    assert killed.state is RunState.FAILED
    assert merging.brought() == before

    # What goes while nobody looks is found by whoever looks again.
    merging.database.execute("DELETE FROM orders WHERE id = 500")
    if resumed:
        services = merging.scene.services
        run = merging.finish(resume(services, "m1", "s1", killed.run_id))
    else:
        run = merging.run()
    assert run.tables[0].deleted == 11
    assert merging.brought() == merging.there()
    assert not merging.staged()


def test_killed_when_it_is_published(merging: Merging) -> None:
    merging.database.execute("DELETE FROM orders WHERE id % 100 = 7")
    killed = merging.killed("after destination.publish (1)")
    assert killed.state is RunState.SUCCEEDED
    assert merging.brought() == merging.there()
    assert merging.run().tables[0].deleted == 0
