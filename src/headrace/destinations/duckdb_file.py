"""Opens a DuckDB file, and finds out why it can't be opened without reading DuckDB's prose."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

from headrace.destinations.disk import disk_errors
from headrace.errors import DESTINATION_LOCKED, DESTINATION_UNREADABLE, HeadraceError

Options = Mapping[str, str | bool | int | float | list[str]]

_SECONDS_BETWEEN_TRIES = 0.05


@contextmanager
def opened(
    file: Path, options: Options, *, read_only: bool, patience: float
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the file, closed at the end; a transaction that is open is rolled back.

    Tries for `patience` seconds while another process has the file. Raises DESTINATION_LOCKED,
    DESTINATION_UNREADABLE, DESTINATION_UNAVAILABLE and DESTINATION_FULL.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            connection = _open(file, options, read_only=read_only)
            break
        except HeadraceError as error:
            if error.kind is not DESTINATION_LOCKED or time.monotonic() >= deadline:
                raise
        time.sleep(_SECONDS_BETWEEN_TRIES)
    with closing(connection):
        yield connection


def _open(file: Path, options: Options, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(file, read_only=read_only, config=dict(options))
    except duckdb.ConnectionException as error:  # this process has it open in another way
        raise _locked(file) from error
    except duckdb.Error as error:
        raise _refusal(file, options, read_only=read_only) from error


def _refusal(file: Path, options: Options, *, read_only: bool) -> HeadraceError:
    """Look whether the file can be read while nobody may write it: if so, it was locked.

    Whoever had it may have let go by now, so that the lock alone tells nothing.
    """
    try:
        with disk_errors(f"Opening {file}"):
            handle = os.open(file, (os.O_RDONLY if read_only else os.O_RDWR) | os.O_CLOEXEC)
    except HeadraceError as error:
        return error
    try:
        # DuckDB locks the whole file with fcntl. A lock of the open file (fcntl(2), "Open file
        # description locks") heeds those, and stays when DuckDB closes handles of its own.
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_RDLCK, 0, 0, 0, 0))
        duckdb.connect(file, read_only=True, config=dict(options)).close()
        return _locked(file)
    except (BlockingIOError, duckdb.ConnectionException):
        return _locked(file)
    except duckdb.Error:
        return HeadraceError(
            DESTINATION_UNREADABLE,
            f"Opening {file} failed: it is damaged, not a DuckDB file, or was written by a newer "
            "version of DuckDB.",
        )
    finally:
        os.close(handle)


def _locked(file: Path) -> HeadraceError:
    return HeadraceError(DESTINATION_LOCKED, f"Opening {file} failed: another program has it open.")
