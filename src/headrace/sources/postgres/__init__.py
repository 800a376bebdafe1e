"""PostgreSQL as a source."""

from __future__ import annotations

from headrace.connections import Credentials, PostgresConnection
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.network import Network
from headrace.sources import Database, iam_login
from headrace.sources.line import line
from headrace.sources.postgres.database import PostgresDatabase
from headrace.sources.postgres.session import Session
from headrace.sources.postgres.tls import request

_LOGIN_SECONDS = 60


def connect(
    connection: PostgresConnection,
    credentials: Credentials,
    network: Network,
    snapshot: str | None = None,
) -> Database:
    """Log in; see `headrace.sources.connect`."""
    deadline = Deadline(_LOGIN_SECONDS)
    reached = line(connection, network, deadline)
    with deadline.enforced(reached.sock, f"Logging in to {connection.place}"):
        sock = reached.encrypted(request)
        with iam_login.explained(connection):
            session = Session(sock, connection, credentials, snapshot=snapshot)
    return PostgresDatabase(session)
