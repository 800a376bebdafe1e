"""MySQL and MariaDB as a source."""

from __future__ import annotations

from headrace.connections import Credentials, MysqlConnection
from headrace.diagnosis.deadline import Deadline
from headrace.diagnosis.dial import dial
from headrace.diagnosis.network import Network
from headrace.diagnosis.resolve import resolve
from headrace.sources import Database, tls
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
    addresses = resolve(connection.host, connection.port, network, deadline)
    sock = dial(addresses, network, deadline).sock
    with deadline.enforced(sock, f"Logging in to {connection.host} port {connection.port}"):
        driver = Driver(connection, credentials, connection.database)
        protected = tls.encrypted(sock, connection, driver.request_tls)
        return MysqlDatabase(Session(driver, protected, connection))
