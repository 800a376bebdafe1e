"""The connection test's steps for PostgreSQL (`headrace.sources.Probe`)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from headrace import sources
from headrace.checks import Layer
from headrace.connections import Credentials, PostgresConnection, TlsMode
from headrace.diagnosis.reach import Reach
from headrace.errors import CONNECTION_LOST, LOGIN_NOT_PERMITTED, HeadraceError
from headrace.model import Selection
from headrace.sources import Finding, iam_login
from headrace.sources.postgres import absent, login, tls
from headrace.sources.postgres.all_rights import of_all_tables
from headrace.sources.postgres.fitness import fitness
from headrace.sources.postgres.rights import of_selection
from headrace.sources.postgres.session import Session
from headrace.sources.tls import finding


def open_probe(
    connection: PostgresConnection,
    credentials: Credentials,
    reach: Reach,
    selection: Sequence[Selection],
) -> sources.Probe:
    """See `headrace.sources.probe`."""
    return PostgresProbe(connection, credentials, reach, selection)


class PostgresProbe:
    """Each step leaves behind what the next one builds upon."""

    _sock: socket.socket

    def __init__(
        self,
        connection: PostgresConnection,
        credentials: Credentials,
        reach: Reach,
        selection: Sequence[Selection],
    ) -> None:
        self._connection = connection
        self._selection = selection
        self._credentials = credentials
        self._reach = reach
        self._open = ExitStack()
        self._open.callback(reach.close)
        self._session: Session | None = None
        self._database_error: HeadraceError | None = None

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
        with self._reach.held("Negotiating TLS"):
            self._sock = self._reach.encrypted(tls.request)
            self._open.callback(self._sock.close)
        offered = tls.offered(self._reach.heard)
        return finding(self._sock, self._connection, offered=offered)

    def _log_in(self) -> Finding:
        try:
            with self._reach.held("Logging in"):
                self._session = self._logged_in(self._sock, self._connection)
        except HeadraceError as error:
            # PostgreSQL looks at the database after it has let the user in.
            if error.kind not in absent.KINDS:
                if error.kind is LOGIN_NOT_PERMITTED and self._needs_tls():
                    raise login.without_tls(self._connection) from error
                raise login.advised(error, self._connection, self._reach.clients) from error
            self._database_error = error
        return Finding(f"User '{self._connection.user}' may log in.")

    def _needs_tls(self) -> bool:
        if self._connection.tls is not TlsMode.DISABLE or not tls.offered(self._reach.heard):
            return False
        try:
            return tls.required(self._reach.again(), self._connection)
        except (HeadraceError, OSError):  # the error that is being explained says more
            return False

    def _enter_database(self) -> Finding:
        if error := self._database_error:
            self._session = self._elsewhere()
            raise absent.advised(error, self._connection, self._session) from error
        major, minor = divmod(self._required().server_version, 10_000)
        return Finding(
            f"Database '{self._connection.database}' is there, on PostgreSQL {major}.{minor}."
        )

    def _look_at_rights(self) -> Finding:
        session, what = self._required(), "Looking at the rights"
        with self._reach.held(what), session.contained(what):
            if self._selection:
                return of_selection(session, self._connection, self._selection)
            return of_all_tables(session)

    def _look_at_fitness(self) -> Finding:
        if self._session is None:
            return Finding(
                "Nothing could be asked, since no database could be entered.",
                "Mend what stands in the way of the database, then test again.",
            )
        with self._reach.held("Measuring"):
            return fitness(self._session)

    def _elsewhere(self) -> Session | None:
        """A session in a database that is there on every server; None if there is none to be had.

        It is asked which databases there are, and what else does not depend on the database.
        """
        for name in absent.OTHERS:
            connection = self._connection.model_copy(update={"database": name})
            try:
                self._reach.again()
                sock = self._reach.encrypted(tls.request)
                self._open.callback(sock.close)
                return self._logged_in(sock, connection)
            except HeadraceError:  # the error that is being explained says more
                continue
        return None

    def _logged_in(self, sock: socket.socket, connection: PostgresConnection) -> Session:
        with iam_login.explained(connection):
            session = Session(sock, connection, self._credentials, lost=CONNECTION_LOST)
        self._open.callback(session.close)
        return session

    def _required(self) -> Session:
        if self._session is None:
            raise RuntimeError("the steps were called out of order")
        return self._session
