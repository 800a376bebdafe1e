"""`headrace describe`: a table, by which columns new rows can be told, and the modes for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from typing import Annotated

import typer

from headrace import destinations, sources
from headrace.cli.arguments import Into, Json, OneTable, Url, login
from headrace.cli.increments import options
from headrace.destinations.types import name_or_none
from headrace.services import open_port
from headrace.settings import LocalSettings
from headrace.tables import CursorCandidate, ModeAdvice, TableDescription
from headrace.terminal import err, out, print_json, reporting, show_rows, size, visible


def describe(
    url: Url,
    table: OneTable,
    to: Into = None,
    sample: Annotated[int, typer.Option(min=0, max=5, help="How many rows to show.")] = 0,
    as_json: Json = False,
) -> None:
    """Describe a table, and say how runs may take only what is new. It is not read for that."""
    from headrace.extraction.adhoc import adhoc_source

    with reporting(as_json), ExitStack() as opened:
        connection, credentials = login(url)
        (selection,) = adhoc_source(connection, [table], None).selection
        settings = LocalSettings.read()
        destination = None
        if to is not None:
            destination = open_port("--to", to, destinations.SCHEMES, settings)
            opened.enter_context(closing(destination))
        database = sources.connect(connection, credentials, settings.network)
        opened.enter_context(closing(database))
        type_name = partial(name_or_none, destination) if destination else lambda _: None
        described = database.describe_table(selection.ref, type_name=type_name, sample_rows=sample)
        if destination is not None:
            described = described.possible_in(destination.modes).laid_out_in(destination.layouts)
        if as_json:
            print_json(described)
        else:
            _show(described)


def _show(described: TableDescription) -> None:
    table = described.table
    rows = "unknown" if table.estimated_rows is None else f"{table.estimated_rows:,}"
    bytes_ = size(table.bytes) or "unknown"
    summary = f"{table.kind}, about {rows} rows, {bytes_}"
    err().print(visible(f"{table}: {summary}"), markup=False, soft_wrap=True)
    show_rows(
        ("COLUMN", "TYPE", "NULL", "BECOMES", "NOTE"),
        (
            (
                column.name,
                column.source_type,
                "may be NULL" if column.nullable else None,
                column.destination_type or column.arrow_type,
                column.note,
            )
            for column in described.columns
        ),
    )
    for row in described.sample or ():
        out().print(visible(" | ".join("NULL" if v is None else v for v in row)), markup=False)
    for line in _advice(described):
        out().print(visible(line), markup=False)


def _advice(described: TableDescription) -> Iterator[str]:
    yield ""
    if described.cursors:
        yield "Cursors, the best one first:"
    else:
        yield "No column can be a cursor."
    for candidate in described.cursors:
        yield from _of_cursor(candidate)
    yield ""
    yield "Modes, the recommended one first:"
    for advice in described.modes:
        yield from _of_mode(advice)


def _of_cursor(candidate: CursorCandidate) -> Iterator[str]:
    yield f"  {','.join(candidate.cursor)}"
    for sentence in candidate.evidence:
        yield f"    + {sentence}"
    for sentence in candidate.misses:
        yield f"    - Misses: {sentence[0].lower()}{sentence[1:]}"
    if candidate.scans:
        yield "    - Without an index for it, each run reads the whole table in the source."


def _of_mode(advice: ModeAdvice) -> Iterator[str]:
    yield f"  {advice.mode}" if advice.sound else f"  {advice.mode}: not for this table"
    yield f"    {advice.reason}"
    if advice.sound:
        yield f"    {options(advice)}"
