"""PostgreSQL as a source."""

from __future__ import annotations

from headrace.connections import Credentials, PostgresConnection
from headrace.diagnosis.dial import Deadline, dial, resolve
from headrace.sources import Database
from headrace.sources.postgres.database import PostgresDatabase
from headrace.sources.postgres.session import Session
from headrace.sources.postgres.tls import protected

_LOGIN_SECONDS = 60


def connect(connection: PostgresConnection, credentials: Credentials) -> Database:
    """Log in; see `headrace.sources.connect`."""
    deadline = Deadline(_LOGIN_SECONDS)
    sock, _ = dial(resolve(connection.host, connection.port, deadline), deadline)
    with deadline.enforced(sock, f"Logging in to {connection.host} port {connection.port}"):
        return PostgresDatabase(Session(protected(sock, connection), connection, credentials))
