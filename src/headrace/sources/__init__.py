"""Sources: the databases that rows come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Protocol

import pyarrow as pa

from headrace.connections import Connection, Credentials
from headrace.model import TableDescription, TableRef, TableSummary

SCHEMES = {"postgres": "headrace.sources.postgres:connect"}

TypeName = Callable[[pa.DataType], str]


class TableReader(Protocol):
    """The rows of one table on their way. Iterate once, to the end."""

    @property
    def schema(self) -> pa.Schema:
        """Arrow types; each field's metadata holds `headrace.source_type`."""
        ...

    @property
    def rows_sent(self) -> int:
        """The number of rows that the server says it has sent; known after the last batch."""
        ...

    @property
    def bytes_received(self) -> int: ...

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...


class Database(Protocol):
    """An open connection to a source's database. One thread at a time.

    Every method translates the driver's errors into `HeadraceError`s: CONNECTION_LOST,
    PERMISSION_DENIED, TABLE_NOT_FOUND, … (docs/errors.md).
    """

    def list_tables(self) -> Iterator[TableSummary]:
        """All tables that the user can see, from catalogues alone, streamed by schema, name."""
        ...

    def describe_table(
        self, table: TableRef, *, type_name: TypeName, sample_rows: int = 0
    ) -> TableDescription:
        """Raises TABLE_NOT_FOUND; `type_name` names the destination's types."""
        ...

    def read(
        self, table: TableRef, columns: Sequence[str] | None
    ) -> AbstractContextManager[TableReader]:
        """Read all rows; leaving the context early abandons the connection.

        All reads of one connection see the same snapshot where the database can.
        """
        ...

    def close(self) -> None: ...


def connect(connection: Connection, credentials: Credentials) -> Database:
    """Log in. Raises the errors of docs/errors.md, "Reaching a database"."""
    module, _, name = SCHEMES[connection.type].partition(":")
    database: Database = getattr(import_module(module), name)(connection, credentials)
    return database
