"""A disk's refusals as errors of a destination, told apart by errno."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headrace.errors import DESTINATION_FULL, DESTINATION_UNAVAILABLE, HeadraceError

# EFBIG: a file beyond the process's or the file system's limit.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Raise DESTINATION_FULL or DESTINATION_UNAVAILABLE for an OSError while `doing`.

    `doing` begins the sentence that the user reads: "Writing the staged file".
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise HeadraceError(
                DESTINATION_FULL, f"{doing} failed: the disk has no room left."
            ) from error
        reason = os.strerror(error.errno) if error.errno else "the file system gave no reason"
        raise HeadraceError(DESTINATION_UNAVAILABLE, f"{doing} failed: {reason}.") from error


def has_room(directory: Path, size: int) -> bool:
    """Whether a file of `size` bytes can be made in the directory now.

    For libraries that report a full disk in prose alone. The room is really taken, and given
    back: free blocks that statvfs counts may be closed to this process by a quota or a limit.
    """
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=directory) as probe:
        try:
            os.posix_fallocate(probe.fileno(), 0, max(size, 1))
        except OSError as error:
            return error.errno not in _FULL
    return True
