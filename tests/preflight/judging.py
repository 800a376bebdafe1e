"""Short ways to a preflight of a test's table, and to the run that it speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

from headrace import destinations, sources
from headrace.checks import CheckStatus
from headrace.connections import Connection, Credentials
from headrace.destinations import Destination
from headrace.extraction.adhoc import adhoc_source, extract_once
from headrace.model import Selection, Source, TableRun, UnfitPolicy
from headrace.preflight.preflight import preflight
from headrace.preflight.report import ColumnPreflight, Preflight
from headrace.services import open_port
from headrace.settings import LocalSettings
from headrace.sources.survey import MAX_ROWS
from tests.conftest import LOCAL, Database, MariadbDatabase

FAILED, WARNED, PASSED = CheckStatus.FAILED, CheckStatus.WARNED, CheckStatus.PASSED

Login = tuple[Connection, Credentials]


def login(database: Database | MariadbDatabase) -> Login:
    return database.connection, database.credentials


def warehouse(directory: Path) -> Destination:
    url = f"duckdb://{directory}/warehouse.duckdb"
    opened: Destination = open_port("--to", url, destinations.SCHEMES, LocalSettings.read())
    return opened


def source_of(connection: Connection, selection: Selection, unfit: UnfitPolicy) -> Source:
    changes = {"selection": (selection,), "unfit": unfit}
    return adhoc_source(connection, ["t"], "shop").model_copy(update=changes)


def told(
    login: Login,
    selection: Selection,
    destination: Destination | None = None,
    *,
    unfit: UnfitPolicy = UnfitPolicy.FAIL,
    rows: int = MAX_ROWS,
) -> Preflight:
    connection, credentials = login
    source = source_of(connection, selection, unfit)
    with closing(sources.connect(connection, credentials, LOCAL)) as database:
        return preflight(database, source, selection, destination, rows)


def brought(
    login: Login, selection: Selection | None, destination: Destination, unfit: UnfitPolicy
) -> TableRun:
    """The run that a preflight speaks of."""
    assert selection is not None
    connection, credentials = login
    source = source_of(connection, selection, unfit)
    connect = partial(sources.connect, connection, credentials, LOCAL)
    (table,) = extract_once(source, connect, destination, lambda _: None)
    return table


def by_name(report: Preflight) -> Mapping[str, ColumnPreflight]:
    return {column.name: column for column in report.columns}


def options(report: Preflight) -> dict[str, tuple[str, ...]]:
    """What is advised, by column; columns with nothing to do lack."""
    return {
        column.name: tuple(advice.option for advice in column.advice)
        for column in report.columns
        if column.advice
    }
