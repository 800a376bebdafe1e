"""Logs that are files: what was appended line by line is read in pages, from a byte on."""

from __future__ import annotations

import os
from pathlib import Path

from headrace.errors import INVALID_INPUT, LOG_UNAVAILABLE, Field, HeadraceError
from headrace.run_log import LogLine, LogPage, LogQuery

# A longer line comes in pieces.
LINE_BYTES = 256 << 10
# What is read for one page, whatever is searched for and however long the log is.
PAGE_BYTES = 1 << 20


def read_page(path: Path, wanted: LogQuery, *, growing: bool) -> LogPage | None:
    """A page of the file; None if there is no such file.

    While it is `growing` a last line without its end is left for later. Raises LOG_UNAVAILABLE,
    and INVALID_INPUT if `wanted.after` is no place in the file.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            begin = at = _position(wanted.after, size)
            file.seek(begin)
            lines: list[LogLine] = []
            whole = True
            while whole and len(lines) < wanted.limit and at - begin < PAGE_BYTES:
                text = file.readline(LINE_BYTES)
                whole = text.endswith(b"\n") or len(text) == LINE_BYTES
                if not text or (growing and not whole):
                    break
                at += len(text)
                if wanted.takes(line := LogLine.of(text)):
                    lines.append(line)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unavailable("read", path, error) from error
    more = whole and at < size
    return LogPage(lines=tuple(lines), next_after=str(at) if growing or more else None, more=more)


def remove(path: Path) -> None:
    """Remove the file; absent is no error. Raises LOG_UNAVAILABLE."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _unavailable("removed", path, error) from error


def _unavailable(done: str, path: Path, error: OSError) -> HeadraceError:
    return HeadraceError(
        LOG_UNAVAILABLE, f"The log {path} can't be {done}: {os.strerror(error.errno or 0)}."
    )


def _position(after: str | None, size: int) -> int:
    if after is None:
        return 0
    if not (after.isascii() and after.isdecimal()) or int(after) > size:
        wrong = [Field("after", "is no place in this log")]
        raise HeadraceError(INVALID_INPUT, "The log can't be read from there.", fields=wrong)
    return int(after)
