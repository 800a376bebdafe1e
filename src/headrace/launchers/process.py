"""Jobs as processes of this machine, which outlive the service that started them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from headrace.errors import LAUNCH_FAILED, HeadraceError
from headrace.files import local_path, make_directory
from headrace.launchers import log_file
from headrace.model import Run
from headrace.run_log import LogPage, LogQuery
from headrace.settings import Settings

# -P: no file of the directory in which the service was started takes the place of a module.
JOB = (sys.executable, "-P", "-m", "headrace.extraction.job")

# psutil adds up a process's start from the boot time, which moves a little when the clock is
# set. No system hands a pid out again this fast.
_SAME_START_SECONDS = 2.0


def open_launcher(url: str, settings: Settings) -> ProcessLauncher:
    return ProcessLauncher(local_path(url), JOB, settings.environment(), settings.tasks)


class ProcessLauncher:
    """Starts `command MODEL SOURCE RUN`, with what it prints in `<directory>/<run>.log`.

    It is started `tasks` times, each with a number of its own (`CLOUD_RUN_TASK_INDEX`). The
    processes get this one's environment, without the service's token and with `environment` over
    it. An execution is the pid of the first and the time at which it started: the others end when
    they see that the run has.
    """

    def __init__(
        self,
        directory: Path,
        command: Sequence[str],
        environment: Mapping[str, str],
        tasks: int = 1,
    ) -> None:
        self._directory = directory
        self._command = tuple(command)
        self._environment = dict(environment)
        self._tasks = tasks

    def launch(self, run: Run) -> str:
        try:
            make_directory(self._directory)
            log = os.open(
                self._log(run),
                os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC,
                0o600,
            )
            try:
                first, *_ = [self._start(run, number, log) for number in range(self._tasks)]
            finally:
                os.close(log)
        except OSError as error:
            raise HeadraceError(
                LAUNCH_FAILED,
                f"The process for run '{run.run_id}' could not be started: "
                f"{os.strerror(error.errno or 0)}.",
            ) from error
        return first

    def _start(self, run: Run, number: int, log: int) -> str:
        inherited = {name: v for name, v in os.environ.items() if name != "HEADRACE_TOKEN"}
        task = {"CLOUD_RUN_TASK_INDEX": str(number)}
        process = subprocess.Popen(
            [*self._command, run.model_id, run.source_id, run.run_id],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**inherited, **self._environment, **task},
            start_new_session=True,  # a Ctrl-C for the service is none for its jobs
        )
        execution = _execution(process.pid)
        # Someone has to wait for an ended child, or it stays in the table of processes.
        threading.Thread(target=process.wait, name=f"wait-{process.pid}", daemon=True).start()
        return execution

    def current(self) -> str | None:
        return _execution(os.getpid())

    def alive(self, execution: str) -> bool:
        return _find(execution) is not None

    def stop(self, execution: str) -> None:
        if process := _find(execution):
            try:
                process.terminate()
            except psutil.NoSuchProcess:
                return

    def read_log(self, run: Run, wanted: LogQuery) -> LogPage:
        # A job says last how its run was recorded to have ended.
        growing = run.state.live or (run.execution is not None and self.alive(run.execution))
        page = log_file.read_page(self._log(run), wanted, growing=growing)
        if page is not None:
            return page
        return LogPage(
            next_after=(wanted.after or "0") if growing else None, absent=self._absent(run)
        )

    def forget(self, run: Run) -> None:
        log_file.remove(self._log(run))

    def _log(self, run: Run) -> Path:
        return self._directory / f"{run.run_id}.log"

    def _absent(self, run: Run) -> str:
        if run.state.live and run.execution is None:
            return f"The job of run '{run.run_id}' has not been started yet."
        return (
            f"There is no log of run '{run.run_id}' in {self._directory}: its job was never "
            "started here, or the log was removed."
        )


def _execution(pid: int) -> str:
    try:
        return f"{pid}:{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:  # it has ended already, and macOS tells no more of it
        return f"{pid}:0"


def _find(execution: str) -> psutil.Process | None:
    """The process, or None if it has ended; a zombie has."""
    pid, _, started = execution.partition(":")
    try:
        process = psutil.Process(int(pid))
        same = abs(process.create_time() - float(started)) < _SAME_START_SECONDS
        ended = process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same and not ended else None
