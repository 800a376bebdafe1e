"""As much of Cloud Logging as the launcher reads (Cloud Logging API, v2), held in memory.

An entry is seen as soon as it is written, where Google's may take some seconds. Of the query
language it knows comparisons, AND, OR and parentheses.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from devservers.google.rest import Call, Json, RestError

Test = Callable[[Json], bool]

_TOKEN = re.compile(r'\s*(?:(AND|OR|[()])|((?:[\w-]+|"[^"]+")(?:\.(?:[\w-]+|"[^"]+"))*))')
_COMPARED = re.compile(r'\s*(>=|<=|=|>|<)\s*("(?:[^"\\]|\\.)*")')
_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "=": lambda stored, wanted: stored == wanted,
    ">": lambda stored, wanted: stored > wanted,
    "<": lambda stored, wanted: stored < wanted,
    ">=": lambda stored, wanted: stored >= wanted,
    "<=": lambda stored, wanted: stored <= wanted,
}
# What an agent takes out of a line that is a JSON object, and makes fields of the entry.
_SPECIAL = ("time", "severity")


class LogEntries:
    """The entries of all projects, of which a view shows those of its project."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Json] = []
        self.views: set[str] = set()

    def write(self, line: str, entry: Json) -> None:
        """What a container has printed, as Cloud Run's agent makes an entry of it."""
        payload: Json = {"textPayload": line}
        at, severity = None, None
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if isinstance(found, dict):
            at, severity = (found.pop(name, None) for name in _SPECIAL)
            payload = {"jsonPayload": found}
            if list(found) == ["message"]:
                payload = {"textPayload": found["message"]}
        written = {**entry, **payload, "timestamp": _stamp(at or datetime.now(UTC).isoformat())}
        if severity:
            written["severity"] = severity
        with self._lock:
            written["insertId"] = f"{len(self._entries):012x}"
            self._entries.append(written)

    def count(self, project: str) -> int:
        """How many entries a project has."""
        with self._lock:
            return sum(_project(one) == project for one in self._entries)

    def list(self, call: Call) -> Json:
        for name in call.body["resourceNames"]:
            if "/views/" in name and name not in self.views:
                raise RestError("NOT_FOUND", f"There is no view {name}.")
        if call.body.get("orderBy", "timestamp asc") != "timestamp asc":
            raise RestError("INVALID_ARGUMENT", "Only in this order.")
        projects = {name.split("/")[1] for name in call.body["resourceNames"]}
        wanted = parse(call.body.get("filter", ""))
        with self._lock:
            seen = [one for one in self._entries if _project(one) in projects]
            found = sorted(filter(wanted, seen), key=_place)
        start, size = int(call.body.get("pageToken") or 0), int(call.body.get("pageSize") or 50)
        end = start + min(size, 1000)
        page: Json = {"entries": found[start:end]} if found[start:end] else {}
        return {**page, "nextPageToken": str(end)} if end < len(found) else page


def parse(text: str) -> Test:
    """The filter as a test of an entry. Raises RestError."""
    test, rest = _either(text)
    if rest.strip():
        raise RestError("INVALID_ARGUMENT", f"Unparseable filter: {rest}")
    return test


def _either(text: str) -> tuple[Test, str]:
    tests = []
    while True:
        test, text = _all(text)
        tests.append(test)
        word = _TOKEN.match(text)
        if not word or word[1] != "OR":
            return lambda entry: any(one(entry) for one in tests), text
        text = text[word.end() :]


def _all(text: str) -> tuple[Test, str]:
    tests = []
    while True:
        test, text = _one(text)
        tests.append(test)
        word = _TOKEN.match(text)
        if not word or word[1] != "AND":
            return lambda entry: all(one(entry) for one in tests), text
        text = text[word.end() :]


def _one(text: str) -> tuple[Test, str]:
    word = _TOKEN.match(text)
    if word and word[1] == "(":
        test, rest = _either(text[word.end() :])
        end = _TOKEN.match(rest)
        if end and end[1] == ")":
            return test, rest[end.end() :]
    elif word and word[2] and (compared := _COMPARED.match(text, word.end())):
        path = [part.strip('"') for part in re.findall(r'[\w-]+|"[^"]+"', word[2])]
        return _compared(path, compared[1], json.loads(compared[2])), text[compared.end() :]
    raise RestError("INVALID_ARGUMENT", f"Unparseable filter: {text}")


def _compared(path: list[str], sign: str, wanted: str) -> Test:
    if path == ["timestamp"]:
        wanted = _stamp(wanted)

    def test(entry: Json) -> bool:
        stored: Any = entry
        for name in path:
            stored = stored.get(name) if isinstance(stored, dict) else None
        return isinstance(stored, str) and _COMPARISONS[sign](stored, wanted)

    return test


def _project(entry: Json) -> str:
    project: str = entry["resource"]["labels"]["project_id"]
    return project


def _place(entry: Json) -> tuple[str, str]:
    return entry["timestamp"], entry["insertId"]


def _stamp(text: str) -> str:
    """A time with nine digits after the second, so that sorting it as text sorts it by time."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}000Z"
