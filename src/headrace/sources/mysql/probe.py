"""The connection test's steps for MySQL and MariaDB (`headrace.sources.Probe`)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from headrace import sources
from headrace.checks import Layer
from headrace.connections import Credentials, MysqlConnection
from headrace.diagnosis.reach import Reach
from headrace.errors import CONNECTION_LOST, HeadraceError
from headrace.model import Selection
from headrace.sources import Finding, iam_login, tls
from headrace.sources.mysql import absent, login
from headrace.sources.mysql.all_rights import of_all_tables
from headrace.sources.mysql.driver import Driver, offers_tls
from headrace.sources.mysql.fitness import fitness
from headrace.sources.mysql.rights import of_selection
from headrace.sources.mysql.session import Session


def open_probe(
    connection: MysqlConnection,
    credentials: Credentials,
    reach: Reach,
    selection: Sequence[Selection],
) -> sources.Probe:
    """See `headrace.sources.probe`."""
    return MysqlProbe(connection, credentials, reach, selection)


class MysqlProbe:
    """Each step leaves behind what the next one builds upon.

    It logs in without a database and enters that afterwards, so that a session is there to ask
    what else the server has.
    """

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
        self._driver = Driver(connection, credentials, None)
        self._reach = reach
        self._open = ExitStack()
        self._open.callback(reach.close)
        self._refusal: HeadraceError | None = None

    @property
    def steps(self) -> Mapping[Layer, Callable[[], Finding]]:
        return {
            **self._reach.steps,
            Layer.TLS: self._encrypt,
            Layer.LOGIN: self._log_in,
            Layer.DATABASE: self._enter_database,
            Layer.RIGHTS: self._look_at_rights,
            Layer.FITNESS: self._look_at_fitness,
        }

    def close(self) -> None:
        self._open.close()

    def _encrypt(self) -> Finding:
        try:
            with self._reach.held("Negotiating TLS"):
                self._sock = self._reach.encrypted(self._driver.request_tls)
                self._open.callback(self._sock.close)
        except HeadraceError as error:
            # A server that lets nobody in from here, or nobody any more, says so at once.
            if error.kind not in login.KINDS:
                raise
            self._refusal = error
            return Finding(
                "The server ends the conversation before encryption is spoken of.",
                "Mend what stands in the way of the login, then test again.",
            )
        offered = offers_tls(self._reach.heard)
        return tls.finding(self._sock, self._connection, offered=offered)

    def _log_in(self) -> Finding:
        try:
            if self._refusal is not None:
                raise self._refusal
            with self._reach.held("Logging in"), iam_login.explained(self._connection):
                self._session = Session(
                    self._driver, self._sock, self._connection, lost=CONNECTION_LOST
                )
                self._open.callback(self._session.close)
        except HeadraceError as error:
            offered = offers_tls(self._reach.heard)
            raise login.advised(
                error, self._connection, self._reach.clients, offers_tls=offered
            ) from error
        return Finding(f"User '{self._connection.user}' may log in.")

    def _enter_database(self) -> Finding:
        database = self._connection.database
        with self._reach.held("Entering the database"):
            try:
                name = self._session.enter(database)
            except HeadraceError as error:
                if error.kind not in absent.KINDS:
                    raise
                raise absent.advised(
                    error, self._connection, self._session, self._selection
                ) from error
        found = f"Database '{database}' is there, on {self._session.product}."
        return Finding(found, absent.called_otherwise(database, name))

    def _look_at_rights(self) -> Finding:
        with self._reach.held("Looking at the rights"):
            if self._selection:
                return of_selection(self._session, self._connection, self._selection)
            return of_all_tables(self._session, self._connection.database)

    def _look_at_fitness(self) -> Finding:
        with self._reach.held("Measuring"):
            return fitness(self._session, self._selection)
