"""Sources: the databases that rows come from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from headrace.buckets import Buckets
from headrace.checks import Fact, Grants, Layer
from headrace.chunks import WHOLE, Chunk
from headrace.connections import Connection, Credentials
from headrace.diagnosis.network import Network
from headrace.digests import Digest
from headrace.errors import SOURCE_TYPE_NOT_SERVED, HeadraceError
from headrace.identity import Identity
from headrace.model import Selection, UnfitPolicy, Window
from headrace.tables import TableDescription, TableRef, TableSummary

if TYPE_CHECKING:
    from headrace.diagnosis.deadline import Deadline
    from headrace.diagnosis.reach import Reach
    from headrace.sources.bigquery.reach import GoogleReach
    from headrace.sources.survey import Survey

SCHEMES = {
    "postgres": "headrace.sources.postgres:connect",
    "mysql": "headrace.sources.mysql:connect",
    "bigquery": "headrace.sources.bigquery:connect",
}
PROBES = {
    "postgres": "headrace.sources.postgres.probe:open_probe",
    "mysql": "headrace.sources.mysql.probe:open_probe",
    "bigquery": "headrace.sources.bigquery.probe:open_probe",
}
GRANTS = {
    "postgres": "headrace.sources.postgres.grants:grants",
    "mysql": "headrace.sources.mysql.grants:grants",
    "bigquery": "headrace.sources.bigquery.grants:grants",
}

# What has to be installed beside Headrace.
NEEDED = {"bigquery": ("google-cloud-bigquery", "google-cloud-bigquery-storage")}

# What the user is called for whom the SQL is written, unless another name is asked for.
READER = "headrace_reader"

# The destination's name for a type, None if it has none.
TypeName = Callable[[pa.DataType], str | None]


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

    @property
    def unfit_counts(self) -> Mapping[str, int]:
        """By column, the values replaced by NULL in the batches so far; columns with none lack."""
        ...

    def __iter__(self) -> Iterator[pa.RecordBatch]: ...


class Database(Protocol):
    """An open connection to a source's database. One thread at a time.

    Every method translates the driver's errors into `HeadraceError`s: CONNECTION_LOST,
    PERMISSION_DENIED, TABLE_NOT_FOUND, … (docs/errors.md).
    """

    def list_tables(self, only: Collection[TableRef] | None = None) -> Iterator[TableSummary]:
        """All tables that the user can see, from catalogues alone, streamed by schema, name.

        With `only`, those of them that exist; others are not touched.
        """
        ...

    def describe_table(
        self, table: TableRef, *, type_name: TypeName, sample_rows: int = 0
    ) -> TableDescription:
        """Raises TABLE_NOT_FOUND; `type_name` names the destination's types."""
        ...

    def schema(self, selection: Selection, unfit: UnfitPolicy) -> pa.Schema:
        """The schema of `read`'s reader, and the errors of its beginning; nothing is read."""
        ...

    def window(self, selection: Selection, after: str | None) -> Window:
        """The window that follows `after` by the selection's cursor; its end is fixed here.

        Nothing beyond that end is taken, however many rows are added meanwhile. Raises
        CURSOR_NOT_USABLE, COLUMN_NOT_FOUND, and the errors of reading.
        """
        ...

    def past_window(self, selection: Selection, position: str, bounds: tuple[str, str]) -> Window:
        """The window between the bounds, which end at `position` at the latest.

        The database reads the bounds as values of the cursor, and the window has them as it writes
        them. Raises INVALID_INPUT, with the fields `after` and `upto`, for bounds that are none,
        for a range that is empty, and for one that goes beyond `position`; CURSOR_NOT_USABLE,
        COLUMN_NOT_FOUND, and the errors of reading.
        """
        ...

    def key(self, selection: Selection) -> tuple[str, ...]:
        """The columns that tell the table's rows apart: the chosen ones, else the primary key.

        Raises KEY_NOT_USABLE if there is none, or if nothing keeps the chosen ones unique.
        """
        ...

    def identity(self) -> Identity:
        """By what this database is known again by a later run, also after a failover."""
        ...

    def order(self, selection: Selection, columns: Sequence[str]) -> str:
        """What decides the order of rows by these columns, which need not be taken.

        It is another text if they come to be ordered otherwise: by another type or collation, or
        by another version of that.
        """
        ...

    def snapshot(self) -> str:
        """A name for what all reads of this connection see.

        Connections that give the same name see the same rows; `connect` can be asked for one
        while this connection is open. Where the database can't tell, each connection has a name
        of its own.
        """
        ...

    def chunks(
        self, selection: Selection, rows: int, window: Window | None = None
    ) -> Sequence[Chunk]:
        """Slices of the table of about `rows` rows, by catalogues and statistics alone; or of the
        window, by an index.

        Each row of them is in exactly one, whatever the statistics say. A table that
        seems small is one chunk, which can be split if it is not; so is one that can't be cut: a
        view, or a table without a key.
        """
        ...

    def split(self, selection: Selection, chunk: Chunk, rows: int) -> Sequence[Chunk]:
        """The chunk in smaller ones of about `rows` rows if it has more than `chunks.TOO_LARGE`
        times as many, else itself alone, as one without columns always is.

        Whether it has is looked up in an index, no further than to the row by which it is too
        large, or estimated by some of its pages; where statistics or bounds exclude it nothing is.
        """
        ...

    def read(
        self,
        selection: Selection,
        unfit: UnfitPolicy,
        window: Window | None = None,
        chunk: Chunk = WHOLE,
    ) -> AbstractContextManager[TableReader]:
        """Read the rows of the window that are in the chunk, all without one; leaving the context
        early abandons the connection.

        `unfit` holds for the columns that `selection.unfit_columns` does not name. All reads of
        one connection see the same snapshot where the database can.
        """
        ...

    def digest(
        self,
        selection: Selection,
        unfit: UnfitPolicy,
        window: Window | None = None,
        chunk: Chunk = WHOLE,
    ) -> Mapping[str, Digest]:
        """By column the digest of what `read` with the same arguments gives, computed by the
        database over the same snapshot.

        What the unfit policy replaces by NULL is NULL. A column that lacks can't be digested.
        """
        ...

    def key_digests(
        self, keys: Selection, unfit: UnfitPolicy, within: Buckets, bits: int
    ) -> AbstractContextManager[TableReader]:
        """The sums of the hashes of all keys of the table by buckets of that many bits, within
        others, computed by the database; see `headrace.buckets`.

        The selection's columns are the key. Each row has the number of a span and its entries.
        """
        ...

    def key_names(
        self, keys: Selection, unfit: UnfitPolicy, within: Buckets
    ) -> AbstractContextManager[TableReader]:
        """The names of the keys in the buckets, a row each (`headrace.buckets.NAMES`)."""
        ...

    def survey(self, selection: Selection, unfit: UnfitPolicy, rows: int) -> Survey:
        """What a sample of at most `rows` rows and the statistics tell of the selected columns.

        One statement over one snapshot, which waits for locks as `read` does and ends after
        `survey.SECONDS` at the latest: STATEMENT_TIMED_OUT. A column that may not be read is
        among the answers; PERMISSION_DENIED is for a table of which nothing may be.
        """
        ...

    def abandon(self) -> None:
        """Break the connection, whatever another thread is doing over it."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Finding:
    """What a step of the connection test found, in one sentence.

    With advice, or a fact that comes with advice, it is a warning. `copy` is what to copy for the
    next step. With an error the layer has failed, and what was learned is told all the same; then
    the error says what was found.
    """

    found: str
    advice: str | None = None
    copy: str | None = None
    facts: tuple[Fact, ...] = ()
    grants: Grants | None = None
    error: HeadraceError | None = None


class Probe(Protocol):
    """A connection that is made one layer at a time, for the connection test."""

    @property
    def steps(self) -> Mapping[Layer, Callable[[], Finding]]:
        """A step for each layer, to be called once and in the order of `Layer`.

        The outer ones are those of `Reach`.

        A step raises the HeadraceError of what is wrong, at the deadline at the latest; those
        that depend on it (`headrace.diagnosis.diagnose.DEPENDS_ON`) must not be called then.
        """
        ...

    def close(self) -> None: ...


def connect(
    connection: Connection,
    credentials: Credentials,
    network: Network,
    snapshot: str | None = None,
) -> Database:
    """Log in. Nothing is dialled but what the network allows.

    `snapshot` is the one that is wanted, by the name that `Database.snapshot` gave; whether that
    could be had is told by the name that the new connection gives. Raises the errors of
    docs/errors.md, "Reaching a database".
    """
    open_database = _named(SCHEMES[connection.type])
    database: Database = open_database(connection, credentials, network, snapshot)
    return database


def probe(
    connection: Connection,
    credentials: Credentials,
    reach: Reach | GoogleReach,
    selection: Sequence[Selection] = (),
) -> Probe:
    """A probe for this type of database, over what `reach` reaches; nothing is connected yet.

    `selection` is what shall be read; without it all tables are looked at. The probe closes
    `reach` with itself.
    """
    made: Probe = _named(PROBES[connection.type])(connection, credentials, reach, selection)
    return made


def grants(connection: Connection, selection: Sequence[Selection], user: str) -> Grants:
    """The SQL for a user of that name who may read the selection and nothing else.

    Nothing is connected to. Raises INVALID_INPUT if no user can have that name.
    """
    made: Grants = _named(GRANTS[connection.type])(connection, selection, user)
    return made


def google_reach(network: Network, deadline: Deadline) -> GoogleReach:
    """What stands in the place of `Reach` for what is at Google's own address."""
    made: GoogleReach = _named("headrace.sources.bigquery.reach:GoogleReach")(network, deadline)
    return made


def served(connection_type: str) -> bool:
    """Whether what it takes to read such a source is installed; nothing is loaded for that."""
    try:
        for package in NEEDED.get(connection_type, ()):
            distribution(package)
    except PackageNotFoundError:
        return False
    return True


def _named(path: str) -> Any:
    """Raises SOURCE_TYPE_NOT_SERVED if what is named needs what is not installed."""
    module, _, name = path.partition(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("headrace"):
            raise
        raise HeadraceError(
            SOURCE_TYPE_NOT_SERVED,
            f"Reading such a source needs the package '{error.name}', which is not installed.",
        ) from error
