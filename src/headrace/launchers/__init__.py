"""Launchers: they start the extraction job for a run, and keep what it logs."""

from __future__ import annotations

from typing import Protocol

from headrace.model import Run
from headrace.run_log import LogPage, LogQuery

SCHEMES = {"process": "headrace.launchers.process:open_launcher"}


class Launcher(Protocol):
    """Starts jobs and finds them again. An execution is the launcher's own name for a job."""

    def launch(self, run: Run) -> str:
        """Start the job; returns the execution. Raises LAUNCH_FAILED."""
        ...

    def current(self) -> str | None:
        """The execution that this process is, for the job to record; None if it is none."""
        ...

    def alive(self, execution: str) -> bool:
        """Whether the job may still be doing something."""
        ...

    def stop(self, execution: str) -> None:
        """Ask the job to end; returns at once. An ended one is no error."""
        ...

    def read_log(self, run: Run, wanted: LogQuery) -> LogPage:
        """A page of what the run's jobs have printed, as it is so far.

        Without a log the page is empty and says why. Raises LOG_UNAVAILABLE, and INVALID_INPUT if
        `wanted.after` is not from a page of this log.
        """
        ...

    def forget(self, run: Run) -> None:
        """Remove what is kept of the run; what is not there is no error. Raises LOG_UNAVAILABLE."""
        ...
