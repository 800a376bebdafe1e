"""The commands that take a database's URL; nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from functools import partial
from typing import Annotated

import typer

from headrace import destinations, sources
from headrace.checks import Check, CheckStatus
from headrace.cli.arguments import Dataset, Json, Unfit, Url, login
from headrace.cli.chunks import ChunkRows, Parallel, Verify
from headrace.cli.columns import Columns, Decimals, UnfitColumns, of_columns
from headrace.cli.increments import (
    Cursor,
    Deletes,
    Drift,
    Key,
    Lag,
    LookBack,
    TableMode,
    Where,
    in_windows,
    names,
)
from headrace.cli.layout import ClusterBy, PartitionBy, partitioning
from headrace.errors import catalogue
from headrace.filters import parse
from headrace.model import CHUNK_ROWS, DriftPolicy, UnfitPolicy, Verification
from headrace.services import open_port
from headrace.settings import LocalSettings
from headrace.tables import Mode
from headrace.terminal import (
    Checklist,
    ExtractionBars,
    err,
    exit_code,
    out,
    print_json,
    reporting,
    show_rows,
    show_tables,
    size,
)


def test(
    url: Url,
    table: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TABLE...]", help="What shall be read: schema.table.", show_default=False
        ),
    ] = None,
    column: Columns = None,
    facts: Annotated[
        bool, typer.Option("--facts", help="Show all that was learned, of passed layers too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Test a connection, layer by layer, and say what to do about the layer that fails."""
    from headrace.diagnosis.diagnose import diagnose
    from headrace.extraction.adhoc import adhoc_source

    with reporting(as_json):
        connection, credentials = login(url)
        source = of_columns(adhoc_source(connection, table or (), None), column, None, None)
        network = LocalSettings.read().network
        found = diagnose(connection, credentials, network, selection=source.selection)
        checks = list(found) if as_json else _shown(found, facts=facts)
        failed = [check for check in checks if check.status is CheckStatus.FAILED]
        if as_json:
            listed = [check.model_dump(mode="json") for check in checks]
            print_json({"passed": not failed, "checks": listed})
        if failed:
            kinds = {kind.code: kind for kind in catalogue()}
            raise typer.Exit(
                exit_code(retryable=all(kinds[check.code or ""].transient for check in failed))
            )


def _shown(found: Iterable[Check], *, facts: bool) -> list[Check]:
    """The checks, each of them shown as soon as it is done."""
    checks = []
    with Checklist(out(), facts=facts) as checklist:
        for check in found:
            checklist.show(check)
            checks.append(check)
    return checks


def tables(url: Url, as_json: Json = False) -> None:
    """List the tables that the user can see, with the database's own estimates."""
    with reporting(as_json):
        database = sources.connect(*login(url), LocalSettings.read().network)
        try:
            found = list(database.list_tables())
        finally:
            database.close()
        if as_json:
            print_json({"tables": [table.model_dump(mode="json") for table in found]})
            return
        show_rows(
            ("TABLE", "KIND", "ROWS (ESTIMATED)", "SIZE", "PRIMARY KEY", "COMMENT"),
            (
                (
                    str(table),
                    table.kind.value,
                    None if table.estimated_rows is None else f"{table.estimated_rows:,}",
                    size(table.bytes),
                    ", ".join(table.primary_key),
                    table.comment if table.readable else "(may not be read by this user)",
                )
                for table in found
            ),
        )


def extract(
    url: Url,
    table: Annotated[
        list[str], typer.Argument(metavar="TABLE...", help="schema.table", show_default=False)
    ],
    to: Annotated[
        str, typer.Option(metavar="DESTINATION", help="duckdb:///path or parquet:///path")
    ],
    dataset: Dataset = None,
    unfit: Unfit = UnfitPolicy.FAIL,
    column: Columns = None,
    unfit_column: UnfitColumns = None,
    decimal: Decimals = None,
    where: Where = None,
    mode: TableMode = Mode.FULL,
    cursor: Cursor = None,
    key: Key = None,
    lag: Lag = None,
    look_back: LookBack = None,
    detect_deletes: Deletes = None,
    partition_by: PartitionBy = None,
    cluster_by: ClusterBy = None,
    drift: Drift = DriftPolicy.ADD,
    verify: Verify = Verification.COUNTS,
    parallel: Parallel = 1,
    chunk_rows: ChunkRows = CHUNK_ROWS,
    as_json: Json = False,
) -> None:
    """Bring tables into a destination: all of them, or none.

    Replaces those that are there, unless the mode is append or merge: then the next time only
    what is new is taken.
    """
    from headrace.extraction.adhoc import adhoc_source, extract_once

    with reporting(as_json):
        connection, credentials = login(url)
        source = adhoc_source(connection, table, dataset)
        wish = {"verify": verify, "parallel": parallel, "chunk_rows": chunk_rows}
        source = source.model_copy(update={"unfit": unfit, "drift": drift, **wish})
        source = of_columns(source, column, unfit_column, decimal)
        columns = {"cursor": names(cursor), "key": names(key)}
        reach = {"lag_seconds": lag, "look_back": look_back, "detect_deletes": detect_deletes}
        chosen = {"filter": [parse(condition) for condition in where]} if where else {}
        layout = {"partition_by": partitioning(partition_by), "cluster_by": names(cluster_by)}
        source = in_windows(source, mode, **columns, **reach, **chosen, **layout)
        settings = LocalSettings.read()
        destination = open_port("--to", to, destinations.SCHEMES, settings)
        with closing(destination), ExtractionBars(err()) as bars:
            connect = partial(sources.connect, connection, credentials, settings.network)
            done = extract_once(source, connect, destination, bars.show)
        if as_json:
            print_json({"tables": [result.model_dump(mode="json") for result in done]})
        else:
            show_tables(done)
