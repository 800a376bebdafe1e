"""`headrace sources`: those that are stored."""

from __future__ import annotations

from typing import Annotated

import typer

from headrace import naming
from headrace.cli.arguments import Json, Model, OneTable, SourceId, services
from headrace.cli.runs import Wait, show_course
from headrace.cli.schedules import schedule_of
from headrace.model import Selection, Source, SourceState
from headrace.services import Services
from headrace.tables import Mode, TableRef
from headrace.terminal import moment, out, print_json, reporting, show_rows
from headrace.validation import requested

app = typer.Typer(help="The sources that are stored.", no_args_is_help=True)


@app.command("list")
def sources_list(model: Model, as_json: Json = False) -> None:
    """List the sources of a model."""
    from headrace.api.sources import ListSources, list_sources

    with reporting(as_json):
        page = list_sources(services(), requested(ListSources, model_id=model))
        if as_json:
            print_json(page)
            return
        show_rows(
            (
                "SOURCE",
                "NAME",
                "STATE",
                "SERVER",
                "DATABASE",
                "TABLES",
                "SCHEDULE",
                "NEXT RUN",
                "CHANGED",
            ),
            (
                (
                    source.source_id,
                    source.name,
                    source.state.value,
                    source.connection.server,
                    source.connection.database,
                    len(source.selection),
                    str(source.schedule),
                    moment(source.next_run_at),
                    moment(source.updated_at),
                )
                for source in page.sources
            ),
        )


@app.command("get")
def sources_get(model: Model, source: SourceId, as_json: Json = False) -> None:
    """Show a source: its connection and what is taken. It holds no password."""
    from headrace.api.sources import SourceRef, get_source

    with reporting(as_json):
        stored = get_source(services(), requested(SourceRef, model_id=model, source_id=source))
        if as_json:
            print_json(stored)
            return
        where = stored.connection
        show_rows(
            ("NAME", "STATE", "DATABASE", "USER", "DATASET", "DRIFT"),
            [
                (
                    stored.name,
                    stored.state.value,
                    f"{where.database} at {where.place}",
                    where.user,
                    stored.dataset,
                    stored.drift.value,
                )
            ],
        )
        show_rows(
            ("SCHEDULE", "NEXT RUN", "LAST SKIPPED"),
            [(str(stored.schedule), moment(stored.next_run_at), _skipped(stored))],
        )
        show_rows(
            ("TABLE", "COLUMNS", "MODE", "DESTINATION", *_WINDOWS),
            (
                (
                    str(selection),
                    "all" if selection.columns is None else ", ".join(selection.columns),
                    selection.mode,
                    str(naming.target(stored, selection)),
                    *_windows(selection),
                )
                for selection in stored.selection
            ),
        )


_WINDOWS = ("CURSOR", "KEY", "LAG", "LOOK-BACK", "DELETES")


def _windows(selection: Selection) -> tuple[object, ...]:
    if selection.mode is Mode.FULL:
        return (None,) * len(_WINDOWS)
    merges = selection.mode is Mode.MERGE
    key = ", ".join(selection.key) or "primary key"
    lag = f"{selection.lag_seconds} s"
    return (
        ", ".join(selection.cursor),
        key if merges else None,
        lag,
        selection.look_back if merges else None,
        selection.detect_deletes if merges else None,
    )


def _skipped(source: Source) -> str | None:
    skipped = source.last_skipped
    return f"{moment(skipped.slot)}: {skipped.reason}" if skipped else None


