"""A session: logged in, inside one read-only transaction, with settings that keep values exact."""

from __future__ import annotations

import json
import re
import secrets
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from pymysql.cursors import DictCursor

from headrace.connections import MysqlConnection
from headrace.errors import PERMISSION_DENIED, PROTOCOL_UNEXPECTED, HeadraceError, Kind
from headrace.identity import Identity, server_of
from headrace.sources.mysql.driver import Driver
from headrace.sources.mysql.errors import translated, translated_login, unexpected
from headrace.sources.mysql.result import Result
from headrace.values import Value

Answer = TypeVar("Answer", bound=Value)

# First of all, since they bound even what a session can ask about itself.
_UNBOUNDED = "SET SESSION sql_select_limit = 18446744073709551615, SESSION sql_big_selects = 1"

# What a session is set to, so far as the server knows the variable (names differ between MySQL,
# MariaDB and versions). All of these are a session's own and need no privilege.
SETTINGS = {
    # Exactness: instants in UTC, and neither an operator nor a quote that means something else.
    # Without PAD_CHAR_TO_FULL_LENGTH, char(n) comes without the padding that it is stored with.
    "time_zone": "'+00:00'",
    "sql_mode": "''",
    # MariaDB: rows as they are, and not as of a moment that somebody chose for all sessions.
    "system_versioning_asof": "DEFAULT",
    # Completeness: nothing cuts a value of a view short, and if something does, we are told.
    "group_concat_max_len": "4294967295",
    "max_error_count": "65535",
    # MySQL 8 answers from figures of yesterday unless told not to.
    "information_schema_stats_expiry": "0",
    # Patience: a table may take hours, and writing what came may make the server wait.
    "max_execution_time": "0",
    "max_statement_time": "0",
    "net_write_timeout": "3600",
    "wait_timeout": "86400",
    "idle_transaction_timeout": "0",
    "idle_readonly_transaction_timeout": "0",
    # But not for another's lock on a table, for which servers wait a day or a year.
    "lock_wait_timeout": "LEAST(@@lock_wait_timeout, 60)",
}

_BEGIN = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    # One transaction, so that all reads see the same snapshot, where the storage engine has them.
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)
_BEGIN_READING = _BEGIN[-1]
_WITH_SNAPSHOTS = {"innodb", "rocksdb", "tokudb"}

# What tells snapshots apart: MariaDB's position in the binary log, which belongs to the snapshot,
# and InnoDB's counter, which moves when a transaction begins to write or is committed, logged or
# not. Who sees the counter at rest while the snapshot is taken knows where it stood then.
_MARKS = ("binlog_snapshot_file", "binlog_snapshot_position", "innodb_max_trx_id")
# Positions and counters are a server's own, and a name may lead to several.
_IDENTITY = ("hostname", "port", "server_id", "server_uid", "server_uuid")


class _Entered(Value):
    name: str


class _Server(Value):
    version: str


# A statement's NOW() is taken a moment before its transaction is listed; whoever then waits for a
# lock on a table's definition may be unlisted for longer, and is found in the list of processes.
# InnoDB tells when its transactions began in the zone of the server's machine, to the second; in
# the hour that comes twice when the clock is put back, the first is meant. What only reads adds no
# row. The list is made anew when nobody has looked at it for a tenth of a second, whatever was
# asked; ours is one if it shows this very statement.
_PAUSE = "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR), SLEEP(0.15)"
_UNDER_WAY = """
SELECT
    DATE_FORMAT(
        LEAST(CAST(%s AS DATETIME(6)), COALESCE(MIN(
            IF(CONVERT_TZ(utc - INTERVAL 1 HOUR, '+00:00', 'SYSTEM') = at,
                utc - INTERVAL 1 HOUR, utc)
        ), CAST(%s AS DATETIME(6)))), '%%Y-%%m-%%d %%H:%%i:%%s.%%f'
    ),
    COUNT(*) > 0,
    COALESCE((
        SELECT MAX(trx_query LIKE CONCAT('%%', %s, '%%')) FROM information_schema.INNODB_TRX
        WHERE trx_mysql_thread_id = CONNECTION_ID()
    ), 0)
FROM (
    SELECT trx_started AS at, CONVERT_TZ(trx_started, 'SYSTEM', '+00:00') AS utc
    FROM information_schema.INNODB_TRX
    WHERE trx_mysql_thread_id <> CONNECTION_ID() AND trx_is_read_only = 0
        AND trx_autocommit_non_locking = 0
    UNION ALL
    SELECT NULL, UTC_TIMESTAMP(6) - INTERVAL time + 1 SECOND FROM information_schema.PROCESSLIST
    WHERE command IN ('Query', 'Execute') AND state LIKE 'Waiting for %% lock'
        AND id <> CONNECTION_ID()
) AS began
"""
_LOOKS = 20


