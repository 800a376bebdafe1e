"""Logs: one JSON object a line, as Cloud Logging reads them, with the run's and request's ids.

Fields follow "Structured logging" of Cloud Logging: `severity`, `message`, `time`.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

_context: ContextVar[Mapping[str, str]] = ContextVar(
    "headrace_log_context", default=MappingProxyType({})
)


@contextmanager
def log_context(**fields: str) -> Iterator[None]:
    """Add fields (run_id, source_id, table, request_id, …) to every line logged inside."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


# What their exceptions say is what a server said, and a stranger's server may say anything.
_DRIVERS = {"pg8000", "pymysql", "scramp"}


class JsonFormatter(logging.Formatter):
    """Turns a record into one line of JSON, in ASCII: nothing in it can steer a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "severity": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_context.get(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The traceback, without the words of drivers' exceptions."""
        return "\n".join(_told(ei[1])) if ei[1] else ""


def _told(error: BaseException) -> Iterator[str]:
    chain: list[BaseException] = []
    last: BaseException | None = error
    while last is not None and last not in chain:
        chain.append(last)
        last = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
    for one in reversed(chain):
        yield from (frame.rstrip("\n") for frame in traceback.format_tb(one.__traceback__))
        kind = type(one)
        of_driver = kind.__module__.partition(".")[0] in _DRIVERS
        yield f"{kind.__module__}.{kind.__qualname__}" + ("" if of_driver else f": {one}")
        if one is not error:
            yield "which led to:"


def configure(level: int = logging.INFO) -> None:
    """Send everything from `level` up to standard error; for entry points alone."""
    _send_to(logging.StreamHandler(sys.stderr), level)


def configure_file(path: Path, level: int = logging.INFO) -> None:
    """Append everything from `level` up to a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    _send_to(logging.FileHandler(path, encoding="utf-8"), level)


def _send_to(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
