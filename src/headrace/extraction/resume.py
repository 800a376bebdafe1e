"""Lets a run that has failed go on with what it has staged."""

from __future__ import annotations

from headrace.errors import RUN_ALREADY_LIVE, RUN_NOT_RESUMABLE, HeadraceError
from headrace.extraction import lease
from headrace.extraction.settle import settle
from headrace.extraction.start import check_state, launch, make_way
from headrace.model import Run, RunState, now
from headrace.records import Runs, Sources
from headrace.services import Services


def resume(services: Services, model_id: str, source_id: str, run_id: str) -> Run:
    """Queue the run again, with the plan that it has, and launch its job.

    Raises RUN_NOT_FOUND, RUN_NOT_RESUMABLE, SOURCE_NOT_FOUND, SOURCE_STATE_WRONG,
    RUN_ALREADY_LIVE, LAUNCH_FAILED and the launcher's errors, which the run then records, and the
    destination's errors if only it can say how the run ended.
    """
    source = Sources(services.documents).get(model_id, source_id)
    check_state(source)
    runs = Runs(services.documents)
    run = settle(services, runs.get(model_id, source_id, run_id))
    _check_resumable(run)
    make_way(services, source, run_id)
    lease.acquire(services.documents, run)
    run = runs.update(run, _queued_again)
    lease.renew(services.documents, run)
    return launch(services, run)


def _check_resumable(run: Run) -> None:
    if run.state.live:
        raise HeadraceError(RUN_ALREADY_LIVE, f"Run '{run.run_id}' is under way.")
    if run.resumable:
        return
    why = "what it had staged is gone" if run.plan else "it had not begun to read"
    if run.state is not RunState.FAILED:
        why = f"it has {'succeeded' if run.state is RunState.SUCCEEDED else 'been cancelled'}"
    raise HeadraceError(RUN_NOT_RESUMABLE, f"Run '{run.run_id}' can't go on: {why}.")


def _queued_again(run: Run) -> Run:
    _check_resumable(run)
    return run.model_copy(
        update={
            "state": RunState.QUEUED,
            "finished_at": None,
            "heartbeat_at": now(),
            "execution": None,
            "error": None,
            "resumable": False,
        }
    )
