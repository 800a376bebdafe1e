"""`headrace preflight`: what an extraction would do with a table, without extracting it."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import Annotated

import typer

from headrace import destinations, sources
from headrace.checks import CheckStatus
from headrace.cli.arguments import Dataset, Into, Json, OneTable, Unfit, Url, login
from headrace.cli.columns import Columns, Decimals, UnfitColumns, of_columns
from headrace.model import UnfitPolicy
from headrace.preflight.advice import options
from headrace.preflight.report import Preflight
from headrace.services import open_port
from headrace.settings import LocalSettings
from headrace.sources.survey import MAX_ROWS
from headrace.terminal import FAILED, err, print_json, reporting, show_rows, visible


def preflight(
    url: Url,
    table: OneTable,
    to: Into = None,
    dataset: Dataset = None,
    unfit: Unfit = UnfitPolicy.FAIL,
    column: Columns = None,
    unfit_column: UnfitColumns = None,
    decimal: Decimals = None,
    rows: Annotated[
        int,
        typer.Option(min=0, max=MAX_ROWS, help="At most how many rows to look at."),
    ] = MAX_ROWS,
    as_json: Json = False,
) -> None:
    """Say what `extract` would do with each column of a table, and what to choose for it."""
    from headrace.extraction.adhoc import adhoc_source
    from headrace.preflight.preflight import preflight as table_preflight

    with reporting(as_json), ExitStack() as opened:
        connection, credentials = login(url)
        source = adhoc_source(connection, [table], dataset).model_copy(update={"unfit": unfit})
        source = of_columns(source, column, unfit_column, decimal)
        settings = LocalSettings.read()
        destination = None
        if to is not None:
            destination = open_port("--to", to, destinations.SCHEMES, settings)
            opened.enter_context(closing(destination))
        database = sources.connect(connection, credentials, settings.network)
        opened.enter_context(closing(database))
        report = table_preflight(database, source, source.selection[0], destination, rows)
        if as_json:
            print_json(report)
        else:
            _show(report)
        if report.status is CheckStatus.FAILED:
            raise typer.Exit(FAILED)


def _show(report: Preflight) -> None:
    """The columns on standard output; what is said of them on the other one."""
    show_rows(
        ("COLUMN", "TYPE", "BECOMES", "WHAT WOULD HAPPEN", "ADVICE"),
        (
            (
                column.name,
                column.source_type,
                column.destination_type or column.arrow_type,
                column.outcome,
                " ".join(advice.option for advice in column.advice),
            )
            for column in report.columns
        ),
    )
    advised: dict[tuple[str, str], list[str]] = {}  # what holds for many columns is said once
    for column in report.columns:
        for advice in column.advice:
            advised.setdefault((advice.option, advice.reason), []).append(column.name)
    said = [f"{report.sample.found} {report.statistics}", *report.obstacles]
    for (option, reason), names in advised.items():
        said += [f"→ {', '.join(names)}: {option}", f"  {reason}"]
    if len(advised) > 1 and report.suggested:
        said.append(f"All of it: {options(report.suggested)}")
    for line in said:
        err().print(visible(line), markup=False, soft_wrap=True)