@dataclass(frozen=True)
class Settled:
    """What was under way just before the snapshot was taken.

    `oldest` is when the oldest transaction began that can be seen and may write, or that moment,
    in UTC; `hidden` says that the user may see none of them, or that the server's list was stale.
    """

    oldest: str
    hidden: bool
    under_way: bool


class Session:
    """Statements over one connection. After an error the session is of no further use, except
    after a statement's refusal by `enter` or `check`.

    Errors of the driver come out as HeadraceErrors; `what` says in them what was being done.
    """

    def __init__(
        self,
        driver: Driver,
        sock: socket.socket,
        connection: MysqlConnection,
        *,
        lost: Kind = PROTOCOL_UNEXPECTED,
    ) -> None:
        """Log in over the socket, which the session owns from now on.

        `lost` is the kind for a connection that ends without a word: a proxy with nothing behind
        it, or another protocol's server, just hangs up.

        Raises PASSWORD_REJECTED, HOST_NOT_PERMITTED, DATABASE_NOT_FOUND and the like.
        """
        what = f"Logging in as '{connection.user}'"
        if driver.db is not None:
            what = f"Logging in to '{connection.database}' as '{connection.user}'"
        try:
            with translated_login(what, lost):
                driver.connect(sock)
        except HeadraceError:
            sock.close()
            raise
        self.driver = driver
        self.sock = sock
        self._address = server_of(connection)
        self._settled: Settled | None = None
        try:
            self._server, version = self._set_up()
            self.product = _product(version)
            self._snapshot = self._begin()
        except BaseException:
            self.close()
            raise

    def query(self, what: str, sql: str, *parameters: str) -> Sequence[Sequence[Any]]:
        """The rows of a statement; `%s` in it stands for a parameter."""
        with translated(what), self.driver.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            rows: Sequence[Sequence[Any]] = cursor.fetchall()
            return rows

    def records(self, what: str, sql: str, *parameters: str) -> Sequence[Mapping[str, Any]]:
        """The rows of a statement, as mappings from the columns' names."""
        with translated(what), self.driver.cursor(DictCursor) as cursor:
            cursor.execute(sql, parameters or None)
            rows: Sequence[Mapping[str, Any]] = cursor.fetchall()
            return rows

    def answers(
        self, what: str, sql: str, kind: type[Answer], *parameters: str
    ) -> tuple[Answer, ...]:
        """The rows of a statement, held to their shape by the columns' names.

        Raises PROTOCOL_UNEXPECTED if they have another.
        """
        try:
            return tuple(kind.model_validate(row) for row in self.records(what, sql, *parameters))
        except ValueError as error:
            raise unexpected(what) from error

    def answer(self, what: str, sql: str, kind: type[Answer], *parameters: str) -> Answer:
        """The only row of a statement; see `answers`."""
        rows = self.answers(what, sql, kind, *parameters)
        if len(rows) != 1:
            raise unexpected(what)
        return rows[0]

    def named(self, what: str, sql: str) -> dict[str, str]:
        """What a SHOW statement gives that has a name and a value in each row."""
        pairs = {}
        for row in self.query(what, sql):
            match row:
                case (str(name), str(value)):
                    pairs[name.lower()] = value
                case _:
                    raise unexpected(what)
        return pairs

    def check(self, what: str, sql: str) -> None:
        """Raise what the server has to say against the statement, without running it."""
        with translated(what):
            self.driver.forget(self.driver.prepare(sql))

    def enter(self, database: str) -> str:
        """Make it the session's database; returns its name as the server writes it.

        Raises DATABASE_NOT_FOUND and DATABASE_NOT_PERMITTED.
        """
        what = f"Entering '{database}'"
        with translated(what):
            self.driver.select_db(database)
        # Only now may a proxy ask a server behind it.
        return self.answer(what, "SELECT DATABASE() AS name", _Entered).name

    def result(self, what: str) -> Result:
        """A statement to be started; nothing else may use the session until it has ended."""
        return Result(self.driver, what)

    @property
    def identity(self) -> Identity:
        """See `headrace.sources.Database.identity`.

        A replica that takes over has the address, and another `server_uuid`; MariaDB has none. A
        table's name holds its database's.
        """
        server = dict(zip(_IDENTITY, self._server, strict=True))["server_uuid"]
        return Identity(likely=tuple(filter(None, (self._address, server))))

    def snapshot(self) -> str:
        """See `headrace.sources.Database.snapshot`.

        It says nothing of tables whose engine has no snapshots.
        """
        return self._snapshot

    def abandon(self) -> None:
        """Break the connection, whatever another thread is doing over it."""
        with suppress(OSError):
            # SSLSocket's own shutdown would take the TLS layer from under the reading thread.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        self.driver.close()

    def settled(self) -> Settled:
        """What was under way before the snapshot was taken; the first call takes a new snapshot.

        So it has to be called before anything is read that shall be of the same moment.
        """
        if self._settled is None:
            what = "Looking for transactions under way"
            self.query(what, "COMMIT")
            self._settled = self._look_under_way(what)
            self._snapshot = self._begin()
        return self._settled

    def _look_under_way(self, what: str) -> Settled:
        ((now, _),) = self.query(what, _PAUSE)
        mark = secrets.token_hex(8)
        self.query(what, _BEGIN_READING)  # to be listed ourselves
        try:
            for _ in range(_LOOKS):
                ((oldest, under_way, fresh),) = self.query(what, _UNDER_WAY, now, now, mark)
                if fresh:
                    return Settled(str(oldest), hidden=False, under_way=bool(under_way))
                self.query(what, _PAUSE)
        except HeadraceError as error:
            if error.kind is not PERMISSION_DENIED:
                raise
        return Settled(str(now), hidden=True, under_way=False)

    def _begin(self) -> str:
        """Begin the transaction; returns the snapshot's name."""
        what = "Beginning a transaction"
        before = self._marks(what)
        for statement in _BEGIN:
            self.query(what, statement)
        if not all(before) or self._marks(what) != before:  # without a log its file has no name
            return f"own-{secrets.token_hex(8)}"
        told = json.dumps([self._server, before])
        return f"binlog-{sha256(told.encode()).hexdigest()[:32]}"

    def _marks(self, what: str) -> Sequence[str | None]:
        found = self.named(what, f"SHOW STATUS WHERE Variable_name IN ({_listed(_MARKS)})")
        return [found.get(name) for name in _MARKS]

    def _set_up(self) -> tuple[Sequence[str | None], str]:
        """Change the session's settings; returns which server it is, and its version."""
        what = "Preparing the session"
        self.query(what, _UNBOUNDED)
        names = _listed([*SETTINGS, *_IDENTITY])
        known = self.named(what, f"SHOW SESSION VARIABLES WHERE Variable_name IN ({names})")
        values = ", ".join(
            f"SESSION {name} = {SETTINGS[name]}" for name in SETTINGS if name in known
        )
        self.query(what, f"SET {values}")
        version = self.answer(what, "SELECT VERSION() AS version", _Server).version
        return [known.get(name) for name in _IDENTITY], version


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def has_snapshots(engine: str | None) -> bool:
    """Whether a read sees tables of that engine as of when the session's transaction began."""
    return str(engine).lower() in _WITH_SNAPSHOTS


def _product(version: str) -> str:
    """What answers, such as "MariaDB 10.11.6"; of the server's text the number alone is kept."""
    number = re.match(r"[0-9]+(\.[0-9]+)*", version)
    name = "MariaDB" if "mariadb" in version.lower() else "MySQL"
    return f"{name} {number[0]}" if number else name
