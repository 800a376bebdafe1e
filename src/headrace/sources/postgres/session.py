"""A session: logged in, inside one read-only transaction, with settings that keep values exact."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from headrace.connections import Credentials, PostgresConnection
from headrace.errors import (
    DATABASE_NOT_PERMITTED,
    POOLER_REFUSED,
    PROTOCOL_UNEXPECTED,
    HeadraceError,
    Kind,
)
from headrace.identity import server_of
from headrace.sources.postgres import snapshots
from headrace.sources.postgres.copy import CopyOut
from headrace.sources.postgres.driver import Driver
from headrace.sources.postgres.errors import AT_LOGIN, refused_with, translated
from headrace.values import Value

Answer = TypeVar("Answer", bound=Value)

# A server may work for long before it sends its first row; one that has vanished is noticed
# earlier, by the keep-alive probes of `dial`.
_SILENCE_SECONDS = 3600

# How long to wait for a lock on a table. Reading takes the weakest one, which only an ALTER TABLE
# and its like stand in the way of; but who waits for a lock makes others wait behind.
LOCK_SECONDS = 60

# One transaction, so that all reads see the same snapshot; SET LOCAL, so that a pooler's other
# clients are left alone. An empty search_path makes the names of types come with their schema
# and keeps a function of someone's own from standing in for PostgreSQL's.
_BEGIN = """
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;{first}
SET LOCAL search_path TO '';
SET LOCAL TimeZone TO 'UTC';
SET LOCAL DateStyle TO 'ISO';
SET LOCAL IntervalStyle TO 'iso_8601';
SET LOCAL extra_float_digits TO 3;
SET LOCAL bytea_output TO 'hex';
SET LOCAL lock_timeout TO '{lock_seconds}s';
SET LOCAL idle_in_transaction_session_timeout TO 0;
SELECT current_setting('server_version_num')::int;
"""

# How often the server looks whether a job is still there for which a statement works that sends
# nothing yet: without that, one that was killed keeps its locks until the statement ends. Servers
# on systems that don't tell refuse it.
CHECK_SECONDS = 10
CHECKED_SINCE = 140_000
CHECKED = """
SAVEPOINT checked;
SET LOCAL client_connection_check_interval TO '{seconds}s';
RELEASE SAVEPOINT checked;
"""

# A transaction that began before may commit rows after the snapshot with times since its beginning,
# and one that has written nothing yet may still begin to; autovacuum's write no rows. When it began
# is noted a moment before others see it, so they are looked at a moment after the time is taken. Of
# a prepared one is known when it was prepared. Asked outside of a transaction, so that all is named
# with its schema.
_PAUSE = "SELECT pg_catalog.clock_timestamp()::text, pg_catalog.pg_sleep(0.1)::text"
_UNDER_WAY = """
SELECT pg_catalog.json_build_object(
    'oldest', pg_catalog.to_char(
        least(:now ::timestamptz, min(xact_start), min(prepared)) AT TIME ZONE 'UTC',
        'YYYY-MM-DD HH24:MI:SS.US'
    ) || '+00',
    'hidden', count(*) FILTER (WHERE query = '<insufficient privilege>') > 0,
    'replica', pg_catalog.pg_is_in_recovery(),
    'prepared', count(prepared) > 0,
    'under_way', pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())
        < pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())
)::text
FROM (
    SELECT xact_start, query, NULL::timestamptz AS prepared FROM pg_catalog.pg_stat_activity
    WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
        AND application_name IS DISTINCT FROM 'headrace'
        AND backend_type IS DISTINCT FROM 'autovacuum worker'
    UNION ALL
    SELECT NULL, NULL, prepared FROM pg_catalog.pg_prepared_xacts
    WHERE database = pg_catalog.current_database()
) AS began
"""

_NO_TRANSACTIONS = (
    "Have the pooler pool by transaction or by session (pool_mode in PgBouncer): with 'statement' "
    "it refuses transactions. Or connect to the database's own port."
)


class Settled(Value):
    """What was under way just before the snapshot was taken.

    `oldest` is when the oldest transaction began that can be seen, or was prepared, or that moment;
    `hidden` says whether there are sessions of which the user may not see that; `replica` whether
    those that write are another server's; `prepared` whether any transaction is prepared;
    `under_way` whether any had begun to write.
    """

    oldest: str
    hidden: bool
    replica: bool
    prepared: bool
    under_way: bool


class Session:
    """Statements over one connection. After an error the transaction, and so the session, is over.

    Errors of the driver come out as HeadraceErrors; `what` says in them what was being done.
    """

    def __init__(
        self,
        sock: socket.socket,
        connection: PostgresConnection,
        credentials: Credentials,
        *,
        lost: Kind = PROTOCOL_UNEXPECTED,
        snapshot: str | None = None,
    ) -> None:
        """Log in over the socket, which the session owns from now on.

        `lost` is the kind for a connection that ends without a word: a proxy with nothing behind
        it, or another protocol's server, just hangs up. `snapshot` is the one that is wanted; see
        `headrace.sources.connect`.

        Raises PASSWORD_REJECTED, LOGIN_NOT_PERMITTED, DATABASE_NOT_FOUND and the like.
        """
        what = f"Logging in to '{connection.database}' as '{connection.user}'"
        try:
            with translated(what, lost=lost, first=AT_LOGIN):
                self._driver = Driver(
                    connection,
                    connection.user,
                    database=connection.database,
                    password=credentials.password.get_secret_value() or None,
                    application_name="headrace",
                    startup_params={"client_encoding": "UTF8"},
                    ssl_context=False,
                    sock=sock,
                )
        except HeadraceError as error:
            sock.close()
            if error.kind is DATABASE_NOT_PERMITTED:
                hint = "Have the right granted: GRANT CONNECT ON DATABASE … TO …;"
                raise HeadraceError(error.kind, error.detail, hint=hint) from error
            raise
        self.address = f"{server_of(connection)}/{connection.database}"
        self._sock = sock
        self._settled: Settled | None = None
        self._snapshot: str | None = None
        try:
            self.server_version = self._begin_sharing(snapshot) or self._begin()
            sock.settimeout(_SILENCE_SECONDS)
        except BaseException:
            self.close()
            raise

    def query(self, what: str, sql: str, **parameters: str | int) -> Sequence[Sequence[Any]]:
        """The rows of a statement; `:name` in it stands for a parameter."""
        with translated(what):
            return self._driver.run(sql, **parameters) or []

    def _begin(self, first: str = "") -> int:
        """Begin the transaction, with that statement before anything else; the server's version."""
        what = "Beginning a transaction"
        try:
            with translated(what, first=AT_LOGIN):
                rows = self._driver.run(_BEGIN.format(first=first, lock_seconds=LOCK_SECONDS))
        except HeadraceError as error:
            if error.kind is POOLER_REFUSED:
                raise HeadraceError(error.kind, error.detail, hint=_NO_TRANSACTIONS) from error
            raise
        # A hostile server may answer anything.
        if not rows or len(rows[0]) != 1 or not isinstance(rows[0][0], int):
            raise HeadraceError(PROTOCOL_UNEXPECTED, f"{what}: the server tells no version.")
        version = rows[0][0]
        if version >= CHECKED_SINCE:
            self._have_client_checked(what)
        return version

    def _have_client_checked(self, what: str) -> None:
        try:
            self.query(what, CHECKED.format(seconds=CHECK_SECONDS))
        except HeadraceError as error:
            if refused_with(error) is None:
                raise
            self.query(what, "ROLLBACK TO SAVEPOINT checked")

    def _begin_sharing(self, name: str | None) -> int | None:
        """Begin with the snapshot of that name; None, and nothing is begun, if it can't be had."""
        shared = snapshots.Shared.named(name)
        if shared is None:
            return None
        try:
            version = self._begin(shared.take)
        except HeadraceError as error:
            if refused_with(error) not in snapshots.NOT_TAKEN:
                raise
            self.query("Beginning a transaction", "ROLLBACK")
            return None
        if self.ask("Looking at the snapshot", snapshots.MARK, snapshots.Mark).mark != shared.mark:
            self.query("Beginning a transaction", "ROLLBACK")
            return None
        self._snapshot = name
        return version

    def ask(self, what: str, sql: str, kind: type[Answer], **parameters: str | int) -> Answer:
        """What a statement says that gives one text of JSON (`…::text`), held to its shape.

        Raises PROTOCOL_UNEXPECTED if it has another.
        """
        rows = self.query(what, sql, **parameters)
        try:
            ((text,),) = rows
            return kind.model_validate_json(text)
        except (ValueError, TypeError) as error:
            raise HeadraceError(
                PROTOCOL_UNEXPECTED, f"{what}: the answer is not one that PostgreSQL gives."
            ) from error

    def settled(self) -> Settled:
        """What was under way before the snapshot was taken; the first call takes a new snapshot.

        So it has to be called before anything is read that shall be of the same moment.
        """
        if self._settled is None:
            what = "Looking for transactions under way"
            self.query(what, "COMMIT")
            self._snapshot = None
            ((now, _),) = self.query(what, _PAUSE)
            self._settled = self.ask(what, _UNDER_WAY, Settled, now=now)
            self._begin()
        return self._settled

    @contextmanager
    def contained(self, what: str) -> Iterator[None]:
        """An error inside ends what was begun inside, and the session can be used further."""
        self.query(what, "SAVEPOINT contained")
        try:
            yield
        except HeadraceError:
            with suppress(HeadraceError):  # the first error says more
                self.query(what, "ROLLBACK TO SAVEPOINT contained")
            raise
        self.query(what, "RELEASE SAVEPOINT contained")

    @property
    def announced_process(self) -> int | None:
        """The server's process as it was told at the login; see `Driver`."""
        return self._driver.announced_process

    def result_types(self, what: str, sql: str) -> Sequence[int]:
        """The oids of the types of a statement's columns, domains resolved."""
        with translated(what):
            self._driver.run(sql)
            return [column["type_oid"] for column in self._driver.columns]

    def copy(self, what: str) -> CopyOut:
        """A COPY, to be started; nothing else may use the session until it has ended."""
        return CopyOut(self._driver, what)

    def snapshot(self) -> str:
        """See `headrace.sources.Database.snapshot`.

        A snapshot that nobody can be given gets a name of its own. If the server refuses to give
        it, a new one is taken; so the name has to be asked for, as `settled` has to, before
        anything is read that shall be of the same moment.
        """
        if self._snapshot is None:
            self._snapshot = self._exported() or f"own-{secrets.token_hex(8)}"
        return self._snapshot

    @property
    def shares_snapshot(self) -> bool:
        """Whether other connections can be given the snapshot."""
        return snapshots.Shared.named(self.snapshot()) is not None

    def _exported(self) -> str | None:
        what = "Exporting the snapshot"
        try:
            return self.ask(what, snapshots.EXPORT, snapshots.Shared).name
        except HeadraceError as error:
            if refused_with(error) not in snapshots.NOT_GIVEN:
                raise
            self.query(what, "ROLLBACK")
            self._begin()
            return None

    def abandon(self) -> None:
        """Break the connection, whatever another thread is doing over it."""
        with suppress(OSError):
            # SSLSocket's own shutdown would take the TLS layer from under the reading thread.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def close(self) -> None:
        self._driver.close()
