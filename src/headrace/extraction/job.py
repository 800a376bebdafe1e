"""The extraction job: `python -m headrace.extraction.job MODEL SOURCE RUN`, one process a run."""

from __future__ import annotations

import logging
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
from headrace.extraction.extract import extract
from headrace.extraction.heartbeat import Heartbeat, Stop
from headrace.extraction.settle import cancelled, ended
from headrace.logs import log_context
from headrace.model import Run, RunState, TableRun, now
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
            state = run_job(services, run).state
        except HeadraceError as error:
            log.error("%s: %s", error.code, error.detail)  # noqa: TRY400 - it says what failed
            return 1
        except Exception:
            log.exception("the job failed in a way that nobody foresaw")
            return 1
        return 0 if state is RunState.SUCCEEDED else 1


def run_job(services: Services, run: Run) -> Run:
    """Extract, and record how it ended; returns the run as recorded."""
    runs = Runs(services.documents)
    heartbeat = Heartbeat(services.documents, run)
    error: HeadraceError | None = None
    try:
        _work(services, run, heartbeat)
    except Stop as stop:
        error = stop.error
    except HeadraceError as failure:
        error = failure
    except Exception:
        log.exception("the run failed in a way that nobody foresaw")
        error = HeadraceError(INTERNAL_ERROR, f"Run '{run.run_id}' failed; its log says where.")
    tables = heartbeat.end()
    if error:
        log.error("%s: %s", error.code, error.detail)
    try:
        recorded = runs.update(run, lambda stored: _finished(stored, tables, error))
    except HeadraceError as failure:
        if failure.kind is RUN_NOT_FOUND:
            # The source was deleted meanwhile, and must not own what was published after that.
            services.destination.disown(run.model_id, run.source_id)
        raise
    lease.release(services.documents, run)
    log.info("the run ended as %s", recorded.state)
    return recorded


def _work(services: Services, run: Run, heartbeat: Heartbeat) -> None:
    if not run.state.live:
        return
    execution = services.launcher.current()
    Runs(services.documents).update(run, lambda stored: _begun(stored, execution))
    heartbeat.check()
    heartbeat.start()
    source = Sources(services.documents).get(run.model_id, run.source_id)
    password = credentials.load(services.vault, source)
    connect = partial(sources.connect, source.connection, password, services.settings.network)
    extract(source, connect, services.destination, run.run_id, heartbeat.show)


def _begun(run: Run, execution: str | None) -> Run:
    """The run with its execution: whoever launched the job may have died before recording it."""
    if run.state is not RunState.QUEUED:
        return run
    changes = {"state": RunState.RUNNING, "started_at": now(), "heartbeat_at": now()}
    return run.model_copy(update={**changes, "execution": execution or run.execution})


def _finished(run: Run, tables: tuple[TableRun, ...], error: HeadraceError | None) -> Run:
    if not run.state.live:
        return run
    run = run.model_copy(update={"tables": tables})
    if error is None:
        return ended(run, RunState.SUCCEEDED, None)
    if error.kind is RUN_INTERRUPTED and run.cancel_requested:
        error = cancelled(run)
    state = RunState.CANCELLED if error.kind is RUN_CANCELLED else RunState.FAILED
    return ended(run, state, error)


if __name__ == "__main__":
    sys.exit(main())
