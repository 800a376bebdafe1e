"""PostgreSQL as a source."""

from __future__ import annotations

from headrace.connections import Credentials, PostgresConnection
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.dial import dial
from headrace.diagnosis.network import Network
from headrace.diagnosis.resolve import resolve
from headrace.sources import Database
from headrace.sources.postgres.database import PostgresDatabase
from headrace.sources.postgres.session import Session
from headrace.sources.postgres.tls import protected

_LOGIN_SECONDS = 60


def connect(
    connection: PostgresConnection,
    credentials: Credentials,
    network: Network,
    snapshot: str | None = None,
) -> Database:
    """Log in; see `headrace.sources.connect`."""
    deadline = Deadline(_LOGIN_SECONDS)
    addresses = resolve(connection.host, connection.port, network, deadline)
    sock = dial(addresses, network, deadline).sock
    with deadline.enforced(sock, f"Logging in to {connection.host} port {connection.port}"):
        session = Session(protected(sock, connection), connection, credentials, snapshot=snapshot)
    return PostgresDatabase(session)
