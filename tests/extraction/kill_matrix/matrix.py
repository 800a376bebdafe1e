"""A run is killed at a point, it goes on or another is started, and everything has to be right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from headrace.errors import RUN_NOT_RESUMABLE, HeadraceError
from headrace.extraction import lease
from headrace.extraction.chunk_runs import ChunkRuns, ChunkState
from headrace.extraction.resume import resume
from headrace.model import Run, RunState, Selection, Source
from headrace.records import Sources
from headrace.services import Services
from headrace.settings import Settings
from headrace.tables import Mode
from tests.conftest import Database
from tests.extraction.kill_matrix.cases import Attempt, Case
from tests.extraction.kill_matrix.jobs import ForkedJobs
from tests.extraction.kill_matrix.points import CLOCKED
from tests.extraction.kill_matrix.tables import BY_PAGES, CHUNK_ROWS, TABLES, Rows, Tables
from tests.extraction.kill_matrix.warehouse import Warehouse
from tests.extraction.scene import Scene

KILLED = -9
# Where a run is killed that is to be resumed and killed again: some chunks are done.
MIDST = "worker: before documents.replace chunks (6)"
# Of what comes by the clock, as often as a run can be relied on to come to it.
_CLOCKED_TIMES = 3


class Matrix:
    """Two tables that change before each run, and are brought by jobs that can be killed."""

    def __init__(self, case: Case, settings: Settings, database: Database) -> None:
        self.case = case
        place = settings.data / "warehouse"
        changes = {"destination": f"{case.scheme}://{place}", "tasks": case.tasks}
        self.services = Services(settings.model_copy(update=changes))
        environment = self.services.settings.environment()
        self.jobs = ForkedJobs(settings.data / "jobs", environment, case.tasks)
        self.jobs.victim = case.victim or 0
        self.services.__dict__["launcher"] = self.jobs
        self.tables = Tables(database, updated=case.mode is not Mode.APPEND)
        self.warehouse = Warehouse(self.services.destination, place)
        self.scene = Scene.of(self.services, database, *TABLES)
        Sources(self.services.documents).replace(self._chosen(self.scene.source))
        self.not_come_to = 0
        self.resumed = 0
        self._states: list[Rows] = []

    def _chosen(self, source: Source) -> Source:
        cursor = () if self.case.mode is Mode.FULL else ("n",)
        selection = tuple(
            Selection(schema_name="public", table_name=name, mode=self.case.mode, cursor=cursor)
            for name in TABLES
        )
        return source.model_copy(update={"selection": selection, "chunk_rows": CHUNK_ROWS})

    def first(self) -> None:
        """A complete run, upon which the others follow."""
        self.tables.change()
        self.finish(self.scene.start())

    def points(self) -> list[str]:
        """The points that a run comes to that nobody kills, in their order.

        One process alone comes to all of them each time, since what is done by the clock is left
        out.
        """
        self._prepare()
        run = self._run_to_kill(None)
        if self.case.resumed:
            run = self._resumed(run)
        self._check_chunks(self.finish(run))
        trail = self.jobs.trail(self.case.victim or 0)
        if self.case.victim is None:
            return [point for point in trail if not point.startswith(CLOCKED)]
        return [point for point in trail if not _late(point)]

    def _check_chunks(self, run: Run) -> None:
        """There are several of each table, whole or by place as the tables are made for."""
        if not self.case.from_the_start:
            return
        chunks = ChunkRuns(self.services.documents, run).all()
        for name in TABLES:
            physical = [chunk.chunk.physical for chunk in chunks if chunk.table_name == name]
            assert len(physical) > 1, name
            assert set(physical) == {name == BY_PAGES}, name

    def kill(self, attempt: Attempt) -> None:
        """Kill a run, and have it go on; AssertionError if anything is wrong then."""
        self._prepare()
        before = self.warehouse.rows()
        run = self._run_to_kill(attempt.point)
        if self.case.resumed:
            self._change()
            run = self._resumed(run, attempt.point)
        ended = self.jobs.end_of_victim()
        assert ended == KILLED or self.case.tasks > 1, f"the point was not come to: {ended}"
        if ended != KILLED:
            self.not_come_to += 1
        if ended != KILLED or self.case.victim:
            last = self._check_survived(run)
        else:
            last = self._go_on(run, attempt, before)
        for _ in tuple(self.jobs.jobs):
            codes = self.jobs.end()
            assert set(codes) <= {0, KILLED}, f"processes ended with {codes}"
        if last.run_id == run.run_id or self.case.tasks > 1:
            self._change()
            last = self.finish(self.scene.start())
        self.check(last)

    def _prepare(self) -> None:
        if self.case.first:
            self.warehouse.wipe()
        if self.case.from_the_start:
            self.tables.fill()
        self._states = []
        self._change()

    def _change(self) -> None:
        self.tables.change()
        self._states.append(self.tables.rows())

    def _run_to_kill(self, point: str | None) -> Run:
        """A run that meets the point; if it is the second attempt that does, a killed run."""
        self.jobs.point = MIDST if self.case.resumed else point
        run = self.scene.start()
        if self.case.resumed:
            assert self.jobs.end() == [KILLED]
        return run

    def _resumed(self, run: Run, point: str | None = None) -> Run:
        self.jobs.point = point
        run = resume(self.services, run.model_id, run.source_id, run.run_id)
        self.resumed += 1
        return run

    def _check_survived(self, run: Run) -> Run:
        """The run ends well without the process that was killed, if any was."""
        run = self.finish(run)
        assert self.warehouse.rows() == self._states[-1]
        return run

    def _go_on(self, run: Run, attempt: Attempt, before: Rows) -> Run:
        """Have the run go on or another take its place; returns the run that did."""
        if attempt.looked_at:
            settled = self.scene.wait(run)
            if settled.state is RunState.SUCCEEDED:
                self._check_promise(settled, before)
            else:
                assert settled.state is RunState.FAILED, settled.state
                assert self.warehouse.rows() == before, "a failed run has changed rows"
        self._change()
        if attempt.resume:
            try:
                run = self._resumed(run)
            except HeadraceError as error:
                assert error.kind is RUN_NOT_RESUMABLE, error
                self._check_nothing_to_go_on_with(run)
            else:
                run = self.finish(run)
                self._check_promise(run, before)
                return run
        newer = self.finish(self.scene.start())
        assert not self.scene.stored(run).state.live
        assert self.warehouse.rows() == self._states[-1]
        self._check_checkpoints(newer, self.tables.highest())
        return newer

    def _check_nothing_to_go_on_with(self, run: Run) -> None:
        run = self.scene.stored(run)
        assert run.state is RunState.SUCCEEDED or run.plan is None, "it has a plan to go on with"

    def _check_promise(self, run: Run, before: Rows) -> None:
        """What may be relied on of a run that saw its source at several times.

        Each row is there once, as it was at one of them; none lacks that was there from the
        beginning and was not changed; a table that is cut by its pages is as it was at one time.
        """
        found = self.warehouse.rows()
        for name in TABLES:
            twice = {
                id_ for id_, times in Counter(row[0] for row in found[name]).items() if times > 1
            }
            assert not twice, f"{name} has rows twice: {twice}"
            states = [_set(state[name]) for state in self._states]
            never = _set(found[name]) - _set(before.get(name, [])).union(*states)
            assert not never, f"{name} has rows that never were: {never}"
            lacking = set.intersection(*states) - _set(found[name])
            assert not lacking, f"{name} lacks {lacking}"
        if self.case.mode is Mode.FULL:
            assert found[BY_PAGES] in [state[BY_PAGES] for state in self._states]
        windows = {table.table_name: table.window for table in run.tables}
        upto = {name: window.upto if window else None for name, window in windows.items()}
        self._check_checkpoints(run, upto)

    def _end_well(self, run: Run) -> None:
        codes = self.jobs.end()
        stored = self.scene.stored(run)
        assert stored.state is RunState.SUCCEEDED, f"{codes}: {stored.error}"
        assert set(codes) <= {0, KILLED}, codes
        states = {chunk.state for chunk in ChunkRuns(self.services.documents, stored).all()}
        assert states <= {ChunkState.DONE}, states

    def finish(self, run: Run) -> Run:
        self._end_well(run)
        return self.scene.stored(run)

    def check(self, run: Run) -> None:
        """Whether everything is as this last run has to leave it."""
        assert self.warehouse.rows() == self.tables.rows()
        self._check_checkpoints(run, self.tables.highest())
        left = self.warehouse.staged()
        assert not left, f"the staging holds {left}"
        held = lease.read(self.services.documents, "m1", "s1")
        assert held is not None
        assert held.expired

    def _check_checkpoints(self, run: Run, positions: Mapping[str, str | None]) -> None:
        found = self.services.destination.checkpoints("m1", "s1")
        full = self.case.mode is Mode.FULL
        expected = {name: None if full else positions[name] for name in TABLES}
        assert {c.target.table: c.position for c in found} == expected
        assert {c.run_id for c in found} == {run.run_id}


def _late(point: str) -> bool:
    """Whether it comes by the clock, and later than one can rely on."""
    times = int(point.rpartition("(")[2].rstrip(")"))
    return point.startswith(CLOCKED) and times > _CLOCKED_TIMES


def _set(rows: list[list[object]]) -> set[tuple[object, ...]]:
    return {tuple(row) for row in rows}


def failures(matrix: Matrix, attempts: Iterable[Attempt]) -> dict[str, str]:
    """Kill a run in each of these ways; what was wrong then."""
    wrong = {}
    for attempt in attempts:
        try:
            matrix.kill(attempt)
        except (AssertionError, HeadraceError) as error:
            wrong[str(attempt)] = str(error)
            matrix.jobs.abandon()
    return wrong
