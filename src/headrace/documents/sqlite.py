"""Documents in one SQLite file, shared by the threads and processes of this machine.

Every write is one statement, and SQLite takes the write lock before a statement reads: no other
writer comes between the comparison of an etag and the change.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from headrace.documents import (
    DUE_COLLECTION,
    DUE_FIELD,
    Document,
    check_collection,
    check_findable,
    split_path,
)
from headrace.errors import (
    DOCUMENT_EXISTS,
    DOCUMENT_STALE,
    DOCUMENTS_NEWER,
    DOCUMENTS_UNAVAILABLE,
    DOCUMENTS_UNREADABLE,
    HeadraceError,
)
from headrace.files import local_path, make_directory, sync_directory
from headrace.settings import Settings

SCHEMA_VERSION = 1
_TABLE = """
    CREATE TABLE documents (
        collection TEXT NOT NULL,
        id TEXT NOT NULL,
        value TEXT NOT NULL,
        etag TEXT NOT NULL,
        PRIMARY KEY (collection, id)
    )
"""
# The text by which a document is due, or NULL. Damaged values must not spoil the index.
_DUE = f"""CASE WHEN json_valid(value) THEN
    CASE json_type(value, '$.{DUE_FIELD}') WHEN 'text' THEN json_extract(value, '$.{DUE_FIELD}') END
END"""
_MAY_BE_DUE = f"collection GLOB '*/{DUE_COLLECTION}' AND {_DUE} IS NOT NULL"
_INDEX = f"""
    CREATE INDEX IF NOT EXISTS due ON documents ({_DUE}, collection, id) WHERE {_MAY_BE_DUE}
"""
FIND_DUE = f"""
    SELECT id, value, etag, collection FROM documents
    WHERE {_MAY_BE_DUE} AND {_DUE} <= ? AND ({_DUE}, collection, id) > (?, ?, ?)
    ORDER BY {_DUE}, collection, id LIMIT ?
"""  # noqa: S608 (our words)

_FIND = """
    SELECT id, value, etag FROM documents
    WHERE collection = ? AND CASE WHEN json_valid(value) THEN
        CASE json_type(value, ?) WHEN 'text' THEN json_extract(value, ?) END
    END = ? ORDER BY id LIMIT ?
"""
_END = chr(ord("/") + 1)  # what lies under a path sorts before the path with this sign
DELETE_UNDER = """
    DELETE FROM documents WHERE rowid IN (
        SELECT rowid FROM documents WHERE collection >= ? AND collection < ? LIMIT ?
    )
