"""Runs of schedules that were cut off: they are found, and go on, a few times."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Barrier

import pytest

from devservers.google.cloud_run import CloudRunServer, Job
from headrace.errors import (
    LAUNCHER_UNAVAILABLE,
    RUN_ALREADY_LIVE,
    RUN_LOST,
    HeadraceError,
)
from headrace.extraction import lease, watch, watched
from headrace.extraction.dispatch import dispatch
from headrace.extraction.settle import settle
from headrace.extraction.start import start
from headrace.ids import new_id
from headrace.launchers.process import JOB
from headrace.model import Attempt, Plan, Run, RunState, SourceState, TableState, Trigger, now
from headrace.problems import Problem
from headrace.records import Runs, Sources
from headrace.services import Services
from headrace.settings import Settings
from tests.conftest import Database
from tests.extraction.scene import Scene, job_environment
from tests.extraction.scheduled import HOURLY, MORNING, Recorder, at, create
from tests.killed import CHUNK_ROWS, LET_GO, TABLES, make_quick

# --- with real jobs ---------------------------------------------------------------------------


@dataclass
class Machine:
    """Services whose jobs can be killed as their machine kills them."""

    services: Services
    kill: Callable[[str], None]


def process(settings: Settings, server: CloudRunServer) -> Machine:
    def kill(execution: str) -> None:
        os.kill(int(execution.partition(":")[0]), signal.SIGKILL)

    return Machine(Services(settings), kill)


def cloud_run(settings: Settings, server: CloudRunServer, retries: int = 0) -> Machine:
    project = f"p{new_id()}"
    job = f"projects/{project}/locations/europe-west1/jobs/extract"
    launcher = f"cloudrun://{project}/europe-west1/extract?emulator={server.address}"
    settings = settings.model_copy(update={"launcher": launcher})
    server.add_job(job, Job(JOB, settings.environment(), retries=retries))
    return Machine(Services(settings), lambda execution: server.kill(job, execution))


def restarting(settings: Settings, server: CloudRunServer) -> Machine:
    return cloud_run(settings, server, retries=1)


@pytest.fixture
def machine(
    request: pytest.FixtureRequest, settings: Settings, cloud_run_server: CloudRunServer
) -> Iterator[Machine]:
    made: Machine = request.param(settings, cloud_run_server)
    yield made
    made.services.close()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a sign of life, or rests."""
    monkeypatch.setattr(watch, "_HEARD_OF", timedelta())
    monkeypatch.setattr(watch, "RESTS", (timedelta(), timedelta()))


def killed_while_reading(machine: Machine, database: Database) -> tuple[Scene, Run]:
    """A scheduled run whose process was killed when some of its chunks were done."""
    database.execute(TABLES)
    services = machine.services
    scene = Scene.of(services, database, "numbers", "stuck")
    source = scene.source.model_copy(update={"schedule": HOURLY, "chunk_rows": CHUNK_ROWS})
    Sources(services.documents).replace(source.rescheduled(MORNING))
    dispatch(services, at("09:00"))
    (run,) = Runs(services.documents).list("m1", "s1", limit=9)
    while (run := scene.stored(run)).tables[0].state is not TableState.STAGED:
        assert run.state.live, run
        time.sleep(0.05)
    assert run.tables[0].chunks_done > 1
    machine.kill(run.execution or "")
    database.execute(LET_GO)
    make_quick(database)
    return scene, run


@pytest.mark.parametrize("machine", [process, cloud_run], indirect=True)
@pytest.mark.usefixtures("at_once")
def test_a_killed_run_goes_on(machine: Machine, database: Database) -> None:
    scene, run = killed_while_reading(machine, database)

    while not (done := dispatch(scene.services, at("09:01")).resumed):
        time.sleep(0.05)

    ((resumed,), ended) = done, scene.wait(run)
    assert (resumed.run_id, resumed.attempt, resumed.problem) == (run.run_id, 2, None)
    assert (ended.state, ended.slot) == (RunState.SUCCEEDED, at("09:00"))
    assert ended.tables[0].rows == 1000
    errors = [attempt.error and attempt.error.code for attempt in ended.attempts]
    assert errors == [RUN_LOST.code, None]
    assert len({attempt.execution for attempt in ended.attempts}) == 2
    assert len(Runs(scene.services.documents).list("m1", "s1", limit=9)) == 1
    dispatch(scene.services, at("09:02"))
    assert listed(scene.services) == []


