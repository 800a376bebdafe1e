"""Private files on this machine: only their owner may read them, and a crash never halves them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headrace.errors import SETTINGS_INVALID, HeadraceError


def local_path(url: str) -> Path:
    """The path of `scheme:///absolute/path`, taken literally: nothing in it is decoded.

    Raises SETTINGS_INVALID if the path is not absolute.
    """
    scheme, _, path = url.partition("://")
    if not path.startswith("/") or path == "/":
        raise HeadraceError(
            SETTINGS_INVALID,
            f"The setting '{url}' holds no absolute path; write it like {scheme}:///a/path.",
        )
    return Path(path)


def make_directory(path: Path) -> None:
    """Make the directory, and those above it, for its owner alone; what exists stays as it is."""
    if not path.parent.exists():
        make_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def made_private() -> Iterator[None]:
    """What is made inside, by any thread, is its owner's alone; for libraries that take no mode."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, against threads and processes alike; the file stays behind."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def replace(path: Path, content: bytes) -> None:
    """Put a file in place of another, durably; a reader sees the old one or the new one.

    The caller holds a lock: what a killed writer left beside the file is written over.
    """
    draft = _draft(path, content)
    draft.replace(path)
    sync_directory(path.parent)


def create(path: Path, content: bytes) -> None:
    """Make a file that must not exist yet, durably. Raises FileExistsError.

    The caller holds a lock, as for `replace`.
    """
    draft = _draft(path, content)
    try:
        path.hardlink_to(draft)  # unlike a rename, a link never takes another file's place
    finally:
        draft.unlink()
    sync_directory(path.parent)


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink()
        raise
    return draft


def sync_directory(path: Path) -> None:
    """Make what was created, renamed or removed in the directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
