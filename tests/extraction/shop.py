"""A table `t` of a database, and what a test brings of it again and again."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import duckdb
import pytest

from headrace import sources
from headrace.destinations import SCHEMES, Destination, Target
from headrace.destinations.duckdb import DuckDB
from headrace.documents.sqlite import SqliteDocuments
from headrace.errors import HeadraceError, Kind
from headrace.extraction.adhoc import extract_once
from headrace.extraction.board import Board
from headrace.extraction.extract import Ports, extract
from headrace.extraction.progress import silent
from headrace.ids import new_id
from headrace.model import (
    Backfill,
    DriftPolicy,
    Run,
    Selection,
    Source,
    SourceState,
    TableRun,
    UnfitPolicy,
    Verification,
    credentials_secret_name,
    now,
)
from headrace.records import Runs
from headrace.services import open_port
from headrace.settings import Settings
from tests.conftest import LOCAL, Database, MariadbDatabase

TARGET = Target("shop", "t")


@dataclass(frozen=True)
class Shop:
    """A table `t` that is brought into DuckDB again and again."""

    database: Database | MariadbDatabase
    settings: Settings
    source: Source

    @property
    def destination(self) -> DuckDB:
        opened: DuckDB = open_port("destination", self.settings.destination, SCHEMES, self.settings)
        return opened

    def execute(self, sql: str) -> None:
        self.database.execute(sql)

    def run(self, **changed: Any) -> TableRun:
        """Bring what is new; the changes are those of the selection, `drift` of the source."""
        return self.extract(self.destination, **changed)

    def extract(self, destination: Destination, **changed: Any) -> TableRun:
        source = self.selected(**changed)
        connect = partial(sources.connect, source.connection, self.database.credentials, LOCAL)
        (table,) = extract_once(source, connect, destination, silent)
        return table

    def backfill(self, after: str, upto: str, **changed: Any) -> TableRun:
        """Bring a past range again; the changes are those of `run`."""
        source = self.selected(**changed)
        (selection,) = source.selection
        run = Run(
            model_id="m1",
            source_id="s1",
            run_id=new_id(),
            backfill=Backfill(**selection.ref.model_dump(), after=after, upto=upto),
            requested_at=now(),
        )
        connect = partial(sources.connect, source.connection, self.database.credentials, LOCAL)
        board = Board(silent)
        destination = self.destination
        with closing(SqliteDocuments(None)) as documents:
            try:
                ports = Ports(connect, destination, documents)
                extract(source, Runs(documents).create(run), ports, board)
            finally:
                destination.discard(run.run_id)
        (table,) = board.tables
        return table

    @property
    def position(self) -> str | None:
        (checkpoint,) = self.destination.checkpoints("m1", "s1")
        return checkpoint.position

    def selected(self, **changed: Any) -> Source:
        of_source = {
            "drift": changed.pop("drift", DriftPolicy.ADD),
            "verify": changed.pop("verify", Verification.COUNTS),
            "unfit": changed.pop("unfit", UnfitPolicy.FAIL),
        }
        selection = Selection.model_validate(
            {**self.source.selection[0].model_dump(), "lag_seconds": 0, **changed}
        )
        return self.source.model_copy(update={"selection": (selection,), **of_source})

    def refused(self, kind: Kind, **changed: Any) -> str:
        before = self.rows()
        with pytest.raises(HeadraceError) as raised:
            self.run(**changed)
        assert raised.value.kind is kind, raised.value
        assert self.rows() == before
        return raised.value.detail

    def rows(self, columns: str = "*") -> list[tuple[Any, ...]]:
        if self.destination.count(TARGET) is None:
            return []
        with duckdb.connect(self.settings.destination.removeprefix("duckdb://")) as connection:
            return connection.execute(f"SELECT {columns} FROM shop.t ORDER BY ALL").fetchall()


def shop_of(database: Database | MariadbDatabase, settings: Settings) -> Shop:
    source = Source(
        model_id="m1",
        source_id="s1",
        name="Shop",
        connection=database.connection,
        credentials_secret_name=credentials_secret_name("m1", "s1"),
        dataset="shop",
        selection=(
            Selection(
                schema_name=database.connection.default_schema,
                table_name="t",
                destination_table="t",
            ),
        ),
        state=SourceState.ACTIVE,
        created_at=now(),
        updated_at=now(),
    )
    return Shop(database, settings, source)
