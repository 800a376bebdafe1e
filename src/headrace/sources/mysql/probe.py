"""The connection test's steps for MySQL and MariaDB (`headrace.sources.Probe`)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from headrace import sources
from headrace.connections import Credentials, MysqlConnection
from headrace.diagnosis.reach import Reach
from headrace.errors import DATABASE_NOT_FOUND, PERMISSION_DENIED, HeadraceError
from headrace.model import Layer, Selection
from headrace.sources import Finding, tls
from headrace.sources.mysql import catalogue
from headrace.sources.mysql.driver import Driver
from headrace.sources.mysql.session import Session

_GRANT = "Have the right granted: GRANT SELECT ON `database`.* TO …;"


def open_probe(
    connection: MysqlConnection,
    credentials: Credentials,
    reach: Reach,
    selection: Sequence[Selection],
) -> sources.Probe:
    """See `headrace.sources.probe`."""
    return MysqlProbe(connection, credentials, reach, selection)


class MysqlProbe:
    """Each step leaves behind what the next one builds upon."""

    _sock: socket.socket
    _session: Session

    def __init__(
        self,
        connection: MysqlConnection,
        credentials: Credentials,
        reach: Reach,
        selection: Sequence[Selection],
    ) -> None:
        self._connection = connection
        self._selection = selection
        self._driver = Driver(connection, credentials)
        self._reach = reach
        self._open = ExitStack()
        self._open.callback(reach.close)
        self._database_error: HeadraceError | None = None

    @property
    def steps(self) -> Mapping[Layer, Callable[[], Finding]]:
        return {
            **self._reach.steps,
            Layer.TLS: self._encrypt,
            Layer.LOGIN: self._log_in,
            Layer.DATABASE: self._enter_database,
            Layer.RIGHTS: self._see_tables,
        }

    def close(self) -> None:
        self._open.close()

    def _encrypt(self) -> Finding:
        with self._reach.held("Negotiating TLS"):
            request = self._driver.request_tls
            self._sock = tls.encrypted(self._reach.sock, self._connection, request)
            self._open.callback(self._sock.close)
        return tls.finding(self._sock, self._connection)

    def _log_in(self) -> Finding:
        try:
            with self._reach.held("Logging in"):
                self._session = Session(self._driver, self._sock, self._connection)
                self._open.callback(self._session.close)
        except HeadraceError as error:
            # The server looks at the database after it has let the user in.
            if error.kind not in (DATABASE_NOT_FOUND, PERMISSION_DENIED):
                raise
            self._database_error = error
        return Finding(f"User '{self._connection.user}' may log in.")

    def _enter_database(self) -> Finding:
        if self._database_error is not None:
            raise self._database_error
        return Finding(
            f"Database '{self._connection.database}' is there, on {self._session.product}."
        )

    def _see_tables(self) -> Finding:
        with self._reach.held("Counting the tables"):
            tables, readable = catalogue.count_tables(self._session, self._connection.database)
        if not tables:
            return Finding(
                f"The user sees no table in database '{self._connection.database}'.",
                f"Check that this is the right database. {_GRANT}",
            )
        if not readable:
            return Finding(f"The user may read none of {tables} tables.", _GRANT)
        return Finding(f"The user may read {readable} of {tables} tables.")