@pytest.mark.parametrize("machine", [restarting], indirect=True)
@pytest.mark.usefixtures("at_once")
def test_a_task_that_cloud_run_starts_again_goes_on_with_its_run(
    machine: Machine, database: Database
) -> None:
    """It is the same execution, which never ended: nobody else lets the run go on."""
    scene, run = killed_while_reading(machine, database)

    resumed: list[watch.ResumedRun] = []
    while (ended := scene.stored(run)).state.live:
        resumed += dispatch(scene.services, at("09:01")).resumed
        time.sleep(0.05)

    assert (ended.state, ended.tables[0].rows, resumed) == (RunState.SUCCEEDED, 1000, [])
    assert [attempt.execution for attempt in ended.attempts] == [run.execution] * 2


@pytest.mark.parametrize("machine", [cloud_run], indirect=True)
@pytest.mark.parametrize(
    "moved_on",
    [
        {"state": RunState.FAILED, "resumable": True},
        {"state": RunState.RUNNING, "execution": "extract-later"},
    ],
    ids=["it has ended", "it goes on in another execution"],
)
def test_a_task_that_is_started_again_too_late_disturbs_nobody(
    machine: Machine, database: Database, moved_on: dict[str, object]
) -> None:
    """As Cloud Run does with each task that fails, whatever became of its run."""
    scene = Scene.of(machine.services, database, "orders")
    run = Run(model_id="m1", source_id="s1", run_id=new_id(), requested_at=now())
    run = Runs(scene.services.documents).create(run.model_copy(update=moved_on))
    told = {"CLOUD_RUN_EXECUTION": "extract-earlier", "CLOUD_RUN_TASK_ATTEMPT": "1"}

    for index in ("0", "1"):
        again = subprocess.run(
            [*JOB, "m1", "s1", run.run_id],
            env={**job_environment(scene), **told, "CLOUD_RUN_TASK_INDEX": index},
            check=False,
        )
        assert again.returncode == 0
    assert scene.stored(run) == run


# --- with runs as they are recorded -----------------------------------------------------------


