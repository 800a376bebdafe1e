"""BigQuery as a source."""

from __future__ import annotations

from headrace.bigquery_connection import BigqueryConnection
from headrace.connections import Credentials
from headrace.diagnosis.network import Network
from headrace.sources import Database
from headrace.sources.bigquery.clients import Clients
from headrace.sources.bigquery.database import BigqueryDatabase
from headrace.sources.bigquery.session import Session


def connect(
    connection: BigqueryConnection,
    credentials: Credentials,
    network: Network,
    snapshot: str | None = None,
) -> Database:
    """See `headrace.sources.connect`. Nothing is called yet: each call signs in by itself."""
    clients = Clients(connection, credentials, network.bigquery)
    return BigqueryDatabase(Session(connection, clients, snapshot))
