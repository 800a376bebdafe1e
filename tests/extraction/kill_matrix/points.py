"""The points of the protocol: before and after each thing that a job writes or asks.

A point is named by the kind of thread, by what is done there and the how many-th time it is, so a
new write is a new point. The ports are wrapped, DuckDB's connections too; the interpreter tells of
files that are renamed or removed.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from headrace import services
from headrace.errors import DOCUMENTS_UNAVAILABLE, HeadraceError
from headrace.extraction import assist, chunk_runs, heartbeat, reading

_PORTS = {
    "documents": ("create", "replace", "delete"),
    "destination": ("checkpoints", "check", "staging", "keep", "publish", "discard"),
}
_FILES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir"}

# What these threads do comes by the clock, and not in any order.
CLOCKED = ("heartbeat: ", "renewal: ")

# Where a worker waits for the others to come.
_TURN = "worker: before documents.replace chunks"

# Where the points are written down, and at which of them the process meets what.
Fate = tuple[Path, str | None, signal.Signals | None]


class Points:
    """Writes down the points that the process comes to, in a file; at one of them comes its fate.

    That is a signal, or that no document can be reached any more.
    """

    def __init__(self, trail: Path, point: str | None, fate: signal.Signals | None) -> None:
        self._trail = trail.open("a")
        self._point, self._fate = point, fate
        self.without_documents = False
        self.pace = 0.0
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def at(self, when: str, what: str) -> None:
        place = f"{_role()}{when} {what}"
        if place == _TURN:
            time.sleep(self.pace)
        with self._lock:
            self._seen[place] += 1
            name = f"{place} ({self._seen[place]})"
            self._trail.write(f"{name}\n")
            self._trail.flush()
        if name == self._point and self._fate:
            # Sent to this very thread, which would else go on until another has heeded the signal.
            signal.pthread_kill(threading.get_ident(), self._fate)
        elif name == self._point:
            self.without_documents = True

    def around(self, what: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.at("before", what)
            result = work(*args, **kwargs)
            self.at("after", what)
            return result

        return watched


def _role() -> str:
    """The kind of thread that this is; the main thread's has no name."""
    if threading.current_thread() is threading.main_thread():
        return ""
    return f"{threading.current_thread().name.rstrip(' 0123456789')}: "


class Watched:
    """Anything, with points around some of what it does."""

    def __init__(self, inner: Any, doing: Callable[..., str | None], points: Points) -> None:
        self._inner, self._doing, self._points = inner, doing, points

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            what = self._doing(name, *args)
            return (self._points.around(what, value) if what else value)(*args, **kwargs)

        return call


class _Sink:
    """A staged file that is being written."""

    closed = False

    def __init__(self, inner: Any, points: Points) -> None:
        self._inner, self._points = inner, points

    def write(self, content: bytes) -> int:
        self._points.around("writing to a staged file", self._inner.write)(content)
        return len(content)

    def flush(self) -> None:
        self._inner.flush()

    def tell(self) -> int:
        return int(self._inner.tell())

    def close(self) -> None:
        if not self.closed:
            self._points.around("closing a staged file", self._inner.close)()
            self.closed = True


class _Files:
    """The file system of a staging place."""

    def __init__(self, inner: Any, points: Points) -> None:
        self._inner, self._points = inner, points

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def open_output_stream(self, path: str) -> Any:
        make = self._points.around("making a staged file", self._inner.open_output_stream)
        return pa.PythonFile(_Sink(make(path), self._points), mode="w")

    def open_input_file(self, path: str) -> Any:
        return self._points.around("looking into a staged file", self._inner.open_input_file)(path)


class _Destination(Watched):
    def staging(self, run_id: str) -> Any:
        staging = self.__getattr__("staging")(run_id)
        return type(staging)(_Files(staging.filesystem, self._points), staging.path)


def take_turns(points: Points, number: int) -> None:
    """Let several processes all come to read chunks, though there are few.

    What comes by the clock comes soon, and a dead process's chunks are free soon.
    """
    points.pace = 0.05 if number else 0.2  # the first one has its connection before the others
    chunk_runs.LEASE = timedelta(seconds=2)
    reading.RENEWAL_SECONDS = 0.2  # type: ignore[attr-defined]
    reading._TICK_SECONDS = 0.2
    reading._IDLE_SECONDS = 0.1
    assist._SECONDS = 0.02
    heartbeat._SECONDS = 0.1


def watch(points: Points) -> None:
    """Put the points into this process, which is to become a job."""
    open_port, connect = services.open_port, duckdb.connect

    def open_watched(name: str, *rest: Any) -> Any:
        port = open_port(name, *rest)
        kind = name.removeprefix("HEADRACE_").lower()
        if kind not in _PORTS:
            return port

        def doing(method: str, *args: Any) -> str | None:
            if kind == "documents" and points.without_documents:
                raise HeadraceError(DOCUMENTS_UNAVAILABLE, "The documents can't be reached.")
            if method not in _PORTS[kind]:
                return None
            where = f" {args[0].split('/')[-2]}" if kind == "documents" else ""
            return f"{kind}.{method}{where}"

        return (_Destination if kind == "destination" else Watched)(port, doing, points)

    def connect_watched(*args: Any, **kwargs: Any) -> Any:
        connection = connect(*args, **kwargs)
        if kwargs.get("read_only"):
            return connection
        return Watched(connection, _statement, points)

    def on_event(event: str, args: tuple[Any, ...]) -> None:
        if event in _FILES and isinstance(args[0], str | os.PathLike):
            points.at("before", f"{event} {_kind_of(Path(args[0]))}")

    services.open_port = open_watched  # type: ignore[assignment]
    duckdb.connect = connect_watched
    sys.addaudithook(on_event)


def _statement(method: str, *args: Any) -> str | None:
    if method == "close":
        return "closing the DuckDB file"
    if method != "execute" or args[0].startswith("SELECT"):
        return None
    return "DuckDB: " + " ".join(re.findall(r"[\w.]+", args[0])[:4])


def _kind_of(path: Path) -> str:
    """A path without what differs from run to run."""
    return path.suffix.lstrip(".") or "directory"
