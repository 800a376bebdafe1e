"""MySQL and MariaDB as a source."""

from __future__ import annotations

from headrace.connections import Credentials, MysqlConnection
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.network import Network
from headrace.sources import Database, iam_login
from headrace.sources.line import line
from headrace.sources.mysql.database import MysqlDatabase
from headrace.sources.mysql.driver import Driver
from headrace.sources.mysql.session import Session

_LOGIN_SECONDS = 60


def connect(
    connection: MysqlConnection,
    credentials: Credentials,
    network: Network,
    snapshot: str | None = None,  # noqa: ARG001 - part of the contract
) -> Database:
    """Log in; see `headrace.sources.connect`.

    No snapshot can be asked for: the one of the moment is taken, and its name tells whether nothing
    was committed since the wanted one.
    """
    deadline = Deadline(_LOGIN_SECONDS)
    reached = line(connection, network, deadline)
    with deadline.enforced(reached.sock, f"Logging in to {connection.place}"):
        driver = Driver(connection, credentials, connection.database)
        sock = reached.encrypted(driver.request_tls)
        with iam_login.explained(connection):
            return MysqlDatabase(Session(driver, sock, connection))
