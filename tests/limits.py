"""Circumstances that the suite puts itself into: no rights, no room."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = 65534


@contextmanager
def unprivileged(directory: Path) -> Iterator[None]:
    """Inside, the directory can't be entered, not even by a suite that runs as root."""
    mode = directory.stat().st_mode & 0o777
    user = os.geteuid()
    directory.chmod(0o000)
    if user == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if user == 0:
            os.seteuid(user)
        directory.chmod(mode)


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Inside, this process can't write beyond `size` bytes of any file, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
