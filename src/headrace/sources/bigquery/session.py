"""An account's work with BigQuery: statements, descriptions of tables, and rows as Arrow."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1.types import DataFormat, ReadSession

from headrace.bigquery_connection import BigqueryConnection
from headrace.errors import CONNECTION_LOST, TABLE_NOT_FOUND, VIEW_INVALID, HeadraceError
from headrace.googlesql.identifiers import literal, qualified
from headrace.sources.bigquery.clients import Clients
from headrace.sources.bigquery.errors import reason_of, translated
from headrace.sources.bigquery.patience import Patience
from headrace.tables import TableRef

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

# What kinds of tables have rows of their own, and which of these of the past, too.
_STORED = ("TABLE", "SNAPSHOT")
_TIMED = ("TABLE",)


@dataclass(frozen=True)
class Described:
    """What BigQuery says of a table, in the form of its API (`tables.get`)."""

    ref: TableRef
    resource: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.resource.get("type", "TABLE"))

    @property
    def stored(self) -> bool:
        """Whether the Storage Read API reads it as it is; others by a statement's result."""
        return self.kind in _STORED

    @property
    def timed(self) -> bool:
        """Whether it can be read as of a moment."""
        return self.kind in _TIMED

    @property
    def fields(self) -> Sequence[Mapping[str, Any]]:
        return tuple(self.resource.get("schema", {}).get("fields", ()))

    @property
    def primary_key(self) -> tuple[str, ...]:
        """As it is declared; BigQuery holds no row to it."""
        declared = self.resource.get("tableConstraints", {}).get("primaryKey", {})
        return tuple(declared.get("columns", ()))


@dataclass(frozen=True)
class Stored:
    """A table whose rows can be read: one of the source's, or one that holds a result.

    `rows` is how many a result has.
    """

    path: str
    at: datetime | None = None
    rows: int | None = None


class Session:
    """All statements and reads of stored tables see one moment, which BigQuery's clock tells.

    After `abandon` it is of no further use.
    """

    def __init__(
        self,
        connection: BigqueryConnection,
        clients: Clients,
        snapshot: str | None = None,
        patience: Patience = Patience(),  # noqa: B008 - frozen
    ) -> None:
        self.connection = connection
        self.clients = clients
        self.patience = patience
        self._snapshot = snapshot
        self._described: dict[TableRef, Described] = {}
        self._results: dict[str, Stored] = {}
        self._abandoned = threading.Event()
        self._job: bigquery.QueryJob | None = None
        self._stream: Any = None

    def snapshot(self) -> str:
        """The moment that is seen, as BigQuery writes it; now, if none was wished for."""
        if self._snapshot is None:
            ((now,),) = self.query(
                "Asking for the time",
                "SELECT FORMAT_TIMESTAMP('%E4Y-%m-%d %H:%M:%E6S+00', CURRENT_TIMESTAMP(), 'UTC')",
            )
            self._snapshot = str(now)
        return self._snapshot

    @property
    def moment(self) -> str:
        """The moment that is seen, in SQL."""
        return f"TIMESTAMP {literal(self.snapshot())}"

    def from_(self, table: TableRef) -> str:
        """The table in SQL, as of the moment if it has a past."""
        name = qualified(self.connection.project, table.schema_name, table.table_name)
        timed = self.described(table).timed
        return f"{name} FOR SYSTEM_TIME AS OF {self.moment}" if timed else name

    def described(self, table: TableRef) -> Described:
        """Looked up once in a session. Raises TABLE_NOT_FOUND."""
        if table not in self._described:
            with translated(f"Looking up {table}"):
                found = self.clients.rest.get_table(
                    f"{self.connection.project}.{table.schema_name}.{table.table_name}",
                    retry=self.patience.retry,
                    timeout=self.patience.attempt,
                )
            self._described[table] = Described(table, found.to_api_repr())
        return self._described[table]

    def query(self, what: str, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a small result."""
        with translated(what), self._running(what, sql) as job:
            rows = job.result(
                retry=self.patience.retry, job_retry=None, timeout=self.patience.statement
            )
            return [tuple(row.values()) for row in rows]

    def stored(self, table: TableRef) -> Stored:
        described = self.described(table)
        at = datetime.fromisoformat(self.snapshot()).astimezone(UTC) if described.timed else None
        return Stored(self._path(self.connection.project, table.schema_name, table.table_name), at)

    def result(self, what: str, sql: str) -> Stored:
        """The table of a statement's result, which BigQuery keeps for a day.

        The same statement has the same result in one session.
        """
        if sql not in self._results:
            with translated(what), self._running(what, sql) as job:
                found = job.result(retry=self.patience.retry, job_retry=None, max_results=0)
                where = job.destination
                path = self._path(where.project, where.dataset_id, where.table_id)
                self._results[sql] = Stored(path, rows=int(found.total_rows or 0))
        return self._results[sql]

    def read_session(
        self, what: str, table: Stored, columns: Sequence[str] = (), restriction: str = ""
    ) -> ReadSession:
        """The rows as one stream of Arrow, or as none if there are no rows."""
        wanted = ReadSession(table=table.path, data_format=DataFormat.ARROW)
        wanted.read_options.selected_fields.extend(columns)
        wanted.read_options.row_restriction = restriction
        if table.at is not None:
            wanted.table_modifiers.snapshot_time = table.at
        with translated(what):
            return self.clients.storage.create_read_session(
                parent=f"projects/{self.connection.billed}",
                read_session=wanted,
                max_stream_count=1,
                timeout=self.patience.attempt,
            )

    def messages(self, what: str, stream: str, offset: int) -> Generator[Any]:
        """What a stream holds from a row on."""
        with translated(what):
            self.check(what)
            self._stream = self.clients.storage.read_rows(read_stream=stream, offset=offset)
            try:
                yield from self._stream
            finally:
                self._stream.cancel()
        self.check(what)

    def abandon(self) -> None:
        first = not self._abandoned.is_set()
        self._abandoned.set()
        if self._stream is not None:
            self._stream.cancel()
        if first and self._job is not None:
            with suppress(GoogleAPICallError):
                self._job.cancel(retry=None, timeout=self.patience.attempt)

    def close(self) -> None:
        self.clients.close()

    @contextmanager
    def _running(self, what: str, sql: str) -> Iterator[bigquery.QueryJob]:
        self.check(what)
        options = bigquery.QueryJobConfig(use_query_cache=False, labels={"tool": "headrace"})
        self._job = self.clients.rest.query(
            sql,
            job_config=options,
            retry=self.patience.retry,
            job_retry=None,
            timeout=self.patience.attempt,
        )
        yield self._job
        self._job = None
        self.check(what)

    def check(self, what: str) -> None:
        """Raises CONNECTION_LOST once the session is abandoned."""
        if self._abandoned.is_set():
            raise HeadraceError(CONNECTION_LOST, f"{what}: the work was broken off.")

    @staticmethod
    def _path(project: str, dataset: str, table: str) -> str:
        return f"projects/{project}/datasets/{dataset}/tables/{table}"


@contextmanager
def of_a_view(described: Described) -> Iterator[None]:
    """What a statement over a view is refused for is not the statement's fault."""
    try:
        yield
    except HeadraceError as error:
        broken = reason_of(error) in ("invalidQuery", "invalid") or error.kind is TABLE_NOT_FOUND
        if described.stored or not broken:
            raise
        raise HeadraceError(VIEW_INVALID, error.detail) from error