@pytest.fixture
def launcher(services: Services, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(services, "launcher", recorder)
    create(services)
    return recorder


def cut_off(services: Services, attempts: int = 1, *, ago: timedelta = timedelta(hours=1)) -> Run:
    """A run of the slot at 08:00 that failed by what passes, and kept what it had staged."""
    problem = Problem.of(HeadraceError(RUN_LOST, "It was killed."))
    then = now() - ago
    run = Run(
        model_id="m1",
        source_id="s1",
        run_id=new_id(),
        trigger=Trigger.SCHEDULE,
        slot=at("08:00"),
        state=RunState.FAILED,
        requested_at=then,
        finished_at=then,
        plan=Plan(wish="w", schemas={}, follows={}, snapshot="s"),
        resumable=True,
        error=problem,
        attempts=(Attempt(execution="1:0", started_at=then, error=problem),) * attempts,
    )
    watched.add(services.documents, run)
    return Runs(services.documents).create(run)


def listed(services: Services) -> list[str]:
    return [document.id for document in services.documents.list(watched.COLLECTION, limit=99)]


def looked(services: Services) -> list[str]:
    return [resumed.run_id for resumed in watch.look(services)]


def stored(services: Services, run: Run) -> Run:
    return Runs(services.documents).get("m1", "s1", run.run_id)


@pytest.mark.parametrize(
    ("attempts", "resumed", "rest"), [(1, 0, timedelta(minutes=1)), (2, 1, timedelta(minutes=10))]
)
def test_it_rests_before_it_goes_on(
    services: Services, launcher: Recorder, attempts: int, resumed: int, rest: timedelta
) -> None:
    run = cut_off(services, attempts, ago=rest - timedelta(seconds=20))
    document = services.documents.get(f"watched/{run.run_id}")
    assert document is not None
    services.documents.replace(document.path, {**document.value, "resumed": resumed}, document.etag)

    assert looked(services) == []
    Runs(services.documents).update(
        run, lambda stored: stored.model_copy(update={"finished_at": now() - rest})
    )
    assert looked(services) == [run.run_id]
    assert [launched.run_id for launched in launcher.launched] == [run.run_id]
    assert listed(services) == [run.run_id]


def test_it_is_tried_three_times_in_all(services: Services, launcher: Recorder) -> None:
    run = cut_off(services, attempts=3)

    assert looked(services) == []
    assert listed(services) == []
    assert stored(services, run).resumable  # by hand it may go on


@pytest.mark.usefixtures("at_once")
def test_launches_that_fail_count_too(services: Services, launcher: Recorder) -> None:
    launcher.failing = True
    run = cut_off(services)

    problems = [outcome.problem for _ in range(4) for outcome in watch.look(services)]

    assert [problem and problem.code for problem in problems] == ["launch_failed"] * 2
    assert listed(services) == []
    assert stored(services, run).state is RunState.FAILED


@pytest.mark.usefixtures("launcher")
@pytest.mark.parametrize("change", ["paused", "succeeded", "spoilt", "gone"])
def test_what_can_not_go_on_is_not_looked_after(services: Services, change: str) -> None:
    run = cut_off(services)
    if change == "paused":
        source = Sources(services.documents).get("m1", "s1")
        paused = source.model_copy(update={"state": SourceState.PAUSED})
        Sources(services.documents).replace(paused)
    elif change == "gone":
        services.documents.delete(f"models/m1/sources/s1/runs/{run.run_id}")
        document = services.documents.get(f"watched/{run.run_id}")
        assert document is not None
        long_ago = {**document.value, "since": (now() - 2 * lease.DURATION).isoformat()}
        services.documents.replace(document.path, long_ago, document.etag)
    else:
        wrong = {"state": RunState.SUCCEEDED} if change == "succeeded" else {}
        Runs(services.documents).replace(run.model_copy(update={"resumable": False, **wrong}))

    assert looked(services) == []
    assert listed(services) == []


@pytest.mark.usefixtures("launcher")
def test_a_run_that_is_being_recorded_stays_on_the_list(services: Services) -> None:
    run = cut_off(services)
    services.documents.delete(f"models/m1/sources/s1/runs/{run.run_id}")

    assert looked(services) == []
    assert listed(services) == [run.run_id]


@pytest.mark.usefixtures("launcher")
def test_runs_by_hand_are_not_looked_after(services: Services) -> None:
    start(services, "m1", "s1")

    assert listed(services) == []


def test_at_a_slot_it_goes_on_at_once_instead_of_a_new_run(
    services: Services, launcher: Recorder
) -> None:
    run = cut_off(services, ago=timedelta(seconds=1))

    done = dispatch(services, at("09:00"))

    (slot,) = done.skipped
    assert slot.skipped
    assert slot.skipped.code == RUN_ALREADY_LIVE.code
    assert [launched.run_id for launched in launcher.launched] == [run.run_id]
    assert Sources(services.documents).get("m1", "s1").next_run_at == at("10:00")


def test_at_a_slot_one_that_was_tried_enough_gives_way(
    services: Services, launcher: Recorder
) -> None:
    run = cut_off(services, attempts=3)

    (slot,) = dispatch(services, at("09:00")).started

    assert slot.run_id != run.run_id
    assert [launched.run_id for launched in launcher.launched] == [slot.run_id]
    assert listed(services) == [slot.run_id]


def test_of_two_dispatchers_one_lets_it_go_on(
    services: Services, launcher: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = cut_off(services)
    both = Barrier(2)

    def may_go_on(*args: object, judge: Callable[..., bool] = watch._may_go_on) -> bool:
        both.wait(30)  # each has seen that it may
        return judge(*args)

    monkeypatch.setattr(watch, "_may_go_on", may_go_on)
    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(lambda _: dispatch(services, at("08:59")), range(2))

    assert [resumed.run_id for resumed in (*one.resumed, *other.resumed)] == [run.run_id]
    assert len(launcher.launched) == 1


@pytest.mark.usefixtures("at_once")
def test_a_dispatcher_that_dies_has_used_up_an_attempt(
    services: Services, launcher: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = cut_off(services)

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(watch, "resume", die)
        with pytest.raises(SystemExit):
            looked(services)
    assert launcher.launched == []

    assert looked(services) == [run.run_id]
    launcher.dead = True
    assert looked(services) == []
    assert listed(services) == []


@pytest.mark.usefixtures("launcher")
def test_what_fails_for_one_run_holds_up_no_other(services: Services) -> None:
    services.documents.create("watched/0", {"run_id": 7})
    run = cut_off(services)

    assert looked(services) == [run.run_id]


def test_a_run_stays_live_while_its_launcher_can_not_be_asked(
    services: Services, launcher: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_: str) -> bool:
        raise HeadraceError(LAUNCHER_UNAVAILABLE, "Cloud Run is away.")

    run = start(services, "m1", "s1")
    monkeypatch.setattr(launcher, "alive", unreachable)

    settled = settle(services, run)

    assert settled.state.live
    assert settled.error
    assert settled.error.code == LAUNCHER_UNAVAILABLE.code
    assert stored(services, run).error is None
