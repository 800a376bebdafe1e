"""The connection test in a process of its own: what it says, leaves behind, and takes."""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
import traceback
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from pydantic import SecretStr

import headrace.sources.mysql.probe
import headrace.sources.postgres.probe  # noqa: F401  drivers, before the peak is measured
from headrace import logs, sources
from headrace.checks import Check
from headrace.connections import Credentials
from headrace.diagnosis import reach
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.diagnose import diagnose
from headrace.diagnosis.reach import Reach
from headrace.errors import HeadraceError
from tests.faults.case import Attempt
from tests.peak import peak_kilobytes

# For a busy machine, beyond the test's own deadline.
_GRACE_SECONDS = 10

# Processes begin as copies of one that has read the code already; the peak is each one's own.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Examined:
    """`exceptions` are the tracebacks of what was raised on the way, with all their causes.

    `output` is what the process wrote, its log included; `threads` are those that it left.
    """

    checks: tuple[Check, ...]
    exceptions: str
    output: str
    threads: tuple[str, ...]
    peak_kilobytes: int


def examined(attempt: Attempt, directory: Path) -> Examined:
    """Raises TimeoutError if the test does not keep its deadline, whatever it hangs in."""
    output = directory / "output"
    answers, end = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(target=_examine, args=(attempt, end, output), daemon=True)
    process.start()
    end.close()
    received = []
    try:
        for _ in ("the test", "what it raised"):
            if not answers.poll(attempt.seconds + _GRACE_SECONDS):
                raise TimeoutError(f"not ended after {attempt.seconds} s:\n{output.read_text()}")
            try:
                received.append(answers.recv())
            except EOFError:
                raise AssertionError(output.read_text()) from None
    finally:
        process.kill()
        process.join()
    (checks, threads, peak), exceptions = received
    return Examined(checks, exceptions, output.read_text(errors="replace"), threads, peak)


def _examine(attempt: Attempt, answers: Pipe, output: Path) -> None:
    with output.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    logs.configure(logging.DEBUG)
    if attempt.patience is not None:
        reach._LITTLE = attempt.patience
    credentials = Credentials(password=SecretStr(attempt.password))
    checks = diagnose(
        attempt.connection,
        credentials,
        attempt.network,
        selection=attempt.selection,
        seconds=attempt.seconds,
    )
    told = tuple(checks)
    threads = [thread.name for thread in threading.enumerate()]
    threads.remove(threading.current_thread().name)
    answers.send((told, tuple(threads), peak_kilobytes()))
    answers.send("".join(_raised(attempt, credentials)))


def _raised(attempt: Attempt, credentials: Credentials) -> Iterator[str]:
    """Once more, for the exceptions that are turned into checks."""
    way = Reach(attempt.connection, attempt.network, Deadline(attempt.seconds))
    with closing(sources.probe(attempt.connection, credentials, way, attempt.selection)) as probe:
        for step in probe.steps.values():
            try:
                found = step()
            except HeadraceError as error:
                yield from _shown(error)
                return
            if found.error:
                yield from _shown(found.error)


def _shown(error: HeadraceError) -> Iterator[str]:
    logging.getLogger("headrace").error("it failed", exc_info=error)
    yield from traceback.format_exception(error)
    yield repr(error)
