"""The connection test's steps for PostgreSQL (`headrace.sources.Probe`)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from headrace import sources
from headrace.connections import Credentials, PostgresConnection, TlsMode
from headrace.diagnosis.dial import Address, Deadline, dial, resolve
from headrace.errors import DATABASE_NOT_FOUND, PERMISSION_DENIED, HeadraceError
from headrace.model import Layer
from headrace.sources import Finding
from headrace.sources.postgres import catalogue, tls
from headrace.sources.postgres.session import Session

_VERIFY = "Choose the TLS mode 'verify-full' unless you trust every network on the way."


def open_probe(
    connection: PostgresConnection, credentials: Credentials, deadline: Deadline
) -> sources.Probe:
    """See `headrace.sources.probe`."""
    return PostgresProbe(connection, credentials, deadline)


class PostgresProbe:
    """Each step leaves behind what the next one builds upon."""

    _addresses: tuple[Address, ...]
    _session: Session

    def __init__(
        self, connection: PostgresConnection, credentials: Credentials, deadline: Deadline
    ) -> None:
        self._connection = connection
        self._credentials = credentials
        self._deadline = deadline
        self._sock: socket.socket | None = None
        self._open = ExitStack()
        self._database_error: HeadraceError | None = None

    @property
    def steps(self) -> Mapping[Layer, Callable[[], Finding]]:
        return {
            Layer.DNS: self._look_up,
            Layer.TCP: self._reach,
            Layer.TLS: self._encrypt,
            Layer.LOGIN: self._log_in,
            Layer.DATABASE: self._enter_database,
            Layer.TABLES: self._see_tables,
        }

    def close(self) -> None:
        self._open.close()

    def _look_up(self) -> Finding:
        host = self._connection.host
        self._addresses = resolve(host, self._connection.port, self._deadline)
        first, *others = map(str, self._addresses)
        more = f" and {len(others)} more" if others else ""
        return Finding(f"'{host}' stands for {first}{more}.")

    def _reach(self) -> Finding:
        self._sock, address = dial(self._addresses, self._deadline)
        self._open.callback(self._sock.close)
        return Finding(f"Port {self._connection.port} of {address} accepts connections.")

    def _encrypt(self) -> Finding:
        with self._in_time("Negotiating TLS") as sock:
            self._sock = tls.protected(sock, self._connection)
            self._open.callback(self._sock.close)
        version = tls.version(self._sock)
        match self._connection.tls:
            case TlsMode.DISABLE:
                return Finding("The connection is not encrypted, as chosen.", _VERIFY)
            case TlsMode.REQUIRE:
                return Finding(
                    f"Encrypted with {version}; the server's certificate is not looked at, "
                    "as chosen.",
                    _VERIFY,
                )
            case TlsMode.VERIFY_CA:
                return Finding(f"Encrypted with {version}; the certificate's authority is known.")
            case TlsMode.VERIFY_FULL:
                return Finding(f"Encrypted with {version}; the certificate is valid for this host.")

    def _log_in(self) -> Finding:
        try:
            with self._in_time("Logging in") as sock:
                self._session = Session(sock, self._connection, self._credentials)
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
        with self._in_time("Counting the tables"):
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

    @contextmanager
    def _in_time(self, what: str) -> Iterator[socket.socket]:
        if self._sock is None:
            raise RuntimeError("the steps were called out of order")
        where = f"{self._connection.host} port {self._connection.port}"
        with self._deadline.enforced(self._sock, f"{what} at {where}"):
            yield self._sock
