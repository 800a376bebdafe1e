"""Each launcher, with a job that waits until a file tells it what to do."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from devservers.google.cloud_run import CloudRunServer, Job
from headrace import ids
from headrace.errors import LAUNCH_FAILED, LAUNCHER_FORBIDDEN, LAUNCHER_MISSING, LOG_FORBIDDEN, Kind
from headrace.google_rest import RestService
from headrace.launchers import Launcher
from headrace.launchers.cloud_logging import JobLogs
from headrace.launchers.cloudrun import CloudRunLauncher
from headrace.launchers.process import ProcessLauncher
from headrace.model import Run, now

JOB = """
import pathlib, signal, sys, time
directory, *ids = sys.argv[1:]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
(pathlib.Path(directory) / "started").write_text(" ".join(ids))
said = pathlib.Path(directory) / "say"
while not (pathlib.Path(directory) / "end").exists():
    if said.exists():
        sys.stdout.write(said.read_text())
        sys.stdout.flush()
        said.unlink()
    time.sleep(0.01)
"""


@dataclass
class Stage:
    """A launcher over the job above, and one that has nothing to start."""

    directory: Path
    launcher: Launcher
    broken: Launcher
    refusal: Kind = LAUNCH_FAILED
    """What that one raises."""
    forgets: bool = True
    """Whether logs are removed when they are to be forgotten, or kept for a time of their own."""
    printed: Callable[[], int] | None = None
    """How many lines have arrived, where that takes a moment."""
    executions: list[str] = field(default_factory=list)

    def launch(self, wanted: Run | None = None) -> str:
        self.executions.append(self.launcher.launch(wanted or run()))
        wait_until((self.directory / "started").exists)
        return self.executions[-1]

    def say(self, text: str) -> None:
        """Let the job print it."""
        before = self.printed() if self.printed else 0
        (self.directory / "draft").write_text(text)
        (self.directory / "draft").rename(said := self.directory / "say")
        wait_until(lambda: not said.exists())
        wait_until(lambda: not self.printed or self.printed() == before + text.count("\n"))

    def end(self) -> None:
        (self.directory / "end").touch()
        wait_until(lambda: not any(map(self.launcher.alive, self.executions)))


def process(directory: Path, server: CloudRunServer) -> Stage:
    job = (sys.executable, "-c", JOB, str(directory))
    return Stage(
        directory,
        ProcessLauncher(directory / "logs", job, {}),
        ProcessLauncher(directory / "logs", (str(directory / "absent"),), {}),
    )


def cloud_run(directory: Path, server: CloudRunServer) -> Stage:
    """A job of Cloud Run, in a project of its own; what it has logged is seen at once."""
    project = f"p{ids.new_id()}"
    parent = f"projects/{project}/locations/europe-west1"
    view = f"{parent}/buckets/runs/views/all"
    server.add_job(f"{parent}/jobs/extract", Job((sys.executable, "-c", JOB, str(directory))))
    server.logs.views.add(view)
    logs = JobLogs(
        RestService("logging", server.address, LOG_FORBIDDEN),
        view,
        "extract",
        seen_after=timedelta(),
    )
    service = RestService("run", server.address, LAUNCHER_FORBIDDEN)
    return Stage(
        directory,
        CloudRunLauncher(service, f"{parent}/jobs/extract", logs),
        CloudRunLauncher(service, f"{parent}/jobs/absent", logs),
        refusal=LAUNCHER_MISSING,
        forgets=False,
        printed=lambda: server.logs.count(project),
    )


def run() -> Run:
    return Run(model_id="m", source_id="s", run_id=ids.new_id(), requested_at=now())


def wait_until(condition: Callable[[], bool]) -> None:
    """The suite's time-out ends this if it never comes true."""
    while not condition():
        time.sleep(0.01)


@pytest.fixture(params=[process, cloud_run])
def stage(
    request: pytest.FixtureRequest, tmp_path: Path, cloud_run_server: CloudRunServer
) -> Iterator[Stage]:
    stage: Stage = request.param(tmp_path, cloud_run_server)
    yield stage
    stage.end()
