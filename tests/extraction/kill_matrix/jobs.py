"""Jobs in processes that are forked from one which has everything imported: quick to start."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from headrace import destinations, documents, launchers, sources, vaults
from headrace.extraction import job
from headrace.launchers.process import ProcessLauncher
from headrace.model import Run
from tests.extraction.kill_matrix.points import Fate, Points, take_turns, watch

_forkserver = multiprocessing.get_context("forkserver")
_PORTS = (documents, vaults, destinations, launchers, sources)
_SECONDS = 60.0


class ForkedJobs(ProcessLauncher):
    """A launcher of real jobs; at the point of that name one of the next meets its `fate`.

    A run has `tasks` processes; `victim` is the number of the one that meets it.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str], tasks: int = 1) -> None:
        super().__init__(directory, (), environment, tasks)
        implementations = (url for port in _PORTS for url in port.SCHEMES.values())
        _forkserver.set_forkserver_preload(
            [__name__, *(url.partition(":")[0] for url in implementations)]
        )
        self.environment = dict(environment)
        self.tasks = tasks
        self.directory = directory
        self.point: str | None = None
        self.fate: signal.Signals | None = signal.SIGKILL
        self.victim = 0
        self.launched = 0
        self.jobs: list[list[ForkServerProcess]] = []

    def launch(self, run: Run) -> str:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.launched += 1
        self.jobs.append([self._forked(run, number) for number in range(self.tasks)])
        self.point = None
        pid = self.jobs[-1][0].pid
        return f"{pid}:{_started(pid)}"

    def _forked(self, run: Run, number: int) -> ForkServerProcess:
        self._trail(number).unlink(missing_ok=True)
        process = _forkserver.Process(
            target=_work,
            args=(
                [run.model_id, run.source_id, run.run_id],
                {**self.environment, "CLOUD_RUN_TASK_INDEX": str(number)},
                (self._trail(number), self.point if number == self.victim else None, self.fate),
            ),
        )
        process.start()
        return process

    def trail(self, number: int = 0) -> list[str]:
        """The points that a process of the last run came to."""
        return self._trail(number).read_text().splitlines()

    def _trail(self, number: int) -> Path:
        return self.directory / f"trail-{number}"

    @property
    def log(self) -> str:
        """What all the jobs have logged."""
        return "".join(path.read_text() for path in sorted(self.directory.glob("trail-*.log")))

    def end(self) -> list[int | None]:
        """Wait for the job that was launched last; what became of its processes, by number.

        It is told as `subprocess` tells it.
        """
        processes = self.jobs.pop()
        return [_ended(process) for process in processes]

    def end_of_victim(self) -> int | None:
        """The same of the one process; the others may go on."""
        return _ended(self.jobs[-1][self.victim])

    def abandon(self) -> None:
        """Kill those that nobody has waited for."""
        for processes in self.jobs:
            for process in processes:
                process.kill()
        self.jobs.clear()


def _ended(process: ForkServerProcess) -> int | None:
    process.join(_SECONDS)
    if process.exitcode is None:
        process.kill()
    return process.exitcode


def _started(pid: int | None) -> str:
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return "0"


def _work(arguments: list[str], environment: dict[str, str], what: Fate) -> None:
    log = os.open(what[0].with_suffix(".log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.update(environment)
    sys.argv = ["job", *arguments]
    points = Points(*what)
    if environment["HEADRACE_TASKS"] != "1":
        take_turns(points, int(environment["CLOUD_RUN_TASK_INDEX"]))
    watch(points)
    sys.exit(job.main())
