"""Jobs in processes that are forked from one which has everything imported: quick to start."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from headrace.extraction import job
from headrace.launchers.process import ProcessLauncher
from headrace.model import Run

_forkserver = multiprocessing.get_context("forkserver")


class ForkedJobs(ProcessLauncher):
    """A launcher of real jobs; at the point of that name the next one meets its `fate`."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        super().__init__(directory, (), environment)
        _forkserver.set_forkserver_preload([__name__])
        self.environment = dict(environment)
        self.trail = directory / "trail"
        self.point: str | None = None
        self.fate: signal.Signals | None = signal.SIGKILL
        self.jobs: list[ForkServerProcess] = []

    def launch(self, run: Run) -> str:
        self.trail.parent.mkdir(parents=True, exist_ok=True)
        self.trail.unlink(missing_ok=True)
        process = _forkserver.Process(
            target=_work,
            args=(
                [run.model_id, run.source_id, run.run_id],
                self.environment,
                (self.trail, self.point, self.fate),
            ),
        )
        process.start()
        self.jobs.append(process)
        return f"{process.pid}:{_started(process.pid)}"

    @property
    def log(self) -> str:
        """What all the jobs have logged."""
        return self.trail.with_suffix(".log").read_text()

    def end(self) -> int | None:
        """Wait for the job that was launched last; what became of it, as `subprocess` tells it."""
        process = self.jobs.pop()
        process.join(60)
        return process.exitcode


def _started(pid: int | None) -> str:
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return "0"


def _work(
    arguments: list[str],
    environment: dict[str, str],
    what: tuple[Path, str | None, signal.Signals | None],
) -> None:
    from tests.extraction.kill_matrix.points import Points, watch

    log = os.open(what[0].with_suffix(".log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.update(environment)
    sys.argv = ["job", *arguments]
    watch(Points(*what))
    sys.exit(job.main())
