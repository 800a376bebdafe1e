"""Short ways to open a test's MariaDB database and read from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from uuid import uuid4

import pyarrow as pa
from pydantic import SecretStr

from headrace import sources
from headrace.connections import Credentials, MysqlConnection
from headrace.model import Selection, UnfitPolicy
from headrace.tables import TableRef
from tests.conftest import LOCAL, MariadbDatabase


def ref(database: MariadbDatabase, name: str) -> TableRef:
    return TableRef(schema_name=database.name, table_name=name)


@contextmanager
def opened(database: MariadbDatabase) -> Iterator[sources.Database]:
    connected = sources.connect(database.connection, database.credentials, LOCAL)
    try:
        yield connected
    finally:
        connected.close()


def selected(
    database: MariadbDatabase, name: str, columns: Sequence[str] | None = None
) -> Selection:
    return Selection(
        schema_name=database.name, table_name=name, columns=tuple(columns) if columns else None
    )


@contextmanager
def reading(
    database: MariadbDatabase, name: str, columns: Sequence[str] | None = None
) -> Iterator[sources.TableReader]:
    """A reader over a connection of its own."""
    with opened(database) as connected, started(connected, database, name, columns) as reader:
        yield reader


def started(
    connected: sources.Database,
    database: MariadbDatabase,
    name: str,
    columns: Sequence[str] | None = None,
) -> AbstractContextManager[sources.TableReader]:
    return connected.read(selected(database, name, columns), UnfitPolicy.FAIL)


def read_all(
    database: MariadbDatabase, name: str, columns: Sequence[str] | None = None
) -> pa.Table:
    """All rows; the server's count is held against them."""
    with reading(database, name, columns) as reader:
        table = pa.Table.from_batches(list(reader), reader.schema)
        assert reader.rows_sent == table.num_rows
    table.validate(full=True)
    return table


@contextmanager
def user_without_rights(
    database: MariadbDatabase,
) -> Iterator[tuple[MysqlConnection, Credentials]]:
    """How a user of its own logs in, who may enter the database and read nothing."""
    user, password = f"user_{uuid4().hex[:16]}", uuid4().hex
    database.execute(
        f"CREATE USER {user} IDENTIFIED BY '{password}';"
        f"GRANT CREATE TEMPORARY TABLES ON {database.name}.* TO {user}"
    )
    try:
        connection = database.connection.model_copy(update={"user": user})
        yield connection, Credentials(password=SecretStr(password))
    finally:
        database.execute(f"DROP USER {user}")
