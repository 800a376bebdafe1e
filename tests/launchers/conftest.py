"""Each launcher, with a job that waits until a file tells it what to do."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from headrace import ids
from headrace.launchers import Launcher
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
    executions: list[str] = field(default_factory=list)

    def launch(self, wanted: Run | None = None) -> str:
        self.executions.append(self.launcher.launch(wanted or run()))
        wait_until((self.directory / "started").exists)
        return self.executions[-1]

    def say(self, text: str) -> None:
        """Let the job print it."""
        (self.directory / "draft").write_text(text)
        (self.directory / "draft").rename(said := self.directory / "say")
        wait_until(lambda: not said.exists())

    def end(self) -> None:
        (self.directory / "end").touch()
        wait_until(lambda: not any(map(self.launcher.alive, self.executions)))


def process(directory: Path) -> Stage:
    job = (sys.executable, "-c", JOB, str(directory))
    return Stage(
        directory,
        ProcessLauncher(directory / "logs", job, {}),
        ProcessLauncher(directory / "logs", (str(directory / "absent"),), {}),
    )


def run() -> Run:
    return Run(model_id="m", source_id="s", run_id=ids.new_id(), requested_at=now())


def wait_until(condition: Callable[[], bool]) -> None:
    """The suite's time-out ends this if it never comes true."""
    while not condition():
        time.sleep(0.01)


@pytest.fixture(params=[process])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    stage: Stage = request.param(tmp_path)
    yield stage
    stage.end()
