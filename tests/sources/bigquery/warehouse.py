"""A dataset of a test's own in BigQuery's emulator, and short ways to read from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from devservers.google.bigquery_server import BigqueryServer
from headrace import sources
from headrace.bigquery_connection import BigqueryConnection, BigqueryLogin
from headrace.connections import Credentials
from headrace.diagnosis.network import Network
from headrace.model import Selection, UnfitPolicy, Window
from headrace.sources.bigquery import connect
from headrace.sources.bigquery.clients import Clients
from headrace.sources.bigquery.session import Session
from headrace.tables import TableRef

DATASET = "shop"


@dataclass(frozen=True)
class Warehouse:
    server: BigqueryServer
    project: str

    @property
    def emulator(self) -> str:
        return f"{self.server.address},{self.server.grpc_address}"

    @property
    def network(self) -> Network:
        return Network(bigquery=self.emulator)

    @property
    def connection(self) -> BigqueryConnection:
        return BigqueryConnection(project=self.project, login=BigqueryLogin.IAM, datasets=DATASET)

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Unqualified tables are those of the dataset."""
        where = f"{self.project}.{DATASET}"
        with closing(self._client()) as client:
            options = bigquery.QueryJobConfig(default_dataset=where)
            return [tuple(row.values()) for row in client.query(sql, options).result()]

    def _client(self) -> bigquery.Client:
        return bigquery.Client(
            project=self.project,
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            client_options=ClientOptions(api_endpoint=self.server.url),
        )

    def make(self) -> None:
        with closing(self._client()) as client:
            client.create_dataset(DATASET)


@contextmanager
def opened(warehouse: Warehouse, snapshot: str | None = None) -> Iterator[sources.Database]:
    database = connect(warehouse.connection, Credentials.none(), warehouse.network, snapshot)
    with closing(database):
        yield database


@contextmanager
def session(warehouse: Warehouse) -> Iterator[Session]:
    connection = warehouse.connection
    clients = Clients(connection, Credentials.none(), warehouse.emulator)
    with closing(Session(connection, clients)) as made:
        yield made


def ref(name: str) -> TableRef:
    return TableRef(schema_name=DATASET, table_name=name)


def selected(name: str, columns: Sequence[str] | None = None, **more: Any) -> Selection:
    return Selection(schema_name=DATASET, table_name=name, columns=columns, **more)


def read(
    database: sources.Database, selection: Selection, window: Window | None = None
) -> pa.Table:
    """All rows; BigQuery's count is held against them."""
    with database.read(selection, UnfitPolicy.FAIL, window) as reader:
        table = pa.Table.from_batches(list(reader), reader.schema)
        assert reader.rows_sent == table.num_rows
    table.validate(full=True)
    return table
