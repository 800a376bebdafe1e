"""The heartbeat on Google Cloud, end to end: its call, the function, the execution, the rows."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from grpc import StatusCode

from devservers.google import rest
from devservers.google.cloud_run import CloudRunServer, Job
from devservers.google.firestore import FirestoreServer
from devservers.google.secret_manager import SecretManagerServer
from devservers.google.serving import lost, refused
from devservers.ports import free_port
from headrace.diagnosis.addresses import LOOPBACK
from headrace.extraction.dispatch import dispatch
from headrace.extraction.watched import COLLECTION
from headrace.ids import new_id
from headrace.launchers.process import JOB
from headrace.model import Run, RunState, Trigger, now
from headrace.records import Runs, Sources
from headrace.schedules import Interval
from headrace.services import Services
from headrace.settings import Settings
from tests.conftest import Database
from tests.extraction.scene import Scene
from tests.functions.test_alone import DIRECTORY, wait_until_it_answers
from tests.sign_ins.provider import CLIENT_ID, EDITOR, SCHEDULER, Provider, claims, running, signed


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        yield provider


@pytest.fixture
def job() -> str:
    return f"projects/p{new_id()}/locations/europe-west1/jobs/extract"


@pytest.fixture
def settings(
    tmp_path: Path,
    job: str,
    provider: Provider,
    cloud_run_server: CloudRunServer,
    firestore_server: FirestoreServer,
    secret_manager_server: SecretManagerServer,
) -> Settings:
    project = job.split("/")[1]
    return Settings.read(
        data=tmp_path / "data",
        documents=f"firestore://{project}?emulator={firestore_server.address}",
        vault=f"secretmanager://{project}?emulator={secret_manager_server.address}",
        launcher=f"cloudrun://{project}/europe-west1/extract?emulator={cloud_run_server.address}",
        tasks=2,
        sign_in=f"google://{CLIENT_ID}",
        sign_in_keys=f"{provider.address}/keys",
        editors=EDITOR,
        scheduler=SCHEDULER,
        allowed_networks=", ".join(map(str, LOOPBACK)),
    )


@pytest.fixture
def scene(
    settings: Settings, database: Database, job: str, cloud_run_server: CloudRunServer
) -> Iterator[Scene]:
    """A source that has been due for two minutes, in what stands for Google Cloud."""
    cloud_run_server.add_job(job, Job(JOB, settings.environment(), tasks=2))
    database.execute("CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 1000) n")
    services = Services(settings)
    scene = Scene.of(services, database, "orders")
    then = now() - timedelta(minutes=62)
    source = scene.source.model_copy(
        update={"schedule": Interval(every=60, unit="minutes", anchor=then)}
    )
    Sources(services.documents).replace(source.rescheduled(then))
    yield scene
    services.close()


@pytest.fixture
def function(settings: Settings) -> Iterator[httpx.Client]:
    """The function `dispatch`, in a process of its own."""
    port = free_port()
    named = {
        f"HEADRACE_{name.upper()}": str(getattr(settings, name))
        for name in ("sign_in", "sign_in_keys", "editors", "scheduler")
    }
    process = subprocess.Popen(
        [
            sys.executable, "-m", "functions_framework", "--target", "dispatch",
            "--source", DIRECTORY / "dispatch" / "main.py",
            "--host", "127.0.0.1", "--port", str(port),
        ],
        env={**os.environ, **settings.environment(), **named},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            wait_until_it_answers(client)
            yield client
    finally:
        process.terminate()
        process.wait(20)


def beat(function: httpx.Client, account: str = SCHEDULER) -> httpx.Response:
    token = {"Authorization": f"Bearer {signed(claims(account))}"}
    return function.post("/", headers=token, json={}, timeout=60)


def test_what_is_due_runs_on_cloud_run(
    function: httpx.Client, scene: Scene, job: str, cloud_run_server: CloudRunServer
) -> None:
    assert beat(function, EDITOR).status_code == 403
    assert cloud_run_server.executions(job) == []

    (started,) = beat(function).raise_for_status().json()["started"]

    run: Run = Runs(scene.services.documents).get("m1", "s1", started["run_id"])
    ended = scene.wait(run)
    assert (ended.state, ended.trigger, ended.error) == (RunState.SUCCEEDED, Trigger.SCHEDULE, None)
    assert scene.count() == 1000
    (execution,) = cloud_run_server.executions(job)
    assert execution["name"] == f"{job}/executions/{ended.execution}"
    assert execution["taskCount"] == 2
    assert beat(function).raise_for_status().json()["started"] == []
    assert scene.services.documents.list(COLLECTION, limit=9) == []


def test_an_execution_that_was_killed_is_noticed(
    function: httpx.Client, scene: Scene, job: str, cloud_run_server: CloudRunServer
) -> None:
    """It had no plan yet: the heartbeat records it as lost, and the next slot begins anew."""
    cloud_run_server.add_job(job, Job((sys.executable, "-c", "import time; time.sleep(600)")))
    (started,) = beat(function).raise_for_status().json()["started"]
    run = Runs(scene.services.documents).get("m1", "s1", started["run_id"])
    assert run.execution is not None

    cloud_run_server.kill(job, run.execution)
    while (run := scene.stored(run)).state.live:
        assert beat(function).raise_for_status().json()["resumed"] == []
        time.sleep(0.05)

    assert (run.state, run.error and run.error.code) == (RunState.FAILED, "run_lost")
    assert scene.services.documents.list(COLLECTION, limit=9) == []


# Whoever asks again is answered. The last of them has done what it does not say.
PASSING = (
    *(
        refused(status)
        for status in (
            StatusCode.UNAVAILABLE,
            StatusCode.DEADLINE_EXCEEDED,
            StatusCode.RESOURCE_EXHAUSTED,
            StatusCode.ABORTED,
            StatusCode.INTERNAL,
        )
    ),
    lost(StatusCode.UNAVAILABLE),
)


def test_faults_that_pass_are_got_through(
    scene: Scene,
    job: str,
    cloud_run_server: CloudRunServer,
    firestore_server: FirestoreServer,
    secret_manager_server: SecretManagerServer,
) -> None:
    for method in ("Commit", "BatchGetDocuments", "RunQuery"):
        firestore_server.fail(method, *PASSING)
    secret_manager_server.fail("AccessSecretVersion", *PASSING)
    cloud_run_server.fail("jobs.run", rest.refused("RESOURCE_EXHAUSTED"), rest.lost("UNAVAILABLE"))

    (started,) = dispatch(scene.services, now()).started

    run = Runs(scene.services.documents).get("m1", "s1", started.run_id or "")
    assert scene.wait(run).state is RunState.SUCCEEDED
    assert scene.count() == 1000
    assert len(cloud_run_server.executions(job)) == 1
    left = (firestore_server.left, secret_manager_server.left, cloud_run_server.left)
    assert left == ([], [], [])


def test_a_secret_that_the_job_may_not_read(
    scene: Scene, secret_manager_server: SecretManagerServer
) -> None:
    forbidden = refused(StatusCode.PERMISSION_DENIED)
    secret_manager_server.fail("AccessSecretVersion", forbidden, forbidden)  # one for each task

    run = scene.wait(scene.start())

    assert (run.state, run.resumable) == (RunState.FAILED, False)
    assert run.error
    assert (run.error.code, run.error.retryable) == ("vault_forbidden", False)
    while scene.services.launcher.alive(run.execution or ""):  # the other task
        time.sleep(0.05)
    assert len(secret_manager_server.requests["AccessSecretVersion"]) == 2
    assert scene.wait(scene.start()).state is RunState.SUCCEEDED
