"""`headrace runs`: those of a stored source."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli.arguments import Json, Model, RunId, SourceId, services
from headrace.cli.log_lines import show_line
from headrace.model import Run, RunState
from headrace.run_log import LogPage, Severity
from headrace.services import Services
from headrace.terminal import (
    ExtractionBars,
    err,
    exit_code,
    moment,
    out,
    print_json,
    reporting,
    show_rows,
    show_tables,
)
from headrace.validation import requested

if TYPE_CHECKING:
    from headrace.api.runs import ReadLog

Wait = Annotated[bool, typer.Option("--wait", help="Follow the run to its end.")]

app = typer.Typer(help="The runs of a source.", no_args_is_help=True)


@app.command("start")
def runs_start(
    model: Model,
    source: SourceId,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Start a run now."""
    from headrace.api.runs import StartRun, start_run

    with reporting(as_json):
        opened = services()
        run = start_run(opened, requested(StartRun, model_id=model, source_id=source))
        show_course(opened, run, wait=wait, as_json=as_json)


@app.command("resume")
def runs_resume(
    model: Model, source: SourceId, run: RunId, wait: Wait = False, as_json: Json = False
) -> None:
    """Let a failed run go on: what it has read already is not read again."""
    from headrace.api.runs import RunRef, resume_run

    with reporting(as_json):
        opened = services()
        request = requested(RunRef, model_id=model, source_id=source, run_id=run)
        show_course(opened, resume_run(opened, request), wait=wait, as_json=as_json)


@app.command("get")
def runs_get(model: Model, source: SourceId, run: RunId, as_json: Json = False) -> None:
    """Show a run: its tables, its attempts, where its time went, and its error."""
    from headrace.api.runs import RunRef, get_run

    with reporting(as_json):
        request = requested(RunRef, model_id=model, source_id=source, run_id=run)
        _show_run(get_run(services(), request), as_json=as_json)


@app.command("list")
def runs_list(model: Model, source: SourceId, as_json: Json = False) -> None:
    """List the newest runs of a source."""
    from headrace.api.runs import ListRuns, list_runs

    with reporting(as_json):
        page = list_runs(services(), requested(ListRuns, model_id=model, source_id=source))
        if as_json:
            print_json(page)
            return
        show_rows(
            ("RUN", "STATE", "REQUESTED", "FINISHED", "ROWS", "ERROR", "STARTED BY"),
            (
                (
                    run.run_id,
                    run.state.value,
                    moment(run.requested_at),
                    moment(run.finished_at),
                    f"{sum(table.rows for table in run.tables):,}",
                    run.error.code if run.error else None,
                    _trigger(run),
                )
                for run in page.runs
            ),
        )


@app.command("log")
def runs_log(
    model: Model,
    source: SourceId,
    run: RunId,
    level: Annotated[
        Severity,
        typer.Option(help="Only lines that are at least as severe.", case_sensitive=False),
    ] = Severity.DEFAULT,
    search: Annotated[str | None, typer.Option(help="Only lines that contain it.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Show what is added, until the job has ended.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what the job of a run has logged. As JSON: an object a line."""
    from headrace.api.runs import ReadLog

    with reporting(as_json):
        wanted = requested(
            ReadLog, model_id=model, source_id=source, run_id=run, level=level, search=search,
            limit=1000,
        )  # fmt: skip
        absent = None
        for page in _pages(services(), wanted, follow=follow):
            if page.absent and page.absent != absent:
                err().print(page.absent, markup=False)
            absent = page.absent
            for line in page.lines:
                if as_json:
                    print_json(line)
                else:
                    show_line(out(), line)


@app.command("cancel")
def runs_cancel(model: Model, source: SourceId, run: RunId, as_json: Json = False) -> None:
    """Cancel a run. The destination stays as it is."""
    from headrace.api.runs import RunRef, cancel_run

    with reporting(as_json):
        request = requested(RunRef, model_id=model, source_id=source, run_id=run)
        _show_run(cancel_run(services(), request), as_json=as_json)


def _pages(opened: Services, wanted: ReadLog, *, follow: bool) -> Iterator[LogPage]:
    from headrace.api.runs import run_log

    while True:
        page = run_log(opened, wanted)
        yield page
        if page.next_after is None or not (page.more or follow):
            return
        if not page.more:
            time.sleep(0.3)
        wanted = wanted.model_copy(update={"after": page.next_after})


def show_course(opened: Services, run: Run, *, wait: bool, as_json: bool) -> None:
    """The run as it is, or when it has ended; the exit code then says how."""
    if wait:
        run = _follow(opened, run)
    _show_run(run, as_json=as_json)
    if wait and run.state is not RunState.SUCCEEDED:
        raise typer.Exit(exit_code(retryable=bool(run.error and run.error.retryable)))


def _follow(opened: Services, run: Run) -> Run:
    from headrace.api.runs import RunRef, get_run

    request = requested(RunRef, model_id=run.model_id, source_id=run.source_id, run_id=run.run_id)
    with ExtractionBars(err()) as bars:
        while run.state.live:
            time.sleep(0.3)
            run = get_run(opened, request)
            bars.show(run.tables)
    return run


def _trigger(run: Run) -> str:
    return f"{run.trigger} of {moment(run.slot)}" if run.slot else run.trigger.value


def _show_run(run: Run, *, as_json: bool) -> None:
    if as_json:
        print_json(run)
        return
    out().print(f"Run {run.run_id}: {run.state}", markup=False)
    show_tables(run.tables)
    if run.attempts:
        show_rows(
            ("ATTEMPT", "BEGAN", "ENDED", "ERROR"),
            (
                (
                    number,
                    moment(attempt.started_at),
                    moment(attempt.finished_at),
                    attempt.error.code if attempt.error else None,
                )
                for number, attempt in enumerate(run.attempts, start=1)
            ),
        )
    phases = run.phases.model_dump()
    if any(phases.values()):
        show_rows(
            tuple(name.upper() for name in phases),
            [tuple(f"{seconds:.1f} s" for seconds in phases.values())],
        )
    for warning in run.warnings:
        out().print(f"! {warning}", markup=False)
    if run.error:
        out().print(f"{run.error.title} ({run.error.code})", markup=False)
        out().print(f"  {run.error.detail}\n  → {run.error.hint}", markup=False)
    if run.resumable:
        command = f"headrace runs resume {run.model_id} {run.source_id} {run.run_id}"
        out().print(f"  → What it has read is kept: {command}", markup=False)
