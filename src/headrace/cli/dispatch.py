"""`headrace dispatch`: the heartbeat by hand, or by the system's own cron."""

from __future__ import annotations

from headrace.cli.arguments import Json, services
from headrace.terminal import moment, print_json, reporting, show_rows


def dispatch(as_json: Json = False) -> None:
    """Start the runs that are due by their schedules, once. `headrace serve` does so by itself.

    Runs of schedules that were cut off go on.
    """
    from headrace.api.dispatch import DispatchDue, dispatch_due

    with reporting(as_json):
        done = dispatch_due(services(), DispatchDue())
        if as_json:
            print_json(done)
            return
        show_rows(
            ("SOURCE", "SLOT", "RUN", "REMARK"),
            (
                *(
                    (
                        f"{slot.model_id}/{slot.source_id}",
                        moment(slot.slot),
                        slot.run_id,
                        (slot.skipped and slot.skipped.reason)
                        or (slot.problem and slot.problem.detail),
                    )
                    for slot in (*done.started, *done.skipped, *done.failed)
                ),
                *(
                    (
                        f"{run.model_id}/{run.source_id}",
                        None,
                        run.run_id,
                        run.problem.detail if run.problem else f"goes on: attempt {run.attempt}",
                    )
                    for run in done.resumed
                ),
            ),
        )
