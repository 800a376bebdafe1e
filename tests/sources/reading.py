"""Short ways to open a test's database and read from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from uuid import uuid4

import pyarrow as pa
from pydantic import SecretStr

from headrace import sources
from headrace.connections import Credentials, PostgresConnection
from headrace.model import Selection, UnfitPolicy
from headrace.tables import TableRef
from tests.conftest import LOCAL, Database


def ref(name: str, schema: str = "public") -> TableRef:
    return TableRef(schema_name=schema, table_name=name)


@contextmanager
def opened(database: Database) -> Iterator[sources.Database]:
    connected = sources.connect(database.connection, database.credentials, LOCAL)
    try:
        yield connected
    finally:
        connected.close()


def selected(name: str, columns: Sequence[str] | None = None) -> Selection:
    return Selection(
        schema_name="public", table_name=name, columns=tuple(columns) if columns else None
    )


def reading(
    connected: sources.Database, name: str, columns: Sequence[str] | None = None
) -> AbstractContextManager[sources.TableReader]:
    return connected.read(selected(name, columns), UnfitPolicy.FAIL)


def read_all(database: Database, name: str, columns: Sequence[str] | None = None) -> pa.Table:
    """All rows; the server's count is held against them."""
    with opened(database) as connected, reading(connected, name, columns) as reader:
        table = pa.Table.from_batches(list(reader), reader.schema)
        assert reader.rows_sent == table.num_rows
    table.validate(full=True)
    return table


@contextmanager
def user_without_rights(database: Database) -> Iterator[tuple[PostgresConnection, Credentials]]:
    """How a user of its own logs in, who owns nothing and may read nothing."""
    role, password = f"user_of_{database.name}", uuid4().hex
    database.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
    try:
        connection = database.connection.model_copy(update={"user": role})
        yield connection, Credentials(password=SecretStr(password))
    finally:
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