"""

# SQLite's primary result codes (sqlite.org/rescode.html); the rest are faults of this module.
_UNAVAILABLE = {
    sqlite3.SQLITE_PERM: "access is denied",
    sqlite3.SQLITE_BUSY: "another process holds it",
    sqlite3.SQLITE_LOCKED: "another connection holds it",
    sqlite3.SQLITE_READONLY: "it may only be read",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened",
}
_UNREADABLE = {
    sqlite3.SQLITE_ERROR: "it does not hold the documents' table",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_NOTADB: "it is no SQLite file",
}


_MEMORY = Path(":memory:")


def open_documents(url: str, settings: Settings) -> SqliteDocuments:  # noqa: ARG001
    return SqliteDocuments(local_path(url))


class SqliteDocuments:
    """Documents in the file `path`, which is made if there is none; without a path in memory.

    `patience` is how many seconds to wait for another process's write.
    """

    def __init__(self, path: Path | None, *, patience: float = 10.0) -> None:
        self._path = path or _MEMORY
        self._lock = threading.Lock()
        if path is None:
            self._connection = _connected(str(_MEMORY), patience)
            self._connection.execute(_TABLE)
            self._connection.execute(_INDEX)
            return
        with self._translated("open"):
            try:
                if not path.exists():
                    _make(path)
            except OSError as error:
                raise HeadraceError(
                    DOCUMENTS_UNAVAILABLE,
                    f"The documents file {path} can't be made: {os.strerror(error.errno or 0)}.",
                ) from error
            self._connection = _connected(f"{path.as_uri()}?mode=rw", patience)  # makes no file
            try:
                self._check_version()
                self._connection.execute(_INDEX)  # files that were made before have none
            except BaseException:
                self._connection.close()
                raise

    def get(self, path: str) -> Document | None:
        collection, id_ = split_path(path)
        rows = self._read(
            "SELECT id, value, etag FROM documents WHERE collection = ? AND id = ?",
            (collection, id_),
            collection,
        )
        return rows[0] if rows else None

    def create(self, path: str, value: Mapping[str, Any]) -> Document:
        etag = _new_etag()
        written = self._write(
            "INSERT INTO documents (collection, id, value, etag) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (*split_path(path), _encode(value), etag),
        )
        if not written:
            raise HeadraceError(DOCUMENT_EXISTS, f"The document '{path}' exists already.")
        return Document(path, value, etag)

    def replace(self, path: str, value: Mapping[str, Any], etag: str) -> Document:
        new_etag = _new_etag()
        written = self._write(
            "UPDATE documents SET value = ?, etag = ? WHERE collection = ? AND id = ? AND etag = ?",
            (_encode(value), new_etag, *split_path(path), etag),
        )
        if not written:
            raise HeadraceError(
                DOCUMENT_STALE, f"The document '{path}' was changed or deleted after it was loaded."
            )
        return Document(path, value, new_etag)

    def delete(self, path: str) -> None:
        self._write("DELETE FROM documents WHERE collection = ? AND id = ?", split_path(path))

    def delete_under(self, path: str, *, limit: int) -> int:
        split_path(path)
        with self._translated("write"), self._lock:
            done = self._connection.execute(DELETE_UNDER, (f"{path}/", f"{path}{_END}", limit))
            return done.rowcount

    def list(
        self, collection: str, *, limit: int, after: str | None = None, newest_first: bool = False
    ) -> Sequence[Document]:
        check_collection(collection)
        sql = list_statement(beginning=not after, newest_first=newest_first)
        return self._read(sql, (collection, *([after] if after else []), limit), collection)

    def find(self, collection: str, field: str, text: str, *, limit: int) -> Sequence[Document]:
        check_collection(collection)
        check_findable(field, text)
        values = (collection, f'$."{field}"', f'$."{field}"', text, limit)
        return self._read(_FIND, values, collection)

    def due(self, upto: str, *, limit: int, after: Document | None = None) -> Sequence[Document]:
        collection, id_ = split_path(after.path) if after else ("", "")
        beyond = (after.value[DUE_FIELD] if after else "", collection, id_)
        with self._translated("read"), self._lock:
            rows = self._connection.execute(FIND_DUE, (upto, *beyond, limit)).fetchall()
        return [self._document(collection.decode(), *row) for *row, collection in rows]

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _check_version(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise HeadraceError(
                DOCUMENTS_NEWER,
                f"The documents file {self._path} has version {version}; this Headrace reads "
                f"version {SCHEMA_VERSION}. The file was not touched.",
            )
        if version < SCHEMA_VERSION:
            # A file of ours gets its version before its name, so this is another program's
            # file, or one that lost its content.
            raise HeadraceError(
                DOCUMENTS_UNREADABLE,
                f"The file {self._path} was not made by Headrace, or lost its content.",
            )

    def _read(self, sql: str, values: Sequence[Any], collection: str) -> Sequence[Document]:
        with self._translated("read"), self._lock:
            rows = self._connection.execute(sql, values).fetchall()
        return [self._document(collection, *row) for row in rows]

    def _write(self, sql: str, values: Sequence[Any]) -> bool:
        """Run one statement; returns whether it changed a row."""
        with self._translated("write"), self._lock:
            return self._connection.execute(sql, values).rowcount > 0

    def _document(self, collection: str, id_: bytes, text: bytes, etag: bytes) -> Document:
        try:
            value = json.loads(text)
            if isinstance(value, dict):
                return Document(f"{collection}/{id_.decode()}", value, etag.decode())
        except ValueError:
            pass  # not JSON, or not even UTF-8
        raise HeadraceError(
            DOCUMENTS_UNREADABLE, f"A document of '{collection}' in {self._path} is damaged."
        )

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """Turn SQLite's errors into ours by their result code."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            for kind, reasons in (
                (DOCUMENTS_UNAVAILABLE, _UNAVAILABLE),
                (DOCUMENTS_UNREADABLE, _UNREADABLE),
            ):
                if code in reasons:
                    raise HeadraceError(
                        kind, f"Could not {doing} the documents file {self._path}: {reasons[code]}."
                    ) from error
            raise


def list_statement(*, beginning: bool, newest_first: bool) -> str:
    """What reads a page of a collection: the first, or one beyond an id."""
    order, beyond = ("DESC", "id < ?") if newest_first else ("ASC", "id > ?")
    return (
        "SELECT id, value, etag FROM documents WHERE collection = ?"  # noqa: S608 (our words)
        f" AND {'1' if beginning else beyond} ORDER BY id {order} LIMIT ?"
    )


def _connected(uri: str, patience: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri, uri=True, timeout=patience, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = bytes  # damaged text is ours to find and to tell
    return connection


def _make(path: Path) -> None:
    """Make the file complete under another name first: one that is seen is never half made."""
    make_directory(path.parent)
    # SQLite would play a log that was left behind into the new file.
    if path.with_name(f"{path.name}-wal").exists() and not path.exists():
        raise HeadraceError(
            DOCUMENTS_UNREADABLE, f"The documents file {path} is missing, but its log is there."
        )
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        # Write-ahead logging lets readers go on while a job writes; the file remembers it.
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_TABLE)
            connection.execute(_INDEX)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return  # another process was quicker, and its file is as good
        sync_directory(path.parent)
    finally:
        for leftover in ("", "-wal", "-shm"):
            draft.with_name(f"{draft.name}{leftover}").unlink(missing_ok=True)


def _encode(value: Mapping[str, Any]) -> str:
    return json.dumps(value, allow_nan=False)


def _new_etag() -> str:
    """Random, so that a document made again at the same path can't meet an old etag."""
    return secrets.token_hex(16)
