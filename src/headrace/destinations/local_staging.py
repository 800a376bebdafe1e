"""Staging on this machine: a directory a run, held by its process, swept when nobody holds it."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from datetime import timedelta
from pathlib import Path

from pyarrow.fs import LocalFileSystem

from headrace.destinations import Staging
from headrace.destinations.disk import disk_errors
from headrace.files import locked, make_directory

KEPT = timedelta(days=7)
_KEPT = ".kept"


class LocalStaging:
    """The directories `<directory>/<run_id>/`.

    The processes that made one hold a lock on it for as long as they live. Making one removes the
    directories that nobody holds: their processes were killed. Both happen under one lock, so
    that a directory is never seen between its making and its being held. One that is to be kept
    stays for `KEPT`, since whoever wanted it may be gone for good.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: dict[str, int] = {}

    def path(self, run_id: str) -> Path:
        return self._directory / run_id

    def make(self, run_id: str) -> Staging:
        """Raises DESTINATION_UNAVAILABLE and DESTINATION_FULL."""
        path = self.path(run_id)
        with disk_errors(f"Making the staging directory {path}"):
            make_directory(self._directory)
            with locked(self._directory / "lock"):
                self._sweep()
                make_directory(path)
                if run_id not in self._held:
                    self._held[run_id] = _lock(path, fcntl.LOCK_SH)
        return Staging(LocalFileSystem(), str(path))

    def keep(self, run_id: str) -> None:
        """Raises DESTINATION_UNAVAILABLE and DESTINATION_FULL."""
        with disk_errors(f"Keeping the staging directory of run {run_id}"):
            (self.path(run_id) / _KEPT).touch()

    def remove(self, run_id: str) -> None:
        """Absent is no error. Raises DESTINATION_UNAVAILABLE."""
        path = self.path(run_id)
        with disk_errors(f"Removing the staged files of run {run_id}"):
            if path.exists():
                (path / _KEPT).unlink(missing_ok=True)  # first: what stays behind may be swept
                shutil.rmtree(path)
        self._release(run_id)

    def close(self) -> None:
        for run_id in tuple(self._held):
            self._release(run_id)

    def _release(self, run_id: str) -> None:
        handle = self._held.pop(run_id, None)
        if handle is not None:
            os.close(handle)

    def _sweep(self) -> None:
        for path in self._directory.iterdir():
            if path.is_dir() and not _is_held(path) and not _is_kept(path):
                # What can't be removed costs room, but spoils nothing.
                shutil.rmtree(path, ignore_errors=True)


def _is_kept(path: Path) -> bool:
    try:
        kept = (path / _KEPT).stat().st_mtime
    except OSError:
        return False
    return time.time() - kept < KEPT.total_seconds()


def _is_held(path: Path) -> bool:
    try:
        os.close(_lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB))
    except OSError:  # another has the lock, or it can't be known
        return True
    return False


def _lock(path: Path, operation: int) -> int:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, operation)
    except OSError:
        os.close(handle)
        raise
    return handle
