"""`headrace sources`: those that are stored."""

from __future__ import annotations

from typing import Annotated

import typer

from headrace import naming
from headrace.cli.arguments import Json, Model, SourceId, services
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
            ("SOURCE", "NAME", "STATE", "HOST", "DATABASE", "TABLES", "CHANGED"),
            (
                (
                    source.source_id,
                    source.name,
                    source.state.value,
                    source.connection.host,
                    source.connection.database,
                    len(source.selection),
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
            ("NAME", "STATE", "DATABASE", "USER", "DATASET"),
            [
                (
                    stored.name,
                    stored.state.value,
                    f"{where.host}:{where.port}/{where.database}",
                    where.user,
                    stored.dataset,
                )
            ],
        )
        show_rows(
            ("TABLE", "COLUMNS", "MODE", "DESTINATION"),
            (
                (
                    str(selection),
                    "all" if selection.columns is None else ", ".join(selection.columns),
                    selection.mode,
                    str(naming.target(stored, selection)),
                )
                for selection in stored.selection
            ),
        )


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