@app.command("schedule")
def sources_schedule(
    model: Model,
    source: SourceId,
    cron: Annotated[
        str | None, typer.Option(help="Minute, hour, day of the month, month, weekday.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="Of the cron expression, such as Europe/Berlin.")
    ] = None,
    every: Annotated[str | None, typer.Option(help="An interval: 15m, 6h or 1d.")] = None,
    manual: Annotated[bool, typer.Option("--manual", help="Run by hand alone.")] = False,
    as_json: Json = False,
) -> None:
    """Set when a source runs by itself, and show its next runs."""
    from headrace.api.preview_schedule import PreviewSchedule, preview_schedule
    from headrace.api.save_draft import SaveDraft, save_draft
    from headrace.api.sources import SourceRef, get_source

    with reporting(as_json):
        wish = schedule_of(cron, time_zone, every, manual=manual)
        opened = services()
        stored = get_source(opened, requested(SourceRef, model_id=model, source_id=source))
        change = {"model_id": model, "source_id": source, "etag": stored.etag, "schedule": wish}
        stored = save_draft(opened, requested(SaveDraft, **change))
        if as_json:
            print_json(stored)
            return
        shown = preview_schedule(opened, PreviewSchedule(schedule=stored.schedule))
        out().print(f"{stored.name} runs {shown.words}.", markup=False)
        if stored.state is not SourceState.ACTIVE and shown.runs:
            out().print(f"It does so once it is active; now it is {stored.state}.", markup=False)
        show_rows(("NEXT RUNS", "REMARK"), ((run.words, run.note) for run in shown.runs))


def _change_state(name: str, help_text: str) -> None:
    @app.command(name, help=help_text)
    def change(model: Model, source: SourceId, as_json: Json = False) -> None:
        from headrace.api import sources as api

        with reporting(as_json):
            request = requested(api.SourceRef, model_id=model, source_id=source)
            changed = getattr(api, name)(services(), request)
            if as_json:
                print_json(changed)
            else:
                out().print(f"{changed.name} is {changed.state}.", markup=False)


_change_state("activate", "Activate a draft.")
_change_state("pause", "Pause an active source.")
_change_state("resume", "Resume a paused source.")


@app.command("moved")
def sources_moved(model: Model, source: SourceId, as_json: Json = False) -> None:
    """Say that the database is the one of before, moved or upgraded with all of its rows."""
    from headrace.api.sources import SourceRef, database_moved

    with reporting(as_json):
        request = requested(SourceRef, model_id=model, source_id=source)
        changed = database_moved(services(), request)
        if as_json:
            print_json(changed)
        else:
            said = f"The next run of {changed.name} goes on where its tables stand."
            out().print(said, markup=False)


@app.command("resync")
def sources_resync(
    model: Model,
    source: SourceId,
    table: OneTable,
    as_json: Json = False,
) -> None:
    """Let the next run bring a table from the start. Until then its rows stay as they are."""
    from headrace.api.sources import ResyncTable, resync_table

    with reporting(as_json):
        opened = services()
        named = _named(opened, model, source, table)
        reference = {"model_id": model, "source_id": source}
        stored = resync_table(opened, requested(ResyncTable, **reference, **named.model_dump()))
        if as_json:
            print_json(stored)
        else:
            said = f"The next run of {stored.name} brings {named} from the start."
            out().print(said, markup=False)


def _named(opened: Services, model: str, source: str, table: str) -> TableRef:
    """The source's table that is written so. Raises SOURCE_NOT_FOUND and INVALID_INPUT."""
    from headrace.api.sources import SourceRef, get_source
    from headrace.extraction.adhoc import adhoc_source

    stored = get_source(opened, requested(SourceRef, model_id=model, source_id=source))
    (chosen,) = adhoc_source(stored.connection, [table], stored.dataset).selection
    return chosen.ref


@app.command("backfill")
def sources_backfill(
    model: Model,
    source: SourceId,
    table: OneTable,
    after: Annotated[
        str, typer.Option("--from", metavar="VALUE", help="Rows beyond this value of the cursor …")
    ],
    upto: Annotated[str, typer.Option("--to", metavar="VALUE", help="… up to this one.")],
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Take a past range of a table again, by its cursor. The next run begins where it would have.

    By merge the rows take the place of those with the same key, by append of all in the range.
    """
    from headrace.api.runs import BackfillTable, backfill_table

    with reporting(as_json):
        opened = services()
        names = _named(opened, model, source, table).model_dump()
        request = requested(
            BackfillTable, model_id=model, source_id=source, **names, after=after, upto=upto
        )
        show_course(opened, backfill_table(opened, request), wait=wait, as_json=as_json)


@app.command("delete")
def sources_delete(
    model: Model,
    source: SourceId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Delete a source, its password and its history. What it brought stays."""
    from headrace.api.sources import SourceRef, delete_source

    with reporting(as_json):
        if not yes:
            typer.confirm(f"Delete source {source} with its password and history?", abort=True)
        delete_source(services(), requested(SourceRef, model_id=model, source_id=source))
        if as_json:
            print_json({"deleted": source})
        else:
            out().print(f"{source} is deleted.", markup=False)
