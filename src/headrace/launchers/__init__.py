"""Launchers: they start the extraction job for a run, and keep what it logs."""

from __future__ import annotations

from typing import Protocol

from headrace.model import Run
from headrace.run_log import LogPage, LogQuery

SCHEMES = {
    "process": "headrace.launchers.process:open_launcher",
    "cloudrun": "headrace.launchers.cloudrun:open_launcher",
}


class Launcher(Protocol):
    """Starts jobs and finds them again. An execution is the launcher's own name for a job."""

    def launch(self, run: Run) -> str:
        """Start the job; returns the execution.

        Raises LAUNCH_FAILED, and the LAUNCHER_ errors if whoever starts jobs can't be asked. After
        an error the job may still come to life: it then finds that its run has ended.
        """
        ...

    def current(self) -> str | None:
        """The execution that this process is, for the job to record; None if it is none."""
        ...

    def alive(self, execution: str) -> bool:
        """Whether the job may still be doing something. Raises the LAUNCHER_ errors."""
        ...

    def stop(self, execution: str) -> None:
        """Ask the job to end; returns at once. An ended one is no error.

        Raises the LAUNCHER_ errors.
        """
        ...

    def read_log(self, run: Run, wanted: LogQuery) -> LogPage:
        """A page of what the run's jobs have printed, as it is so far.

        Without a log the page is empty and says why. Raises the LOG_ errors, and INVALID_INPUT if
        `wanted.after` is not from a page of this log.
        """
        ...

    def forget(self, run: Run) -> None:
        """Remove what is kept of the run, unless that is kept for a time of its own.

        What is not there is no error. Raises LOG_UNAVAILABLE.
        """
        ...
