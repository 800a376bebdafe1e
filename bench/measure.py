"""Runs a command and measures it: wall time, processor time and peak resident memory."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Measurement:
    """Of a process with all its descendants; a database server is none of them."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    peak: int  # bytes resident, all processes together
    failure: str | None  # the end of the output, if it did not succeed


def measure(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    directory: Path,
    limit: float = 1800,
) -> Measurement:
    """Run to the end in that directory, at most `limit` seconds."""
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command, env=dict(environment), cwd=directory, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        sampler = _Sampler(process.pid)
        timer = threading.Timer(limit, _kill, (process.pid,))
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - started
        finally:
            timer.cancel()
            _kill(process.pid)  # and what it may have left running
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = sampler.stop()
        failure = None
        if process.returncode:
            output.seek(max(0, output.seek(0, os.SEEK_END) - 2000))
            failure = output.read().decode(errors="replace") or f"exit {process.returncode}"
    return Measurement(wall, usage.ru_utime + usage.ru_stime, peak, failure)


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def busy(seconds: float = 0.5) -> float:
    """The part of all processors' time that somebody uses now, watched for so long."""
    used, total = _processor_times()
    time.sleep(seconds)
    used_later, total_later = _processor_times()
    return (used_later - used) / max(1, total_later - total)


class _Sampler(threading.Thread):
    """Watches the memory of a process and its descendants, until it is stopped.

    The kernel keeps each process's own peak, so one that lives between two samples only counts
    for less if several run at once.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._peak = 0
        self._ended = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            processes = list(_tree(self._pid))
            together = sum(_resident(pid) for pid in processes)
            highest = max((_high_water(pid) for pid in processes), default=0)
            self._peak = max(self._peak, together, highest)

    def stop(self) -> int:
        self._ended.set()
        self.join()
        return self._peak


def _tree(pid: int) -> list[int]:
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(children).split():
            found += _tree(int(child))
    return found


def _resident(pid: int) -> int:
    fields = _read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * _PAGE if fields else 0


def _high_water(pid: int) -> int:
    for line in _read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _processor_times() -> tuple[int, int]:
    """Used and all ticks since the start; the fourth and fifth are idle and waiting."""
    ticks = [int(field) for field in _read(Path("/proc/stat")).splitlines()[0].split()[1:9]]
    return sum(ticks) - sum(ticks[3:5]), sum(ticks)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended
        return ""
