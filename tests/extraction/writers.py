"""Sessions that write into a table `t` (id, n, updated_at) while it is brought, and commit late."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

import pg8000.native
import pymysql

from devservers import mariadb, postgres
from tests.conftest import Database, MariadbDatabase


class Connection(Protocol):
    def run(self, sql: str) -> Any: ...

    def close(self) -> None: ...


class _Mariadb:
    def __init__(self, database: MariadbDatabase) -> None:
        server = database.server
        self._connection = pymysql.connect(
            host=server.host,
            port=server.port,
            user=mariadb.USER,
            password=server.password,
            database=database.name,
            autocommit=True,
        )

    def run(self, sql: str) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def close(self) -> None:
        self._connection.close()


def connect(database: Database | MariadbDatabase) -> Connection:
    if isinstance(database, MariadbDatabase):
        return _Mariadb(database)
    server = database.server
    connection: Connection = pg8000.native.Connection(
        postgres.USER,
        host=server.host,
        port=server.port,
        database=database.name,
        password=server.password,
    )
    return connection


@dataclass(frozen=True)
class Dialect:
    """How a transaction is begun, and what it takes for the moment at which it began."""

    begin: str
    began: str


POSTGRES = Dialect("BEGIN", "now()")
# NOW() is a statement's moment, so a transaction that is listed already remembers its own.
MARIADB = Dialect(
    "START TRANSACTION WITH CONSISTENT SNAPSHOT; SET @began = NOW(6)",
    "@began",
)


def dialect(database: Database | MariadbDatabase) -> Dialect:
    return MARIADB if isinstance(database, MariadbDatabase) else POSTGRES


def begin(connection: Connection, spoken: Dialect) -> None:
    for statement in spoken.begin.split("; "):
        connection.run(statement)


@dataclass
class Writers:
    """What has been written so far, by all of them; with `deletes` they delete rows, too."""

    database: Database | MariadbDatabase
    deletes: bool = False
    done: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)

    def work(self, number: int) -> None:
        chance = random.Random(number)
        ids = count(number * 100_000)
        mine = [next(ids)]
        spoken = dialect(self.database)
        with closing(connect(self.database)) as connection:
            connection.run(f"INSERT INTO t VALUES ({mine[0]}, 0, {_now(spoken)})")
            while not self.over.is_set():
                self._transaction(connection, spoken, chance, (number, mine, ids))

    def _transaction(
        self, connection: Connection, spoken: Dialect, chance: random.Random, own: Any
    ) -> None:
        number, mine, ids = own
        late = chance.random() < (0.7 if number % 2 else 0.1)
        begin(connection, spoken)
        if late:  # it has written nothing yet
            time.sleep(chance.uniform(0, 0.4))
        new = [next(ids) for _ in range(chance.randint(1, 3))]  # of one moment
        for id_ in new:
            connection.run(f"INSERT INTO t VALUES ({id_}, 0, {spoken.began})")
        # Anybody's rows: of the one that waits, the moment may be the earlier.
        id_ = chance.choice([*mine, *(100_000 * other for other in range(WRITERS))])
        connection.run(f"UPDATE t SET n = n + 1, updated_at = {spoken.began} WHERE id = {id_}")
        gone = chance.choice(mine) if self.deletes and len(mine) > 3 else None
        if gone is not None:
            connection.run(f"DELETE FROM t WHERE id = {gone}")
        if late:
            time.sleep(chance.uniform(0, 0.8))
        connection.run("COMMIT")
        mine += new
        if gone is not None:
            mine.remove(gone)
            self.done["deletes"] += 1
        self.done["inserts"] += len(new)
        self.done["updates"] += 1
        self.done["late commits"] += late
        time.sleep(chance.uniform(0, 0.02))


WRITERS = 6


def _now(spoken: Dialect) -> str:
    return "NOW(6)" if spoken is MARIADB else spoken.began


@contextmanager
def writing(database: Database | MariadbDatabase, *, deletes: bool = False) -> Iterator[Writers]:
    """Inside, sessions write; they have ended, without an error, when it is left."""
    writers = Writers(database, deletes)
    with ThreadPoolExecutor(WRITERS) as pool:
        works = [pool.submit(writers.work, number) for number in range(WRITERS)]
        try:
            yield writers
        finally:
            writers.over.set()
    for work in works:
        work.result()
