"""A DuckDB file as a destination.

The file is open only while something is done to it, so that others can read it between runs.
What Headrace remembers lies in the schema `_headrace` of the same file and changes in the same
transaction as the tables. Staging is the directory `<file>.staging/` beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow.fs import LocalFileSystem

from headrace.destinations import (
    Checkpoint,
    PlannedTable,
    Publication,
    StagedTable,
    Staging,
    Target,
)
from headrace.destinations.disk import disk_errors, has_room
from headrace.destinations.duckdb_file import Options, opened
from headrace.destinations.local_staging import LocalStaging
from headrace.destinations.planned import check_tables
from headrace.destinations.staged import check_contents, check_file, columns_of
from headrace.destinations.types import name_in
from headrace.errors import (
    DESTINATION_CONFLICT,
    DESTINATION_FULL,
    DESTINATION_UNAVAILABLE,
    DESTINATION_UNREADABLE,
    ROWS_DISAGREE,
    HeadraceError,
)
from headrace.files import local_path, made_private, make_directory
from headrace.model import TableRef
from headrace.settings import Settings

TYPES = {
    pa.bool_(): "BOOLEAN",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.uint8(): "UTINYINT",
    pa.uint16(): "USMALLINT",
    pa.uint32(): "UINTEGER",
    pa.uint64(): "UBIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.date32(): "DATE",
    pa.time64("us"): "TIME",
    pa.timestamp("us"): "TIMESTAMP",
    pa.timestamp("us", tz="UTC"): "TIMESTAMPTZ",
    pa.string(): "VARCHAR",
    pa.large_string(): "VARCHAR",
    pa.binary(): "BLOB",
    pa.large_binary(): "BLOB",
}

# Nothing is ever fetched from the network. One thread keeps the rows' order in little memory.
OPTIONS: Options = {
    "threads": 1,
    "write_buffer_row_group_count": 1,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}

# DuckDB fills what it is given, so the first limit is low: a long table needs no more than a
# short one. Tables of a thousand columns or with values of megabytes get more on another try.
MEMORY_LIMITS = ("32MB", "512MB", "80%")
_TOO_LITTLE_MEMORY = (duckdb.OutOfMemoryException, duckdb.TransactionException)

# DuckDB's own: nothing can be made in them, or their names mean something else.
RESERVED = frozenset({"_headrace", "information_schema", "pg_catalog", "system", "temp"})

CHECKPOINTS = Target("_headrace", "checkpoints")
NOBODY = ("", "")  # the model and the source of a table that was let go
BOOKKEEPING = """
CREATE SCHEMA IF NOT EXISTS _headrace;
CREATE TABLE IF NOT EXISTS _headrace.runs (
    run_id VARCHAR PRIMARY KEY,
    model_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    published_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS _headrace.checkpoints (
    dataset VARCHAR NOT NULL,
    destination_table VARCHAR NOT NULL,
    model_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    schema_name VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    rows BIGINT NOT NULL,
    columns JSON NOT NULL,
    published_at TIMESTAMPTZ NOT NULL
);
"""


def open_destination(url: str, settings: Settings) -> DuckDB:  # noqa: ARG001
    """Open `duckdb:///absolute/path/of/the/file`. The file need not exist yet."""
    return DuckDB(local_path(url))


def quoted(name: str) -> str:
    """A name as an identifier of DuckDB's SQL."""
    return '"' + name.replace('"', '""') + '"'


class DuckDB:
    """A destination that is one DuckDB file.

    While another process holds the file, each method tries again for `patience` seconds before
    it raises DESTINATION_LOCKED.
    """

    def __init__(self, file: Path, patience: float = 15.0) -> None:
        self._file = file
        self._patience = patience
        self._staging = LocalStaging(file.with_name(f"{file.name}.staging"))

    @property
    def reserved_datasets(self) -> frozenset[str]:
        return RESERVED

    def type_name(self, arrow_type: pa.DataType) -> str:
        return name_in(TYPES, "DECIMAL({precision},{scale})", "{element}[]", arrow_type)

    def check(self, model_id: str, source_id: str, tables: Sequence[PlannedTable]) -> None:
        check_tables(tables, RESERVED, self.type_name)
        if not self._is_there():
            return
        with self._reading() as connection:
            for table in tables:
                _check_owner(connection, (model_id, source_id), table.target)

    def staging(self, run_id: str) -> Staging:
        return self._staging.make(run_id)

    def publish(self, publication: Publication) -> None:
        check_tables(publication.tables, RESERVED, self.type_name)
        with disk_errors(f"Making the directory of {self._file}"):
            make_directory(self._file.parent)
        *limits, last_limit = MEMORY_LIMITS
        with self._translated(f"Publishing into {self._file}", publication.tables):
            for limit in limits:
                with suppress(*_TOO_LITTLE_MEMORY):
                    self._publish(publication, limit)
                    return
            self._publish(publication, last_limit)

    def discard(self, run_id: str) -> None:
        self._staging.remove(run_id)

    def checkpoints(self, model_id: str, source_id: str) -> Sequence[Checkpoint]:
        if not self._is_there():
            return []
        with self._reading() as connection:
            if not _exists(connection, CHECKPOINTS):
                return []
            rows = connection.execute(
                "SELECT schema_name, table_name, dataset, destination_table, run_id, rows, "
                "epoch_us(published_at) FROM _headrace.checkpoints "
                "WHERE model_id = $1 AND source_id = $2 ORDER BY dataset, destination_table",
                [model_id, source_id],
            ).fetchall()
        return [
            Checkpoint(
                model_id=model_id,
                source_id=source_id,
                source_table=TableRef(schema_name=schema, table_name=table),
                target=Target(dataset, destination_table),
                run_id=run_id,
                rows=count,
                published_at=datetime.fromtimestamp(0, UTC) + timedelta(microseconds=published),
            )
            for schema, table, dataset, destination_table, run_id, count, published in rows
        ]

    def disown(self, model_id: str, source_id: str) -> None:
        if not self.checkpoints(model_id, source_id):
            return
        doing = f"Letting tables of {self._file} go"
        with self._translated(doing), self._writing(MEMORY_LIMITS[0], spill="") as connection:
            connection.execute(
                "UPDATE _headrace.checkpoints SET model_id = '', source_id = '' "
                "WHERE model_id = $1 AND source_id = $2",
                [model_id, source_id],
            )

    def count(self, target: Target) -> int | None:
        if not self._is_there():
            return None
        with self._reading() as connection:
            return _count(connection, target) if _exists(connection, target) else None

    def close(self) -> None:
        """The file is not open between calls; staging that was not discarded is let go."""
        self._staging.close()

    def _is_there(self) -> bool:
        with disk_errors(f"Looking for {self._file}"):
            return self._file.exists()

    def _publish(self, publication: Publication, memory_limit: str) -> None:
        spill = str(self._staging.path(publication.run_id) / "spill")
        with self._writing(memory_limit, spill) as connection:
            connection.execute("BEGIN")
            connection.execute(BOOKKEEPING)
            known = "SELECT 1 FROM _headrace.runs WHERE run_id = $1"
            if connection.execute(known, [publication.run_id]).fetchone():
                return  # closing rolls back
            for table in publication.tables:
                owner = (publication.model_id, publication.source_id)
                _check_owner(connection, owner, table.target)
                for file in table.files:
                    check_file(LocalFileSystem(), table, file)
                self._load(connection, table)
            _remember(connection, publication)
            connection.execute("COMMIT")

    def _load(self, connection: duckdb.DuckDBPyConnection, table: StagedTable) -> None:
        name = _qualified(connection, table.target)
        columns = ", ".join(
            f"{quoted(field.name)} {self.type_name(field.type)}" for field in table.schema
        )
        schema = name.rpartition(".")[0]
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        connection.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        if table.files:
            # The names are all quoted, and the files are a parameter.
            load = f"INSERT INTO {name} SELECT * FROM read_parquet($1)"  # noqa: S608
            connection.execute(load, [[file.path for file in table.files]])
        if (loaded := _count(connection, table.target)) != table.rows:
            raise HeadraceError(
                ROWS_DISAGREE,
                f"Table {table.source_table}: {table.rows} rows were staged, but {loaded} loaded.",
            )

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        options = {**OPTIONS, "memory_limit": MEMORY_LIMITS[0], "temp_directory": ""}
        with (
            opened(self._file, options, read_only=True, patience=self._patience) as connection,
            self._translated(f"Reading {self._file}"),
        ):
            yield connection

    @contextmanager
    def _writing(self, memory_limit: str, spill: str) -> Iterator[duckdb.DuckDBPyConnection]:
        options = {**OPTIONS, "memory_limit": memory_limit, "temp_directory": spill}
        with (
            made_private(),
            opened(self._file, options, read_only=False, patience=self._patience) as connection,
        ):
            yield connection

    @contextmanager
    def _translated(self, doing: str, tables: Sequence[StagedTable] = ()) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            # What DuckDB makes of a signal whose handler raises; that exception is lost.
            if type(error) is RuntimeError:
                raise KeyboardInterrupt from error
            raise
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise HeadraceError(
                DESTINATION_UNREADABLE, f"{doing} failed: its tables are not as Headrace left them."
            ) from error
        except duckdb.Error as error:
            size = sum(file.bytes for table in tables for file in table.files)
            if not has_room(self._file.parent, size):
                raise HeadraceError(
                    DESTINATION_FULL, f"{doing} failed: the disk has no room left."
                ) from error
            for table in tables:
                check_contents(LocalFileSystem(), table)
            raise HeadraceError(
                DESTINATION_UNAVAILABLE, f"{doing} failed ({type(error).__name__})."
            ) from error


def _check_owner(
    connection: duckdb.DuckDBPyConnection, owner: tuple[str, str], target: Target
) -> None:
    """Refuse a table that is there, unless it is the owner's or was let go."""
    if not _exists(connection, target):
        return
    known = _owner(connection, target)
    if known is None:
        raise HeadraceError(
            DESTINATION_CONFLICT, f"Table {target} exists already and was not made by Headrace."
        )
    if known not in (owner, NOBODY):
        raise HeadraceError(
            DESTINATION_CONFLICT,
            f"Table {target} belongs to source '{known[1]}' of model '{known[0]}'.",
        )


def _owner(connection: duckdb.DuckDBPyConnection, target: Target) -> tuple[str, str] | None:
    if not _exists(connection, CHECKPOINTS):
        return None
    owner: tuple[str, str] | None = connection.execute(
        "SELECT model_id, source_id FROM _headrace.checkpoints "
        "WHERE lower(dataset) = lower($1) AND lower(destination_table) = lower($2)",
        [target.dataset, target.table],
    ).fetchone()
    return owner


def _remember(connection: duckdb.DuckDBPyConnection, publication: Publication) -> None:
    published = datetime.now(UTC)
    owner = [publication.model_id, publication.source_id]
    connection.execute(
        "INSERT INTO _headrace.runs VALUES ($1, $2, $3, $4)",
        [publication.run_id, *owner, published],
    )
    for table in publication.tables:
        target = [table.target.dataset, table.target.table]
        connection.execute(
            "DELETE FROM _headrace.checkpoints "
            "WHERE lower(dataset) = lower($1) AND lower(destination_table) = lower($2)",
            target,
        )
        connection.execute(
            "INSERT INTO _headrace.checkpoints VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                *target,
                *owner,
                table.source_table.schema_name,
                table.source_table.table_name,
                publication.run_id,
                table.rows,
                json.dumps(columns_of(table.schema), ensure_ascii=False),
                published,
            ],
        )


def _exists(connection: duckdb.DuckDBPyConnection, target: Target) -> bool:
    found = connection.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_catalog = current_database() "
        "AND lower(table_schema) = lower($1) AND lower(table_name) = lower($2)",
        [target.dataset, target.table],
    ).fetchone()
    return found is not None


def _count(connection: duckdb.DuckDBPyConnection, target: Target) -> int:
    select = f"SELECT count(*) FROM {_qualified(connection, target)}"  # noqa: S608
    row = connection.execute(select).fetchone()
    assert row is not None  # noqa: S101  (an aggregate has a row)
    return int(row[0])


def _qualified(connection: duckdb.DuckDBPyConnection, target: Target) -> str:
    """With the catalogue in front: it is named after the file, and a dataset may be, too."""
    row = connection.execute("SELECT current_database()").fetchone()
    assert row is not None  # noqa: S101
    return ".".join(map(quoted, (row[0], target.dataset, target.table)))
