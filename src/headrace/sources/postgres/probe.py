"""The connection test's steps for PostgreSQL (`headrace.sources.Probe`)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from headrace import sources
from headrace.connections import Credentials, PostgresConnection
from headrace.diagnosis.reach import Reach
from headrace.errors import DATABASE_NOT_FOUND, PERMISSION_DENIED, HeadraceError
from headrace.model import Layer, Selection
from headrace.sources import Finding
from headrace.sources.postgres import catalogue, tls
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
    _session: Session

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
            self._sock = tls.protected(self._reach.sock, self._connection)
            self._open.callback(self._sock.close)
        return finding(self._sock, self._connection)

    def _log_in(self) -> Finding:
        try:
            with self._reach.held("Logging in"):
                self._session = Session(self._sock, self._connection, self._credentials)
                self._open.callback(self._session.close)
        except HeadraceError as error:
            # PostgreSQL looks at the database after it has let the user in.
            if error.kind not in (DATABASE_NOT_FOUND, PERMISSION_DENIED):
                raise
            self._database_error = error
        return Finding(f"User '{self._connection.user}' may log in.")

    def _enter_database(self) -> Finding:
        if self._database_error is not None:
            raise self._database_error
        major, minor = divmod(self._session.server_version, 10_000)
        return Finding(
            f"Database '{self._connection.database}' is there, on PostgreSQL {major}.{minor}."
        )

    def _see_tables(self) -> Finding:
        with self._reach.held("Counting the tables"):
            tables, readable = catalogue.count_tables(self._session)
        if not tables:
            return Finding(
                "The database holds no table.",
                "Check that this is the right database; tables live in one of them alone.",
            )
        if not readable:
            return Finding(
                f"The user may read none of {tables} tables.",
                "Have the right granted: GRANT USAGE ON SCHEMA … TO …; "
                "GRANT SELECT ON ALL TABLES IN SCHEMA … TO …;",
            )
        return Finding(f"The user may read {readable} of {tables} tables.")
