"""The extraction job: `python -m headrace.extraction.job MODEL SOURCE RUN`.

A run has one process, or several with one number each (`CLOUD_RUN_TASK_INDEX`, as the tasks of a
Cloud Run Job have it); number 0 plans and publishes, all of them read.
"""

from __future__ import annotations

import logging
import signal
import sys
from functools import partial

from headrace import credentials, logs, sources
from headrace.errors import (
    INTERNAL_ERROR,
    RUN_CANCELLED,
    RUN_INTERRUPTED,
    RUN_NOT_FOUND,
    HeadraceError,
)
from headrace.extraction import lease
from headrace.extraction.assist import assist
from headrace.extraction.board import Board
from headrace.extraction.discard import discard
from headrace.extraction.extract import Moments, Ports, extract
from headrace.extraction.heartbeat import Heartbeat, Stop
from headrace.extraction.settle import cancelled, ended
from headrace.logs import log_context
from headrace.model import Attempt, Run, RunState, Source, now
from headrace.records import Runs, Sources
from headrace.services import Services
from headrace.settings import Settings

log = logging.getLogger(__name__)


def main() -> int:
    """Read the environment and run; the exit code is 0 if the run succeeded, else 1."""
    logs.configure()
    model_id, source_id, run_id = sys.argv[1:]
    with log_context(model_id=model_id, source_id=source_id, run_id=run_id):
        try:
            services = Services(Settings.read())
            run = Runs(services.documents).get(model_id, source_id, run_id)
            if _is_left_over(services, run):
                log.info("the run has ended, or goes on in another execution")
                return 0
            if services.settings.task_index:
                return _assist(services, run)
            state = run_job(services, run).state
        except HeadraceError as error:
            log.error("%s: %s", error.code, error.detail)  # noqa: TRY400 - it says what failed
            return 1
        except Exception:
            log.exception("the job failed in a way that nobody foresaw")
            return 1
        return 0 if state is RunState.SUCCEEDED else 1


def _is_left_over(services: Services, run: Run) -> bool:
    """Whether Cloud Run has started this task again, and nobody needs it any more.

    If a task fails it is started again in the same execution, whatever became of its run. A run
    that was let go on meanwhile has another execution by then, which is not to be disturbed.
    """
    if not services.settings.task_attempt:
        return False
    return not run.state.live or run.execution not in (None, services.launcher.current())


def run_job(services: Services, run: Run) -> Run:
    """Extract, and record how it ended; returns the run as recorded."""
    if not run.state.live:
        return run
    runs = Runs(services.documents)
    execution = services.launcher.current()
    run = runs.update(run, lambda stored: _begun(stored, execution))
    heartbeat = Heartbeat(services.documents, run)
    board = Board(heartbeat.show)
    error: HeadraceError | None = None
    try:
        _work(services, run, heartbeat, board)
    except Stop as stop:
        error = stop.error
    except HeadraceError as failure:
        error = failure
    except Exception:
        log.exception("the run failed in a way that nobody foresaw")
        error = HeadraceError(INTERNAL_ERROR, f"Run '{run.run_id}' failed; its log says where.")
    heartbeat.end()
    if error:
        log.error("%s: %s", error.code, error.detail)
    recorded = _record(services, run, board, error)
    if _is_anothers(recorded, run):
        return recorded
    lease.release(services.documents, run)
    log.info("the run ended as %s", recorded.state)
    return recorded


def _assist(services: Services, run: Run) -> int:
    """The exit code is 0 whatever happens: the first process says how the run ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    source = Sources(services.documents).get(run.model_id, run.source_id)
    try:
        assist(source, run, _ports(services, source))
    except HeadraceError as error:
        log.warning("%s: %s", error.code, error.detail)
    return 0


def _ports(services: Services, source: Source) -> Ports:
    password = credentials.load(services.vault, source)
    connect = partial(sources.connect, source.connection, password, services.settings.network)
    return Ports(connect, services.destination, services.documents)


def _work(services: Services, run: Run, heartbeat: Heartbeat, board: Board) -> None:
    heartbeat.check()
    heartbeat.start()
    source = Sources(services.documents).get(run.model_id, run.source_id)
    ports = _ports(services, source)
    keep = partial(services.destination.keep, run.run_id)
    extract(source, run, ports, board, Moments(resumable=keep, publishing=heartbeat.approve))


def _record(services: Services, run: Run, board: Board, error: HeadraceError | None) -> Run:
    """Record the end of the run, unless another process goes on with it.

    The staging goes first, if it is not to be kept: nobody looks for that of a run that has ended.
    """
    runs = Runs(services.documents)

    def end(stored: Run) -> Run:
        if _is_anothers(stored, run):
            return stored
        finished = _finished(stored, board, error)
        if not finished.resumable:
            discard(services.destination, run.run_id)
        return finished

    try:
        return runs.update(run, end)
    except HeadraceError as failure:
        if failure.kind is RUN_NOT_FOUND:
            # The source was deleted meanwhile, and must not own what was published after that.
            services.destination.disown(run.model_id, run.source_id)
        raise


def _is_anothers(stored: Run, run: Run) -> bool:
    """Whether a later attempt has the run, and this process is late."""
    return len(stored.attempts) > len(run.attempts)


def _begun(run: Run, execution: str | None) -> Run:
    """The run with its execution: whoever launched the job may have died before recording it.

    One that is running already has lost its process, and this is another attempt at it.
    """
    if not run.state.live:
        return run
    execution = execution or run.execution
    attempt = Attempt(execution=execution, started_at=now())
    return run.model_copy(
        update={
            "state": RunState.RUNNING,
            "started_at": run.started_at or now(),
            "heartbeat_at": now(),
            "execution": execution,
            "attempts": (*run.attempts, attempt),
        }
    )


def _finished(run: Run, board: Board, error: HeadraceError | None) -> Run:
    if not run.state.live:
        return run
    run = run.model_copy(
        update={
            "tables": board.tables or run.tables,
            "phases": board.phases,
            "warnings": tuple(dict.fromkeys((*run.warnings, *board.warnings))),
        }
    )
    if error is None:
        return ended(run, RunState.SUCCEEDED, None)
    if error.kind is RUN_INTERRUPTED and run.cancel_requested:
        error = cancelled(run)
    state = RunState.CANCELLED if error.kind is RUN_CANCELLED else RunState.FAILED
    return ended(run, state, error)


if __name__ == "__main__":
    sys.exit(main())
